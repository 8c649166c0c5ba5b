"""sys.stdout, sys.stderr and root logging of the script, written to the files the agent opened.

UTF-8 with backslashes for what is none, flushed per line. Bytes are counted, because a print carries no time:
each answer says how far each file had got.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import Any, Optional, Tuple

from bscore_worker.warned import Warned


class CountedFile(io.RawIOBase):
    """An inherited descriptor that counts what goes through it; closing it leaves the descriptor open."""

    def __init__(self, fd: int, name: str) -> None:
        super().__init__()
        self._fd = fd
        self.name = name
        self.mode = "wb"
        self.written = 0
        self.resync()

    def resync(self) -> None:
        """Count what others wrote as well (sub-processes that were given this descriptor)."""
        self.written = os.fstat(self._fd).st_size

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """The descriptor itself, for sub-processes."""
        return self._fd

    def write(self, data: Any) -> int:
        """Write what the kernel takes at once."""
        count = os.write(self._fd, data)
        self.written += count
        return count


def _text(raw: CountedFile) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", newline="\n", line_buffering=True
    )


class Streams:
    """The three user files of a worker."""

    def __init__(self, stdout_fd: int, stderr_fd: int, log_fd: int) -> None:
        self._raw_out = CountedFile(stdout_fd, "<stdout>")
        self._raw_err = CountedFile(stderr_fd, "<stderr>")
        self._raw_log = CountedFile(log_fd, "<entry script log>")
        self._out = _text(self._raw_out)
        self._err = _text(self._raw_err)
        #: For EntryScript().logger.
        self.log = _text(self._raw_log)
        self._warned: Optional[Warned] = None

    def install(self, level: str, warned: Optional[Warned] = None) -> None:
        """Put them in the place of sys.stdout and sys.stderr, give root logging a handler, count warnings."""
        sys.stdout, sys.stderr = self._out, self._err
        # A stream of its own: a script that closes or replaces sys.stdout must not silence logging.
        handler = logging.StreamHandler(_text(self._raw_out))
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(getattr(logging, level.upper(), logging.INFO))
        self._warned = warned
        if warned is not None:
            warned.install()

    def settle(self) -> None:
        """Nothing more will be written: flush, and say which warnings there were."""
        self.reached(exactly=False)
        if self._warned is not None:
            self._warned.say(last=True)

    def reached(self, exactly: bool) -> Tuple[int, int, int]:
        """Bytes in stdout, stderr and log so far; `exactly` asks the kernel, which costs a few us."""
        for text in (self._out, self._err):
            try:
                text.flush()
            except (ValueError, OSError):
                # Closed by the script, or the disk is full: neither may fail the mini-batch.
                continue
        if exactly:
            self._raw_out.resync()
            self._raw_err.resync()
            self._raw_log.resync()
        return self._raw_out.written, self._raw_err.written, self._raw_log.written
