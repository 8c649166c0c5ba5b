"""A child that leads a process group of its own: it is ended whole, also when this process is told to end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

_STOP_WITHIN_S = 5.0
_LOOK_S = 0.02
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def end_group(process: subprocess.Popen[Any]) -> None:
    """End the leader and all that is left of its group: asked first, killed after 5 s, then reaped."""
    try:
        _kill(process, signal.SIGTERM)
        limit_s = time.monotonic() + _STOP_WITHIN_S
        # Until the leader is reaped its number, which is the group's too, cannot belong to others.
        while _is_alive(process) and time.monotonic() < limit_s:
            time.sleep(_LOOK_S)
    finally:
        _kill(process, signal.SIGKILL)
        process.wait()


def _kill(process: subprocess.Popen[Any], number: signal.Signals) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def _is_alive(process: subprocess.Popen[Any]) -> bool:
    if process.returncode is not None:
        return False
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None
    except ChildProcessError:
        return False


@contextlib.contextmanager
def signals_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt inside, once, where they would end the process at once.

    Handlers of a caller stay, and so does a SIGHUP that is ignored (`nohup`). In another thread than the
    main one nothing changes.
    """
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            raise KeyboardInterrupt

    ours: list[signal.Signals] = []
    try:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is signal.SIG_DFL:
                    ours.append(number)
                    signal.signal(number, interrupt)
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
