"""A worker without a process: the scoring script, run by whoever calls `step`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from bscore.backends.inline_world import World
from bscore.logtree import paths
from bscore.node.clock import Clock
from bscore.node.messages import AgentSetup
from bscore.node.wire import Link
from bscore.node.worker import Pending
from bscore.node.worker_process import (
    Ended,
    WorkerProcess,
    made_working_folder,
    worker_environment,
    worker_setup,
)
from bscore.spec.within import open_within
from bscore_worker import shims
from bscore_worker.answers import Judge
from bscore_worker.blocks import Blocks
from bscore_worker.loop import call, failure
from bscore_worker.profiling import Profiler
from bscore_worker.script import Script, exit_of, load, load_function, told
from bscore_worker.streams import Streams
from bscore_worker.traces import describe, handled
from bscore_worker.warned import Warned
from bscore_worker.wire import PROTOCOL, Frame, Message

Tell = Callable[[Message, bytes], None]


class Body(WorkerProcess):
    """Stands where a worker's process would stand: it has a number and the user's files, and never runs."""

    def __init__(self, setup: AgentSetup, process: str) -> None:
        self.pid = os.getpid()
        self.mark = f"{setup.job}/{setup.term}/{self.pid}/{process}"
        self.ended = Ended(0, None, 0)
        #: Nothing ever stands in it: nobody can ask this process for one worker's stacks.
        self.stacks_fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        makers = (paths.user_stdout, paths.user_stderr, paths.entry_script_log)
        out, err, log = (_opened(setup.tree, make(setup.node, process)) for make in makers)
        self.user_fds = (out, err, log)

    def kill(self) -> None:
        """There is nothing to kill: between two steps nothing of it runs."""
        self.ended = Ended(None, 9, 0)

    def reap(self) -> Ended:
        """How it ended."""
        return self.ended

    def close(self) -> None:
        """Close its files."""
        for fd in (self.stacks_fd, *self.user_fds):
            os.close(fd)


class Ear(Link):
    """Stands where a link to a worker would stand; what is sent goes to `listen` at once."""

    def __init__(self, listen: Callable[[Message], None]) -> None:
        self.ended = False
        self.fault = ""
        self._listen = listen

    def send(self, messages: list[Message], body: bytes = b"") -> None:
        """Pass the messages on."""
        for message in messages:
            self._listen(message)

    def receive(self, everything: bool = False) -> list[Frame]:
        """Nothing: what an inline worker says is heard when it says it."""
        return []

    def blame(self, fault: str) -> None:
        """Remember what was wrong."""
        self.fault = self.fault or fault

    def close(self) -> None:
        """Nothing is open."""


class Gone(Exception):  # noqa: N818  # no error: it is how a worker without a process ends
    """The worker has come to its end, with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class InlineWorker:
    """One loaded script. What it has to say goes to `tell`, in the messages of a worker (node.hearing)."""

    def __init__(
        self,
        setup: AgentSetup,
        process: str,
        spool: str,
        user_fds: tuple[int, int, int],
        clock: Clock,
        tell: Tell,
    ) -> None:
        self._asked: dict[str, Any] = worker_setup(setup, process, spool, user_fds)
        self._clock, self._tell = clock, tell
        self._code = os.path.abspath(setup.code)
        folder = made_working_folder(setup, process)
        environment = worker_environment(setup, f"{setup.job}/{setup.term}/{os.getpid()}/{process}")
        self._world = World(self._code, str(folder), environment)
        self._streams = Streams(*user_fds)
        self._warned = Warned(self._code, self._offer, clock.monotonic_ns)
        self._script: Script | None = None
        self._profiler: Profiler | None = None
        retry_short = setup.limits.retry_short_returns
        self._judge = Judge(
            setup.append_row, setup.dataframe_header, setup.to_csv, retry_short, spool, setup.typed_rows
        )
        self._blocks = Blocks(setup.blocks) if setup.blocks else None

    def _offer(self, news: Callable[[], Sequence[Message]], _wait_s: float) -> None:
        for message in news():
            self._tell(message, b"")

    def begin(self) -> None:
        """Load the script and run its init(). Raises Gone when that fails, which was then told."""
        version = ".".join(map(str, sys.version_info[:3]))
        self._tell(("hello", PROTOCOL, version, os.getpid()), b"")
        step, begun_ns = "load", self._clock.monotonic_ns()
        with self._world.entered():
            try:
                self._streams.install(self._asked["logging_level"])
                self._streams.count(self._warned)
                importlib.invalidate_caches()
                self._script = self._load()
                step = "init"
                self._tell(("loaded", self._streams.reached(exactly=False)[1]), b"")
                if self._script.init is not None:
                    self._script.init()
            except SystemExit as error:
                raise self._exits(error, "init()" if step == "init" else "the import of the script") from None
            except BaseException as error:  # noqa: BLE001  # whatever a script raises is its failure, not ours
                self._tell(("init_failed", step, *told(error, self._code)), b"")
                raise Gone(1) from None
            finally:
                self._streams.settle()
        init_ns, reached = self._clock.monotonic_ns() - begun_ns, self._streams.reached(exactly=True)
        self._tell(("ready", init_ns, False, reached[1]), b"")

    def _load(self) -> Script:
        asked = self._asked
        if asked["profiling_module"]:
            self._profiler = Profiler(asked["profiling_module"], asked["profile"])
        shims.install(shims.facts_of(asked), self._streams.log)
        if asked["function"]:
            return load_function(asked["function"], asked["arguments"])
        return load(self._code, asked["script"], asked["arguments"])

    def score(self, sequence: int, pending: Pending) -> None:
        """Run one mini-batch and tell its answer. Raises Gone when the script left by sys.exit()."""
        assert self._script is not None
        start_ns = self._clock.monotonic_ns()
        self._tell(("started", sequence, start_ns, 0), b"")
        batch, first = pending.batch, pending.first_record
        self._warned.mini_batch = batch.mini_batch
        names = pending.manifest.split(b"\0")[0:-1:3][first : first + batch.items]
        run_ns, body = -1, b""
        said: tuple[Message, ...] = ()
        with self._world.entered():
            begun_ns = self._clock.monotonic_ns()
            try:
                returned, note = call(
                    self._script,
                    self._profiler,
                    batch.mini_batch,
                    list(map(os.fsdecode, names)),
                    self._blocks,
                )
                run_ns = self._clock.monotonic_ns() - begun_ns
                verdict = self._judge(returned, batch.items, batch.mini_batch)
                kind, body, said = "done", verdict.body, verdict.said
                result: tuple[Any, ...] = (
                    verdict.returned,
                    verdict.rows,
                    verdict.nbytes,
                    note,
                    verdict.header,
                    verdict.spool,
                )
            except SystemExit as error:
                raise self._exits(error, "run()") from None
            except BaseException as error:  # noqa: BLE001  # whatever a script raises is its failure, not ours
                if run_ns < 0:
                    run_ns = self._clock.monotonic_ns() - begun_ns
                kind, result = "failed", failure(error, self._code)
            offsets = self._streams.reached(exactly=True)
        elapsed_ns = self._clock.monotonic_ns() - start_ns
        for message in said:
            self._tell(message, b"")
        self._tell((kind, sequence, start_ns, elapsed_ns, 0, run_ns, *offsets, -1, 0, 0, *result), body)

    def finish(self) -> None:
        """Run shutdown(). Raises Gone, always."""
        farewell = ("", "", "", "")
        with self._world.entered():
            try:
                if self._profiler:
                    self._profiler.write()
                if self._script is not None and self._script.shutdown is not None:
                    self._tell(("shutdown", self._streams.reached(exactly=True)[1]), b"")
                    self._script.shutdown()
            except SystemExit as error:
                raise self._exits(error, "shutdown()") from None
            except BaseException as error:  # noqa: BLE001  # whatever a script raises is its failure, not ours
                farewell = describe(error, self._code)
            finally:
                self._streams.settle()
        self._tell(("bye", *farewell), b"")
        raise Gone(0)

    def _exits(self, error: SystemExit, where: str) -> Gone:
        """The script called sys.exit(): tell where, as a worker does."""
        code, text = exit_of(error)
        if text:
            self._streams.say(text)
        _, _, trace, place = describe(error, self._code)
        self._streams.settle()
        self._tell(("exit", code, where, text, trace, place, handled(error)), b"")
        return Gone(code)


def _opened(tree: str, path: str) -> int:
    return open_within(tree, path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
