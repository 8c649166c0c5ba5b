"""Ctrl-C, SIGTERM and a lost terminal: the first cancels in order, the second ends at once."""

from __future__ import annotations

import os
import select
import signal
import threading
from types import FrameType
from typing import Any, Self


class Stops:
    """Counts SIGINT, SIGTERM and SIGHUP while it is entered; `fileno` is readable after one.

    A SIGHUP that is ignored already (`nohup`) stays so. Further ones do not count: of one lost terminal the
    kernel and the shell tell each by themselves.

    Only the main thread may handle signals: entered in another one it leaves them alone.
    """

    _SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.count = 0
        self._drained = 0
        self.by = ""
        self._first = ""
        self._hung_up = False
        self._before: dict[int, Any] = {}
        self._read_fd, self._write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def fileno(self) -> int:
        """A descriptor to wait for."""
        return self._read_fd

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in self._SIGNALS:
                if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                    continue
                self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            # None: somebody else's C code handled it, which Python cannot bring back.
            signal.signal(number, signal.SIG_DFL if before is None else before)
        os.close(self._read_fd)
        os.close(self._write_fd)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        if number == signal.SIGHUP and self._hung_up:
            return
        self._hung_up = self._hung_up or number == signal.SIGHUP
        self.count += 1
        self.by, self._first = name, self._first or name
        os.write(self._write_fd, b".")

    @property
    def words(self) -> str:
        """Who ended it at once."""
        return f"a second {self.by}" if self.by == self._first else f"{self.by} after {self._first}"

    def sleep(self, seconds: float) -> None:
        """Sleep before there is a run that could be canceled. Raises KeyboardInterrupt when asked to stop."""
        select.select([self._read_fd], [], [], seconds)
        if self.count:
            raise KeyboardInterrupt

    def drain(self) -> None:
        """Forget that the descriptor was readable."""
        if self._drained == self.count:
            return
        self._drained = self.count
        try:
            os.read(self._read_fd, 4096)
        except BlockingIOError:
            return
