"""The agent's end of its guard: starts it, tells it of workers, starts another when it dies."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bscore.node import guard

#: Where so many have died within so long, the next one comes no sooner than the next worker.
_MOST_DEATHS = 10
_DEATHS_WITHIN_S = 10.0
_WAIT_S = 3.0
#: The only variable that an interpreter without site-packages may need, to find its own library.
_NEEDED = "LD_LIBRARY_PATH"


class Guarding:
    """One guard per agent. `prefix` begins the marks of its workers, `say` writes to the agent's log.

    `listen` and `unlisten` put a descriptor into the agent's selector and take it out again.
    """

    def __init__(
        self,
        prefix: str,
        say: Callable[[str, str], None],
        listen: Callable[[int, Callable[[int], None]], None],
        unlisten: Callable[[int], None],
    ) -> None:
        self._prefix = prefix
        self._say, self._listen, self._unlisten = say, listen, unlisten
        self._starts: dict[int, int] = {}
        self._popen: subprocess.Popen[bytes] | None = None
        self._pidfd = self._pipe = -1
        self._unsent = bytearray()
        self._deaths_s: deque[float] = deque(maxlen=_MOST_DEATHS)

    def pids(self) -> set[int]:
        """The guard's process id, if there is one: it is no leftover."""
        return set() if self._popen is None else {self._popen.pid}

    def expect(self, pid: int) -> None:
        """A worker has started."""
        state = guard.state_of(pid)
        if state is None:
            return
        self._starts[pid] = state.start
        if self._popen is None:
            self._start()
        else:
            self._tell(b"+%d %d\n" % (pid, state.start))

    def forget(self, pid: int) -> None:
        """Nothing of this worker can be left any more."""
        if self._starts.pop(pid, None) is not None:
            self._tell(b"-%d\n" % pid)

    def release(self) -> None:
        """The agent ends in order: let the guard look once more, and end."""
        self._tell(b".\n")

    def wait(self) -> None:
        """Wait until the guard has ended, which takes one look at the processes of this machine."""
        if self._popen is None:
            return
        ended = select.poll()
        ended.register(self._pidfd, select.POLLIN)
        if not ended.poll(_WAIT_S * 1000):
            self._say("WARNING", f"The guard (pid {self._popen.pid}) did not end by itself.")
            self._popen.kill()
        self._bury()

    def _start(self) -> None:
        theirs, self._pipe = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._pipe, False)
        self._unsent.clear()
        # Said before it begins: the agent may be killed as soon as there is a guard.
        self._tell(b"".join(b"+%d %d\n" % worker for worker in self._starts.items()))
        folder = str(Path(guard.__file__).parent)
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", guard.COMMAND, folder, self._prefix, str(os.getpid())],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                env={_NEEDED: os.environ[_NEEDED]} if _NEEDED in os.environ else {},
            )
        except OSError as error:
            os.close(self._pipe)
            self._pipe = -1
            self._say("WARNING", f"The guard could not be started: {error}. {_WITHOUT}")
            return
        finally:
            os.close(theirs)
        self._pidfd = os.pidfd_open(self._popen.pid)
        self._listen(self._pidfd, self._died)

    def _tell(self, line: bytes) -> None:
        """Never waits: what a guard that stands still does not take is sent with the next line."""
        if self._pipe < 0:
            return
        self._unsent += line
        # What goes to one that has died is told to its successor.
        with suppress(BlockingIOError, BrokenPipeError):
            while self._unsent:
                del self._unsent[: os.write(self._pipe, self._unsent)]

    def _died(self, _mask: int) -> None:
        code, now_s = self._bury(), time.monotonic()
        self._deaths_s.append(now_s)
        if len(self._deaths_s) == _MOST_DEATHS and now_s - self._deaths_s[0] < _DEATHS_WITHIN_S:
            self._say("WARNING", f"The guard ended with returncode {code}, again and again. {_WITHOUT}")
            return
        self._say("WARNING", f"The guard ended with returncode {code}; it is started again.")
        self._start()

    def _bury(self) -> int:
        assert self._popen is not None
        self._unlisten(self._pidfd)
        code = self._popen.wait()
        os.close(self._pidfd)
        os.close(self._pipe)
        self._popen, self._pidfd, self._pipe = None, -1, -1
        return code


_WITHOUT = "If this agent is killed, what scripts have started may stay behind."
