"""What this process promises its agent: not to outlive it, to show its stacks, to leave Ctrl-C alone."""

from __future__ import annotations

import faulthandler
import os
import signal

STACKS_SIGNAL = signal.SIGUSR1
_PR_SET_PDEATHSIG = 1


def protect(agent_pid: int, stacks_fd: int) -> None:
    """Set all of it up; ends the process at once where the agent is already gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_inheritable(stacks_fd, False)
    faulthandler.enable(file=stacks_fd, all_threads=True)
    faulthandler.register(STACKS_SIGNAL, file=stacks_fd, all_threads=True, chain=False)
    _die_with_parent()
    # The agent may have died before the kernel was told; then nobody will send the signal.
    if os.getppid() != agent_pid:
        os._exit(1)


def _die_with_parent() -> None:
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        # An interpreter without ctypes, or no Linux: the control thread still notices.
        return


def shows_stacks() -> bool:
    """Whether the stacks signal is still ours; a script may have taken it."""
    return signal.getsignal(STACKS_SIGNAL) is signal.SIG_DFL
