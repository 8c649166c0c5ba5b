"""What this process promises its agent: not to outlive it, to show its stacks, to leave Ctrl-C alone."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
from fcntl import F_DUPFD_CLOEXEC, fcntl

STACKS_SIGNAL = signal.SIGUSR1
#: In the environment of a worker and of all that it starts: whose it is.
MARK = "BSCORE_WORKER"
_PR_SET_PDEATHSIG = 1

# A script may have a module of this name beside it.
del sys.modules["resource"]

#: Numbers kept free of our descriptors below each limit, and the table of descriptors that is still cheap.
_SPARE = 64
_LARGEST_TABLE = 1 << 14


def out_of_reach(fd: int) -> int:
    """Move a descriptor to a number that `os.closerange` and a library's clean-up hardly ever reach.

    Above what the process may open where the system allows that, else just below; closed on exec.
    """
    which = resource.RLIMIT_NOFILE
    soft, hard = resource.getrlimit(which)
    try:
        if 0 < soft <= _LARGEST_TABLE and (hard == resource.RLIM_INFINITY or hard >= soft + _SPARE):
            resource.setrlimit(which, (soft + _SPARE, hard))
            try:
                moved = fcntl(fd, F_DUPFD_CLOEXEC, soft)
            finally:
                resource.setrlimit(which, (soft, hard))
        else:
            moved = fcntl(fd, F_DUPFD_CLOEXEC, _below(soft, _LARGEST_TABLE))
    except (OSError, ValueError):
        # Nothing but the number differs.
        os.set_inheritable(fd, False)
        return fd
    os.close(fd)
    return moved


def reachable(fd: int) -> int:
    """A second number for a descriptor that a script may ask for, use and close; closed on exec.

    High, so that it is not soon taken again, and low enough for select().
    """
    try:
        return fcntl(fd, F_DUPFD_CLOEXEC, _below(os.sysconf("SC_OPEN_MAX"), 1024))
    except (OSError, ValueError):
        return os.dup(fd)


def _below(limit: int, most: int) -> int:
    return max(3, (min(limit, most) if limit > 0 else most) - _SPARE)


def protect(agent_pid: int, stacks_fd: int) -> None:
    """Set all of it up; ends the process at once where the agent is already gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable(file=stacks_fd, all_threads=True)
    faulthandler.register(STACKS_SIGNAL, file=stacks_fd, all_threads=True, chain=False)
    die_with(agent_pid)


def die_with(agent_pid: int) -> None:
    """Be killed when the agent, this process's parent, ends; at once where it is gone."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        # An interpreter without ctypes, or no Linux: the control thread still notices.
        pass
    # The agent may have died before the kernel was told; then nobody will send the signal.
    if os.getppid() != agent_pid:
        os._exit(1)


def shows_stacks() -> bool:
    """Whether the stacks signal is still ours; a script may have taken it."""
    return signal.getsignal(STACKS_SIGNAL) is signal.SIG_DFL
