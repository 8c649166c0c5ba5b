"""The template process of a node, as its agent knows it: imports once what the script imports, forks workers.

Asked for one worker at a time. Where it refuses, dies or takes too long, the agent's log says why, and
workers are started by exec.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from bscore.logtree import paths
from bscore.node.bootstrap import TEMPLATE, worker_package
from bscore.node.desk import Desk
from bscore.node.worker_process import Ends, worker_environment
from bscore.spec.within import open_within

#: Modules that must not be imported before a fork, each with the variable under which it may be.
#: onnxruntime from 1.30 on starts a thread and opens a database when it is imported, unless told not to;
#: the others take the GPU, the cluster's network or Python's sockets at import.
EXCLUDED: Mapping[str, str] = {
    "onnxruntime": "ORT_DISABLE_TELEMETRY",
    "cudf": "",
    "cuml": "",
    "cupy": "",
    "eventlet": "",
    "gevent": "",
    "mpi4py": "",
    "pycuda": "",
    "pyspark": "",
    "ray": "",
    "rmm": "",
}
_ANSWER_BYTES = 1 << 16


class Template:
    """A started template process.

    `listen` and `unlisten` put a descriptor into the agent's selector and take it out again. `answered` is
    told of each worker that was forked (its pid), of the end of the imports (0), and of the template's own
    end or refusal (a text). Raises OSError where the interpreter cannot be started.
    """

    def __init__(
        self,
        desk: Desk,
        mark: str,
        listen: Callable[[int, Callable[[int], None]], None],
        unlisten: Callable[[int], None],
        answered: Callable[[int | str], None],
    ) -> None:
        self._desk = desk
        self._unlisten, self._answered = unlisten, answered
        self.begun_ns = desk.clock.monotonic_ns()
        self.ready = False
        setup = desk.setup
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [
            setup.interpreter,
            "-c",
            TEMPLATE,
            worker_package(),
            str(theirs.fileno()),
            str(os.getpid()),
        ]
        try:
            output = self._open(paths.template_log(setup.node))
        except BaseException:
            self._socket.close()
            theirs.close()
            raise
        try:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                cwd=setup.spool,
                env=worker_environment(setup, mark),
            )
        except BaseException:
            self._socket.close()
            raise
        finally:
            theirs.close()
            os.close(output)
        self._pidfd = os.pidfd_open(self._popen.pid)
        listen(self._pidfd, self._died)
        listen(self._socket.fileno(), self._hear)
        self._tell(
            {
                "code": setup.code,
                "script": setup.script,
                "logging_level": setup.logging_level,
                "excluded": dict(EXCLUDED),
            }
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._popen.pid

    def fork(self, ends: Ends, environment: Mapping[str, str], mark: str) -> None:
        """Ask for a worker with these descriptors; `environment` is what it has beyond the template's."""
        request = {"folder": ends.folder, "environment": dict(environment), "mark": mark}
        self._tell(request, ends.handed)
        ends.close_handed()

    def end(self) -> None:
        """Kill and reap it."""
        for fd in (self._pidfd, self._socket.fileno()):
            self._unlisten(fd)
        os.close(self._pidfd)
        self._socket.close()
        self._popen.kill()
        self._popen.wait()

    def _open(self, name: str) -> int:
        return open_within(self._desk.setup.tree, name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def _tell(self, request: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], fds)
        except OSError:
            # It is dead, which its pidfd says in a moment.
            return

    def _hear(self, mask: int) -> None:
        if not self._read() and mask & (select.EPOLLHUP | select.EPOLLERR) and self._socket.fileno() >= 0:
            self._unlisten(self._socket.fileno())

    def _read(self) -> bool:
        """Take in one message; False where none is there, or where it has ended us."""
        try:
            data = self._socket.recv(_ANSWER_BYTES, socket.MSG_DONTWAIT)
        except OSError:
            return False
        if data:
            self._take(_parsed(data))
        return bool(data)

    def _take(self, answer: tuple[list[str], float] | int | str) -> None:
        if isinstance(answer, tuple):
            self.ready = True
            self._desk.say("INFO", self._words(*answer))
            answer = 0
        self._answered(answer)

    def _words(self, modules: list[str], seconds: float) -> str:
        tops = sorted({name.partition(".")[0] for name in modules})
        shown = ", ".join(tops[:12]) + (f" and {len(tops) - 12} more" if len(tops) > 12 else "")
        return (
            f"Workers are forked from a template process (pid {self.pid}), which imported "
            f"{shown or 'nothing'} in {seconds:.2f} seconds."
        )

    def _died(self, _mask: int) -> None:
        while self._read():
            # What it said before it ended: it may have refused.
            continue
        when = "" if self.ready else " during its imports"
        self._answered(f"it ended{when}")


def _parsed(data: bytes) -> tuple[list[str], float] | int | str:
    """A message: the modules imported and the seconds that took, a worker's pid, or why there is none."""
    try:
        answer = json.loads(data)
        if "ready" in answer:
            return [str(name) for name in answer["ready"]], float(answer["seconds"])
        if "pid" in answer:
            return int(answer["pid"])
        return str(answer["refused"]) if "refused" in answer else f"it could not fork ({answer['error']})"
    except (ValueError, KeyError, TypeError) as error:
        return f"it sent something that is not a message ({type(error).__name__})"
