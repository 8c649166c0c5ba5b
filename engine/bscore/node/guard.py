"""What outlives a killed agent: a tiny process that ends everything the agent's workers had started.

Loaded from its folder by an interpreter with nothing else (`-I -S`, see COMMAND), so that it begins at once.
On stdin come lines: `+pid start` for a worker that began, `-pid` once nothing of it can be left, `.` when the
agent ends in order. It acts when that was said, when stdin ends or when the agent is dead (a copy of the
pipe's other end may live on in a fork of the agent).
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # `signal` itself would take long to load its enums
import os
import select
import time

#: What its interpreter executes; the folder, the beginning of the agent's marks and the agent's pid follow.
COMMAND = "import sys; sys.path.append(sys.argv[1]); import guard; guard.main(*sys.argv[2:])"
#: In the environment of a worker and of whatever it starts: who has to end it.
MARK = b"BSCORE_WORKER"
#: After an agent's death: how long nothing may be found before it is over. Who was just being born or was
#: replacing its program shows its mark only a moment later.
_QUIET_S = 0.5
_MOST_S = 10.0
_PAUSE_S = 0.02


class State:
    """What /proc tells of a process; `start` (clock ticks since boot) tells two of one number apart."""

    __slots__ = ("group", "session", "start", "zombie")

    def __init__(self, fields: list[bytes]) -> None:
        self.zombie = fields[0] in (b"Z", b"X")
        self.group, self.session, self.start = int(fields[2]), int(fields[3]), int(fields[19])


def state_of(pid: int) -> State | None:
    """The state of a process; None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            # The name stands in parentheses and may hold any character.
            return State(file.read().rpartition(b")")[2].split())
    except (OSError, IndexError):
        return None


def mark_of(pid: int) -> bytes:
    """The mark in a process's environment; empty when it has none or it cannot be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb", buffering=0) as file:
            _, _, found = (b"\0" + file.readall()).partition(b"\0" + MARK + b"=")
    except OSError:
        return b""
    return found.partition(b"\0")[0]


class Guard:
    """Knows an agent's workers; ends them and all that is theirs. `prefix` begins their marks."""

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix
        self._starts: dict[int, int] = {}
        self._unread = b""
        self.in_order = False

    def read(self, fd: int) -> bool:
        """Take what stdin holds by now; True when no more will come."""
        while not self.in_order:
            try:
                data = os.read(fd, 1 << 16)
            except BlockingIOError:
                return False
            if not data:
                return True
            *lines, self._unread = (self._unread + data).split(b"\n")
            for line in lines:
                self._take(line)
        return True

    def _take(self, line: bytes) -> None:
        if line[:1] == b"+":
            pid, start = line[1:].split()
            self._starts[int(pid)] = int(start)
        elif line[:1] == b"-":
            self._starts.pop(int(line[1:]), None)
        else:
            self.in_order = True

    def _ours(self, pid: int) -> State | None:
        """The state of a process that lives and belongs to a worker; None for anybody else's."""
        state = state_of(pid)
        if state is None or state.zombie or pid == os.getpid():
            return None
        mark = mark_of(pid)
        if mark:
            return state if mark.startswith(self._prefix) else None
        return state if any(self._belongs(state, n) for n in (state.group, state.session)) else None

    def _belongs(self, state: State, leader: int) -> bool:
        """Whether this group or session is a worker's, not that of a later process of the same number."""
        start = self._starts.get(leader)
        if start is None or state.start < start:
            return False
        now = state_of(leader)
        return now is None or now.start == start

    def sweep(self) -> bool:
        """Kill all that can be found; whether there was anything."""
        found = False
        for name in os.listdir("/proc"):
            if name.isdigit() and self._ours(int(name)) is not None:
                found |= self._kill(int(name))
        return found

    def _kill(self, pid: int) -> bool:
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            return False
        try:
            # Looked at again: the descriptor is that of the process which has the number now.
            state = self._ours(pid)
            if state is None:
                return False
            if self._belongs(state, state.group):
                # All at once, so that none of them has time to start another.
                os.killpg(state.group, _signal.SIGKILL)
            _signal.pidfd_send_signal(pidfd, _signal.SIGKILL)
        except OSError:
            return False
        finally:
            os.close(pidfd)
        return True

    def finish(self) -> None:
        """Kill until nothing is found: once after an end in order, for a moment after a death."""
        began_s = quiet_since_s = time.monotonic()
        quiet_s = 0.0 if self.in_order else _QUIET_S
        while True:
            found, now_s = self.sweep(), time.monotonic()
            if found:
                quiet_since_s = now_s
            elif now_s - quiet_since_s >= quiet_s:
                return
            if now_s - began_s > _MOST_S:
                return
            time.sleep(_PAUSE_S)


def wait_for_the_end(guard: Guard, agent: int) -> None:
    """Listen until the agent ends or says so."""
    os.set_blocking(0, False)
    poll = select.poll()
    poll.register(0, select.POLLIN)
    try:
        pidfd = os.pidfd_open(agent)
        poll.register(pidfd, select.POLLIN)
    except OSError:
        pidfd = -1
    # Asked after the descriptor was opened: only so is it the agent's and no later process's.
    lives = os.getppid() == agent
    while lives:
        ready = poll.poll()
        lives = not guard.read(0) and not any(fd == pidfd for fd, _ in ready)
    guard.read(0)


def main(prefix: str, agent: str) -> None:
    """Guard the workers of the process `agent`, whose marks begin with `prefix`."""
    for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT):
        # It ends by itself, and after those it guards.
        _signal.signal(number, _signal.SIG_IGN)
    guard = Guard(os.fsencode(prefix))
    wait_for_the_end(guard, int(agent))
    guard.finish()
