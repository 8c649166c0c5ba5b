"""The life of a worker: greet, load the script, init(), score what comes, shutdown().

One answer per mini-batch, sent at once; it also says which mini-batch begins next and when, so that whoever
reads everything that was sent knows what runs now.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from time import monotonic_ns, process_time_ns
from types import GeneratorType
from typing import Any, Deque, Dict, List, NoReturn, Optional, Tuple

from bscore_worker import process, script, shims
from bscore_worker.answers import Judge, RejectedReturnError, ShortReturnError
from bscore_worker.blocks import Blocks
from bscore_worker.control import Control, end_with_agent
from bscore_worker.minibatch import MiniBatch, MiniBatchContext
from bscore_worker.profiling import Profiler
from bscore_worker.row_shape import is_array
from bscore_worker.streams import Streams
from bscore_worker.traces import describe, handled
from bscore_worker.warned import Warned
from bscore_worker.wire import NOTHING_ELSE, PROTOCOL, Channel, Frame, Message

#: A mini-batch to score: sequence number, id, number of items, paths (none where items are no files).
Work = Tuple[int, int, int, List[str]]

#: run() longer than this pays for asking the kernel how far its files have got.
_EXACT_OFFSETS_NS = 20_000_000


class Loop:
    """Scores mini-batches until told to stop."""

    def __init__(
        self, channel: Channel, control: Control, streams: Streams, warned: Warned, code: str
    ) -> None:
        self._channel = channel
        self._control = control
        self._streams = streams
        self._warned = warned
        self._code = code
        self._blocks: Optional[Blocks] = None
        self._queue: Deque[Work] = deque()
        self._stopping = False
        self._start_ns = 0
        self._start_cpu_ns = 0
        self._offers_stacks = True

    def serve(self, contract: script.Script, judge: Judge, profile: Any, blocks: Optional[Blocks]) -> None:
        """Answer mini-batch after mini-batch; returns when asked to stop and nothing is left.

        `blocks` hold the items where they are no files.
        """
        self._contract, self._judge, self._profile, self._blocks = contract, judge, profile, blocks
        work: Optional[Work] = None
        while True:
            if work is None:
                work = self._wait()
                if work is None:
                    return
            work = self._score(work)

    def _wait(self) -> Optional[Work]:
        work = self._take()
        while work is None:
            if self._stopping:
                return None
            self._read(wait=True)
            work = self._take()
        self._start_ns, self._start_cpu_ns = monotonic_ns(), process_time_ns()
        self._channel.send([("started", work[0], self._start_ns, self._start_cpu_ns)])
        return work

    def _take(self) -> Optional[Work]:
        """The next mini-batch that nobody withdrew, without waiting."""
        queue, begin = self._queue, self._control.begin
        while True:
            while queue:
                work = queue.popleft()
                if begin(work[0]):
                    return work
            if self._stopping or not self._read(wait=False):
                return None

    def _read(self, wait: bool) -> bool:
        frames = self._channel.receive(wait)
        self.accept(frames)
        return bool(frames)

    def accept(self, frames: List[Frame]) -> None:
        """Queue what the agent sent."""
        for messages, body in frames:
            paths = _paths(body)
            used = 0
            for message in messages:
                if message[0] == "stop":
                    self._stopping = True
                    continue
                sequence = message[1]
                for mini_batch, items in message[2]:
                    self._queue.append((sequence, mini_batch, items, paths[used : used + items]))
                    used += items
                    sequence += 1

    def _score(self, work: Work) -> Optional[Work]:
        sequence, mini_batch, items, paths = work
        self._warned.mini_batch = mini_batch
        begun_ns = monotonic_ns()
        run_ns = -1
        result: Tuple[Any, ...] = ()
        body = b""
        said: Tuple[Message, ...] = ()
        try:
            returned, note = call(self._contract, self._profile, mini_batch, paths, self._blocks)
            run_ns = monotonic_ns() - begun_ns
            verdict = self._judge(returned, items, mini_batch)
            body, said = verdict.body, verdict.said
            kind = "done"
            result = (verdict.returned, verdict.rows, verdict.nbytes, note, verdict.header, verdict.spool)
            # Neither the rows nor what they were made of may wait for the next answer.
            del returned, verdict
        except SystemExit as error:
            leave(self._channel, self._streams, error, "run()", self._code)
        except BaseException as error:
            if run_ns < 0:
                run_ns = monotonic_ns() - begun_ns
            kind, body = "failed", b""
            result = failure(error, self._code)
        return self._answer(kind, sequence, run_ns, result, body, said)

    def _answer(
        self,
        kind: str,
        sequence: int,
        run_ns: int,
        result: Tuple[Any, ...],
        body: bytes,
        messages: Tuple[Message, ...],
    ) -> Optional[Work]:
        """Send `messages`, what became of a mini-batch and what begins next; returns the latter."""
        offsets = self._streams.reached(run_ns > _EXACT_OFFSETS_NS)
        cpu_ns, end_ns = process_time_ns(), monotonic_ns()
        head = (kind, sequence, self._start_ns, end_ns - self._start_ns, cpu_ns - self._start_cpu_ns, run_ns)
        if run_ns > _EXACT_OFFSETS_NS and self._offers_stacks and not process.shows_stacks():
            self._offers_stacks = False
            messages = (*messages, ("signal_taken",))
        following = self._take()
        begins = (-1, 0, 0)
        if following is not None:
            self._start_ns, self._start_cpu_ns = monotonic_ns(), cpu_ns
            begins = (following[0], self._start_ns, cpu_ns)
        answer = head + offsets + begins + result
        if kind == "done" and not messages and answer[-3:] == NOTHING_ELSE:
            self._channel.send_done(answer[1:-3], body)
        else:
            self._channel.send([*messages, answer], body)
        return following


def call(
    contract: script.Script, profile: Any, mini_batch: int, paths: List[str], blocks: Optional[Blocks] = None
) -> Tuple[Any, str]:
    """Call run(), through `profile` where there is one; what it returned and what is odd about it."""
    batch = MiniBatch(paths) if blocks is None else blocks.load(mini_batch)
    arguments = (batch, MiniBatchContext(mini_batch, batch)) if contract.takes_context else (batch,)
    returned = contract.run(*arguments) if profile is None else profile(contract.run, *arguments)
    if type(returned) is GeneratorType:
        return list(returned), "generator"
    if is_array(returned):
        return list(returned), "ndarray"
    return returned, ""


def _paths(body: bytes) -> List[str]:
    """Every third NUL-ended field of manifest records: path, size, mtime."""
    if not body:
        return []
    return body.decode(sys.getfilesystemencoding(), "surrogateescape").split("\0")[0:-1:3]


def failure(error: BaseException, code: str) -> Tuple[Any, ...]:
    """An exception as the end of a "failed" message: kind, type, message, trace, place."""
    if isinstance(error, RejectedReturnError):
        return ("rejected", "ValueError", str(error), "ValueError: %s\n" % error, "")
    if isinstance(error, ShortReturnError):
        return ("short", "ValueError", str(error), "ValueError: %s\n" % error, "")
    return ("exception",) + describe(error, code)


def leave(channel: Channel, streams: Streams, error: SystemExit, where: str, code: str) -> NoReturn:
    """The script called sys.exit(): say so, then end as it asked."""
    number, text = script.exit_of(error)
    if text:
        streams.say(text)
    _type, _message, trace, place = describe(error, code)
    streams.settle()
    try:
        channel.send([("exit", number, where, text, trace, place, handled(error))])
    finally:
        # Also where nobody listens: in a child the script forked, or without an agent.
        os._exit(number)


def main(
    socket_fd: int, control_fd: int, stacks_fd: int, agent_pid: int, streams: Optional[Streams] = None
) -> None:
    """Be a worker on these descriptors until told to stop; the bootstrap calls this.

    `streams` are those of a template, moved to this worker's files.
    """
    stacks_fd = process.out_of_reach(stacks_fd)
    process.protect(agent_pid, stacks_fd)
    channel = Channel(process.out_of_reach(socket_fd))
    control = Control(Channel(process.out_of_reach(control_fd)), stacks_fd)
    os.register_at_fork(after_in_child=channel.close)
    os.register_at_fork(after_in_child=control.forget_in_child)
    version = "%d.%d.%d" % sys.version_info[:3]
    try:
        channel.send([("hello", PROTOCOL, version, os.getpid())])
        control.start()
        _live(channel, control, channel.receive(wait=True), streams)
    except (EOFError, OSError) as error:
        if channel.is_closed():
            os.write(
                2, b"A process that the script forked came back out of run(); only its parent may answer.\n"
            )
            os._exit(1)
        if isinstance(error, (EOFError, ConnectionError)):
            end_with_agent()
        raise


def _live(channel: Channel, control: Control, frames: List[Frame], streams: Optional[Streams]) -> None:
    setup: Dict[str, Any] = frames[0][0][0][1]
    if streams is None:
        files = [process.out_of_reach(setup[name]) for name in ("stdout_fd", "stderr_fd", "log_fd")]
        streams = Streams(*files)
        streams.install(setup["logging_level"])
    code = os.path.abspath(setup["code"])
    warned = Warned(code, control.offer)
    streams.count(warned)
    os.register_at_fork(after_in_child=warned.forget_in_child)
    loop = Loop(channel, control, streams, warned, code)
    profiler = Profiler(setup["profiling_module"], setup["profile"]) if setup["profiling_module"] else None
    contract = _begin(channel, streams, setup, code)
    if contract is None:
        os._exit(1)
    loop.accept(frames[1:])
    judge = Judge(
        setup["append_row"],
        setup["header"],
        setup["to_csv"],
        setup["retry_short"],
        setup["spool"],
        setup["typed_rows"],
    )
    blocks = Blocks(setup["blocks"], process.out_of_reach) if setup["blocks"] else None
    loop.serve(contract, judge, profiler, blocks)
    if profiler:
        profiler.write()
    _finish(channel, streams, contract, code)


def _begin(channel: Channel, streams: Streams, setup: Dict[str, Any], code: str) -> Optional[script.Script]:
    """Load the script and run its init(); None when either failed, which was then said."""
    step = "load"
    begun_ns = monotonic_ns()
    facts = shims.facts_of(setup)
    shims.install(facts, streams.log)
    shims.hand_down(facts, sys.modules["__main__"])
    try:
        if setup["function"]:
            contract = script.load_function(setup["function"], setup["arguments"])
        else:
            contract = script.load(code, setup["script"], setup["arguments"])
            shims.hand_down(facts, sys.modules["__main__"], contract.source)
        step = "init"
        channel.send([("loaded", streams.reached(exactly=False)[1])])
        if contract.init is not None:
            contract.init()
    except SystemExit as error:
        leave(channel, streams, error, "init()" if step == "init" else "the import of the script", code)
    except BaseException as error:
        streams.settle()
        channel.send([("init_failed", step) + script.told(error, code)])
        return None
    init_ns = monotonic_ns() - begun_ns
    channel.send([("ready", init_ns, process.shows_stacks(), streams.reached(exactly=False)[1])])
    return contract


def _finish(channel: Channel, streams: Streams, contract: script.Script, code: str) -> None:
    farewell = ("", "", "", "")
    if contract.shutdown is not None:
        channel.send([("shutdown", streams.reached(exactly=False)[1])])
        try:
            contract.shutdown()
        except SystemExit as error:
            leave(channel, streams, error, "shutdown()", code)
        except BaseException as error:
            farewell = describe(error, code)
    streams.settle()
    channel.send([("bye",) + farewell])
