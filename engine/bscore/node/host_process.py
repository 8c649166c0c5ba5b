"""What agents change of the process they live in, put back when the last of them has ended.

It may be a notebook's kernel, which goes on for days: child subreaper, and the soft limit of descriptors.
"""

from __future__ import annotations

import ctypes
import resource
import threading
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37
#: Five descriptors per worker: the usual soft limit of 1024 would end at two hundred of them.
_DESCRIPTORS = 16384


class _Host:
    """How it was before the first agent, and how many live now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._agents = 0
        self._adopts = False
        self._adopted_before = True
        self._soft_before: int | None = None

    def enter(self) -> bool:
        """For one more agent; whether orphaned descendants of this process are adopted."""
        with self._lock:
            self._agents += 1
            if self._agents == 1:
                self._soft_before = _raise_descriptors()
                self._adopted_before = _is_subreaper()
                self._adopts = self._adopted_before or _set_subreaper(True)
            return self._adopts

    def leave(self) -> None:
        """For an agent that has ended."""
        with self._lock:
            self._agents -= 1
            if self._agents:
                return
            if not self._adopted_before:
                _set_subreaper(False)
            if self._soft_before is not None:
                with suppress(OSError, ValueError):
                    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
                    resource.setrlimit(resource.RLIMIT_NOFILE, (self._soft_before, hard))


def _set_subreaper(on: bool) -> bool:
    try:
        return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def _is_subreaper() -> bool:
    found = ctypes.c_int(0)
    try:
        asked = ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(found), 0, 0, 0)
    except (OSError, AttributeError):
        return False
    return asked == 0 and bool(found.value)


def _raise_descriptors() -> int | None:
    """Raise the soft limit; what it was, None where it stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return None
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return soft


HOST = _Host()
