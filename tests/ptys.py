"""A program on a pseudo-terminal, and what a person would see there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping

import pyte


class Terminal:
    """Runs `python -m …` on a pty of a given size; `raw` are all bytes it sent."""

    def __init__(
        self, arguments: list[str], environ: Mapping[str, str], size: tuple[int, int] = (80, 24)
    ) -> None:
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, "-m", *arguments], dict(environ))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    @property
    def text(self) -> str:
        """What is seen."""
        return "\n".join(row.rstrip() for row in self.screen.display)

    def read(self, seconds: float) -> int:
        """Take what comes within so many seconds; how many bytes."""
        before = len(self.raw)
        until_s = time.monotonic() + seconds
        while (rest_s := until_s - time.monotonic()) > 0 and select.select([self.fd], [], [], rest_s)[0]:
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                break
            self.raw += data
            self._stream.feed(data)
        return len(self.raw) - before

    def until(self, true: Callable[[str], bool], seconds: float = 20.0) -> None:
        """Wait until something can be seen."""
        until_s = time.monotonic() + seconds
        while not true(self.text):
            if time.monotonic() > until_s:
                raise AssertionError(f"it never came:\n{self.text}")
            self.read(0.05)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.fd, keys.encode())

    def wait(self, seconds: float = 20.0) -> int:
        """The exit code of a program that is about to end."""
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        raise AssertionError(f"it did not end:\n{self.text}")

    def close(self) -> None:
        """End the program if it still runs."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
