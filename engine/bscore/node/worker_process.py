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
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from bscore.logtree import paths
from bscore.node import model_layout
from bscore.node.bootstrap import BOOTSTRAP, worker_package
from bscore.node.gpus import NO_DEVICES
from bscore.node.guard import MARK
from bscore.node.messages import AgentSetup
from bscore.spec.within import make_within, open_within


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
    #: None where a template forked it.
    popen: subprocess.Popen[bytes] | None
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
        if self.popen is not None:
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


@dataclass(slots=True)
class Ends:
    """The descriptors of a worker to be: ours, and those handed to it.

    `handed` are its main channel, control channel, stacks, stdout, stderr and the three user files;
    `folder` is where it starts.
    """

    main: socket.socket
    control: socket.socket
    stacks_fd: int
    handed: tuple[int, ...]
    folder: str

    @property
    def user_fds(self) -> tuple[int, int, int]:
        """The three user files, by the numbers they have in a worker started by exec."""
        out, err, log = self.handed[5:]
        return out, err, log

    def process(self, pid: int, mark: str, popen: subprocess.Popen[bytes] | None = None) -> WorkerProcess:
        """The worker that was started with them, a child of this process."""
        pidfd = os.pidfd_open(pid)
        return WorkerProcess(pid, pidfd, mark, popen, self.main, self.control, self.stacks_fd, self.user_fds)

    def close_handed(self) -> None:
        """Close what the worker has copies of."""
        for fd in self.handed:
            os.close(fd)

    def close(self) -> None:
        """Close our ends: there is no worker."""
        self.main.close()
        self.control.close()
        os.close(self.stacks_fd)


def open_ends(setup: AgentSetup, process: str) -> Ends:
    """Make a worker's channels, files and working folder. Raises OSError, with nothing left open."""
    with ExitStack() as stack:
        folder = str(made_working_folder(setup, process))
        pairs = [socket.socketpair(), socket.socketpair()]
        for pair in pairs:
            for end in pair:
                stack.callback(end.close)
        stacks_fd, their_stacks = os.pipe2(os.O_CLOEXEC)
        stack.callback(os.close, stacks_fd)
        stack.callback(os.close, their_stacks)
        os.set_blocking(stacks_fd, False)
        files = _open_files(setup, process, stack)
        stack.pop_all()
    theirs = [pair[1].detach() for pair in pairs]
    return Ends(pairs[0][0], pairs[1][0], stacks_fd, (*theirs, their_stacks, *files), folder)


def start(
    setup: AgentSetup, process: str, mark: str, devices: Mapping[str, str] = NO_DEVICES
) -> WorkerProcess:
    """Start the interpreter; `devices` are variables that name its GPU. Raises OSError when that fails."""
    ends = open_ends(setup, process)
    try:
        main, control, stacks, raw_out, raw_err, *user = ends.handed
        popen = subprocess.Popen(
            [
                setup.interpreter,
                "-c",
                BOOTSTRAP,
                worker_package(),
                *map(str, (main, control, stacks)),
                str(os.getpid()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=raw_out,
            stderr=raw_err,
            pass_fds=(main, control, stacks, *user),
            start_new_session=True,
            cwd=ends.folder,
            env=worker_environment(setup, mark, devices),
        )
    except BaseException:
        ends.close()
        raise
    finally:
        ends.close_handed()
    return ends.process(popen.pid, mark, popen)


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
    folder = Path(make_within(setup.spool, f"work/{setup.node}/{process}"))
    model_layout.lay_out(setup, folder)
    return folder


def _open_files(setup: AgentSetup, process: str, stack: ExitStack) -> list[int]:
    """Descriptors 1 and 2, then the three user files; `stack` closes them where something goes wrong."""
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
    for name in names:
        fds.append(open_within(setup.tree, name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644))
        stack.callback(os.close, fds[-1])
    return fds


def own_environment(setup: AgentSetup, devices: Mapping[str, str]) -> dict[str, str]:
    """Of the variables that name a worker's GPU those that the user did not set."""
    return {name: value for name, value in devices.items() if name not in setup.environment}


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
    environment.update(own_environment(setup, devices))
    environment.update(setup.environment)
    environment[MARK.decode()] = mark
    return environment
