"""What a dead worker left behind: found among the agent's adopted children, ended and reaped.

As child subreaper the agent inherits every orphan of its workers. Whose it is shows in three ways: its
process group, its session, or the mark in its environment (for one that took a session of its own). Children
of this process that are none of these are somebody else's and left alone.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bscore.node.guard import mark_of, state_of

#: How long after a death orphans are looked for: those whose parent is killed first appear later.
_LOOK_FOR_NS = 3_000_000_000
_LOOK_EVERY_NS = 50_000_000
_TIDY_EVERY_NS = 1_000_000_000


def children() -> list[int]:
    """Every child of this process, zombies too."""
    found: list[int] = []
    pid = os.getpid()
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found.extend(map(int, file.read().split()))
        except OSError:
            continue
    return found


@dataclass(slots=True)
class _Search:
    """One dead worker: its process id (group and session), its mark, and until when to look."""

    pid: int
    mark: bytes
    until_ns: int


class Leftovers:
    """Ends what dead workers left, a little at each call; `over` is told of each whose search has ended."""

    def __init__(self, over: Callable[[int], None]) -> None:
        self._over = over
        self._searches: list[_Search] = []
        self._next_ns = 0
        self._killed: set[int] = set()
        self._sessions: set[int] = set()
        self._next_tidying_ns = 0

    def expect(self, pid: int) -> None:
        """A worker has started: its process number is the session of most of what it starts."""
        self._sessions.add(pid)

    def tidy(self, now_ns: int, living: set[int]) -> None:
        """Once a second: reap the orphans that ended by themselves, which else stay as zombies."""
        if now_ns < self._next_tidying_ns:
            return
        self._next_tidying_ns = now_ns + _TIDY_EVERY_NS
        for child in children():
            if child in living:
                continue
            state = state_of(child)
            if state is not None and state.zombie and state.session in self._sessions:
                with suppress(ChildProcessError):
                    os.waitpid(child, os.WNOHANG)

    def look_for(self, pid: int, mark: str, now_ns: int) -> None:
        """A worker has died: look for its orphans from now on."""
        self._searches.append(_Search(pid, os.fsencode(mark), now_ns + _LOOK_FOR_NS))
        self._next_ns = now_ns

    def busy(self) -> bool:
        """Whether `work` has to be called again soon."""
        return bool(self._searches or self._killed)

    def work(self, now_ns: int, living: set[int]) -> int:
        """Kill and reap what is found; `living` are the workers. Returns how many were killed now."""
        self._reap()
        if now_ns < self._next_ns or not self._searches:
            return 0
        self._next_ns = now_ns + _LOOK_EVERY_NS
        killed = 0
        for child in children():
            if child in living or child in self._killed or not self._is_left(child):
                continue
            killed += self._kill(child)
        for search in [search for search in self._searches if now_ns >= search.until_ns]:
            self._searches.remove(search)
            self._over(search.pid)
        self._reap()
        return killed

    def finish(self, living: set[int]) -> None:
        """Look until two looks find nothing, for three seconds at most; for the end of the agent."""
        quiet = 0
        deadline_ns = time.monotonic_ns() + _LOOK_FOR_NS
        while quiet < 2 and time.monotonic_ns() < deadline_ns:
            self._next_ns = 0
            found = self.work(time.monotonic_ns(), living)
            quiet = 0 if found or self._killed else quiet + 1
            time.sleep(0.01)

    def _kill(self, child: int) -> int:
        try:
            os.kill(child, signal.SIGKILL)
        except ProcessLookupError:
            return 0
        self._killed.add(child)
        return 1

    def _reap(self) -> None:
        for child in list(self._killed):
            try:
                if os.waitpid(child, os.WNOHANG)[0]:
                    self._killed.discard(child)
            except ChildProcessError:
                self._killed.discard(child)

    def _is_left(self, child: int) -> bool:
        state = state_of(child)
        if state is None:
            return False
        mark = mark_of(child)
        return any(s.pid in (state.group, state.session) or s.mark == mark for s in self._searches)
