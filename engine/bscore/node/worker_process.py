"""A worker as the kernel knows it: started in a session of its own, watched by pidfd, killed whole.

Started by the thread that calls, which must live as long as the agent: the kernel kills a worker when the
THREAD that started it ends (PR_SET_PDEATHSIG, set by the worker itself before anything else).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bscore.logtree import paths
from bscore.node import model_layout
from bscore.node.bootstrap import BOOTSTRAP, worker_package
from bscore.node.gpus import NO_DEVICES
from bscore.node.guard import MARK
from bscore.node.messages import AgentSetup
from bscore.spec.regular import open_regular


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: one of exit code and signal, and the processor time it had used."""

    exit_code: int | None
    signal: int | None
    cpu_ns: int


@dataclass(slots=True)
class WorkerProcess:
    """A started worker process; `mark` stands in the environment of everything it starts."""

    pid: int
    pidfd: int
    mark: str
    popen: subprocess.Popen[bytes]
    main: socket.socket
    control: socket.socket
    stacks_fd: int
    user_fds: tuple[int, int, int]

    def kill(self) -> None:
        """SIGKILL to its process group. Only before `reap`: until then its number is its own."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            # Not yet a group leader, or the leader left its group.
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def show_stacks(self) -> None:
        """Ask the worker's faulthandler for the stacks of all threads; they come over `stacks_fd`."""
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGUSR1)
        except ProcessLookupError:
            return

    def reap(self) -> Ended:
        """Take the exit status of a process that has ended, and end what is left of its group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        _pid, status, usage = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self.popen.returncode = code
        cpu_ns = int((usage.ru_utime + usage.ru_stime) * 1e9)
        return Ended(code, None, cpu_ns) if code >= 0 else Ended(None, -code, cpu_ns)

    def close(self) -> None:
        """Close the agent's descriptors that no link owns."""
        os.close(self.pidfd)
        os.close(self.stacks_fd)


def working_folder(setup: AgentSetup, process: str) -> Path:
    """The folder a worker starts in; its own, so that relative files of two workers never meet."""
    return Path(setup.spool) / "work" / setup.node / process


def start(
    setup: AgentSetup, process: str, mark: str, devices: Mapping[str, str] = NO_DEVICES
) -> WorkerProcess:
    """Start the interpreter; `devices` are variables that name its GPU. Raises OSError when that fails."""
    ours, theirs = socket.socketpair()
    control, their_control = socket.socketpair()
    stacks_fd, their_stacks = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(stacks_fd, False)
    kept = (ours, control)
    try:
        with _files(setup, process) as (raw_out, raw_err, *user), theirs, their_control:
            fds = [theirs.fileno(), their_control.fileno(), their_stacks]
            popen = subprocess.Popen(
                [setup.interpreter, "-c", BOOTSTRAP, worker_package(), *map(str, fds), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=raw_out,
                stderr=raw_err,
                pass_fds=(*fds, *user),
                start_new_session=True,
                cwd=made_working_folder(setup, process),
                env=worker_environment(setup, mark, devices),
            )
    except BaseException:
        for end in kept:
            end.close()
        os.close(stacks_fd)
        raise
    finally:
        os.close(their_stacks)
    pidfd = os.pidfd_open(popen.pid)
    return WorkerProcess(popen.pid, pidfd, mark, popen, ours, control, stacks_fd, (user[0], user[1], user[2]))


def worker_setup(
    setup: AgentSetup, process: str, spool: str, user_fds: tuple[int, int, int]
) -> dict[str, object]:
    """What a worker is told first; builtins only."""
    return {
        "stdout_fd": user_fds[0],
        "stderr_fd": user_fds[1],
        "log_fd": user_fds[2],
        "code": setup.code,
        "script": setup.script,
        "function": _function_file(setup),
        "blocks": setup.blocks,
        "typed_rows": setup.typed_rows,
        "arguments": _arguments(setup),
        "logging_level": setup.logging_level,
        "append_row": setup.append_row,
        "header": setup.dataframe_header,
        "to_csv": dict(setup.to_csv),
        "retry_short": setup.limits.retry_short_returns,
        "spool": spool,
        "process": process,
        "output": setup.output,
        "log_file": str(Path(setup.tree, paths.entry_script_log(setup.node, process)).absolute()),
        "profiling_module": setup.profiling_module,
        "profile": str(Path(setup.tree, paths.profile(setup.node, process)).absolute()),
    }


def _function_file(setup: AgentSetup) -> str:
    """The functions in a file of this node, written once: all its workers read the same pages.

    An agent that works on the job's own directory finds them there.
    """
    if not setup.function:
        return ""
    own = Path(setup.tree, paths.FUNCTION).absolute()
    if own.exists() and own.stat().st_size == len(setup.function):
        return str(own)
    path = Path(setup.spool, "function.dill").absolute()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(setup.function)
        fresh.replace(path)
    return str(path)


def _arguments(setup: AgentSetup) -> list[str]:
    """sys.argv holds the runtime's own arguments too (reference 1.15); a job that was resolved has them."""
    level = ["--logging_level", setup.logging_level]
    return [*([] if level[0] in setup.arguments else level), *setup.arguments]


def made_working_folder(setup: AgentSetup, process: str) -> Path:
    """The folder, made, with the model where `Model.get_model_path` looks for it. Raises OSError."""
    folder = working_folder(setup, process)
    folder.mkdir(parents=True, exist_ok=True)
    model_layout.lay_out(setup, folder)
    return folder


@contextmanager
def _files(setup: AgentSetup, process: str) -> Iterator[list[int]]:
    """Descriptors 1 and 2, then the three user files, opened for the worker and closed here afterwards."""
    names = [
        make(setup.node, process)
        for make in (
            paths.raw_stdout,
            paths.raw_stderr,
            paths.user_stdout,
            paths.user_stderr,
            paths.entry_script_log,
        )
    ]
    fds: list[int] = []
    try:
        for name in names:
            path = Path(setup.tree, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            fds.append(open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644))
        yield fds
    finally:
        for fd in fds:
            os.close(fd)


def worker_environment(
    setup: AgentSetup, mark: str, devices: Mapping[str, str] = NO_DEVICES
) -> dict[str, str]:
    """The environment of a worker: the agent's own, the job's names, what the user set."""
    environment = dict(os.environ)
    if os.path.realpath(setup.interpreter) != os.path.realpath(sys.executable):
        # Meant for this interpreter; another one would not find its own library.
        for name in ("PYTHONHOME", "__PYVENV_LAUNCHER__"):
            environment.pop(name, None)
    environment["AZUREML_BI_OUTPUT_PATH"] = setup.output
    environment["AZUREML_RUN_ID"] = setup.job
    if setup.model:
        environment["AZUREML_MODEL_DIR"] = setup.model
    environment.update(devices)
    environment.update(setup.environment)
    environment[MARK.decode()] = mark
    return environment
