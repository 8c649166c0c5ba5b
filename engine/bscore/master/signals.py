"""Ctrl-C and SIGTERM: the first cancels in order, the second ends at once."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any, Self


class Stops:
    """Counts SIGINT, SIGTERM and SIGHUP while it is entered; `fileno` is readable after one."""

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.count = 0
        self.by = ""
        self._before: dict[int, Any] = {}
        self._read_fd, self._write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def fileno(self) -> int:
        """A descriptor to wait for."""
        return self._read_fd

    def __enter__(self) -> Self:
        for number in self._SIGNALS:
            self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        os.close(self._read_fd)
        os.close(self._write_fd)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self.by = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        os.write(self._write_fd, b".")

    def drain(self) -> None:
        """Forget that the descriptor was readable."""
        try:
            os.read(self._read_fd, 4096)
        except BlockingIOError:
            return
