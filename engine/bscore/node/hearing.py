"""What workers say, turned into reports for the master and lines for the logs."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from bscore.core import events as e
from bscore.core.error_words import error_words
from bscore.core.ranges import as_pairs
from bscore.logtree import paths
from bscore.node.desk import Desk
from bscore.node.last_output import last_stderr_lines, module_hint, parser_hint, quoted
from bscore.node.messages import Answer
from bscore.node.printed import MAX_ITEMS, last_named
from bscore.node.row_notes import columns_seen, note
from bscore.node.valid import refuse_nonsense
from bscore.node.worker import Exited, Pending, Worker
from bscore.spec.script_check import script_text
from bscore.spec.table_scripts import table_hint
from bscore_worker.wire import PROTOCOL, Frame, Message

#: Longer mini-batches get a line when they have been running for this long, and one at their end.
PICKED_AFTER_NS = 1_000_000_000

_FINDINGS = {
    "generator": "run() returned a generator. It was accepted here; the cloud rejects it: return a list.",
    "ndarray": "run() returned a numpy array. It was accepted here; the cloud rejects it: "
    "return array.tolist().",
}
_STATUS = {"exception": "RUN_EXCEPTION", "rejected": "RUN_EXCEPTION", "short": "RUN_DONE"}


class Hearing:
    """Understands the messages of workers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._setup = desk.setup
        self._known: dict[str, Any] = {
            "done": self._done,
            "started": self._started,
            "failed": self._failed,
            "withdrawn": self._withdrawn,
            "hello": self._hello,
            "loaded": self._loaded,
            "ready": self._ready,
            "init_failed": self._init_failed,
            "exit": self._exit,
            "shutdown": self._shutdown,
            "bye": self._bye,
            "signal_taken": self._signal_taken,
            "warned": self._warned,
            "columns": self._columns,
            "noted": self._noted,
        }

    def hear(self, worker: Worker, frames: list[Frame], now_ns: int) -> None:
        """Take in what a worker said. What cannot be understood is a fault of its link, not of the agent."""
        if worker.condemned:
            return
        at = self._desk.clock.at(now_ns)
        for messages, body in frames:
            checked = type(messages) is tuple
            for message in messages:
                try:
                    if not checked:
                        refuse_nonsense(message)
                    self._known[message[0]](worker, message, body, at)
                except (ValueError, LookupError, TypeError, ArithmeticError) as error:
                    what = f"{type(error).__name__}: {error}"
                    worker.link.blame(f"it sent something that is no message ({what:.300})")
                    return

    def _done(self, worker: Worker, message: Message, body: bytes, at: int) -> None:
        (start_ns, elapsed_ns, process_ns, run_ns, out, err, log) = message[2:9]
        (returned, rows, nbytes, note, header, spool) = message[12:]
        if nbytes != len(body) and not spool:
            raise ValueError(f"{len(body)} bytes of rows, {nbytes} announced")
        if elapsed_ns < 0 or process_ns < 0 or run_ns < 0 or returned < 0 or rows < 0:
            raise ValueError("a negative time or count")
        if spool:
            worker.last_spool = _spool_number(worker, spool, nbytes)
        if note and note not in _FINDINGS:
            raise ValueError(f"there is no note {note!r:.80}")
        worker.stderr_at = err
        batch = self._answered(worker, message, at).batch
        items = batch.items
        event = e.Finished(
            at,
            worker.name,
            batch.mini_batch,
            batch.attempt,
            self._desk.clock.at(start_ns),
            elapsed_ns,
            process_ns,
            run_ns,
            batch.all_items,
            min(returned, items),
            rows,
            nbytes,
            out,
            err,
            log,
        )
        worker.stdout_end = out
        self._desk.reports.append(Answer(self._setup.term, event, body, spool, header))
        worker.log.finished(event)
        self._desk.wants_flush(worker.log)
        if returned > items and not worker.capped:
            self._say_capped(worker, event, returned)
        if note:
            self._desk.finding(f"returned-{note}", _FINDINGS[note])

    def _answered(self, worker: Worker, message: Message, at: int) -> Any:
        """Take the answered mini-batch off the worker's list and note which one it begins next."""
        sequence = message[1]
        pending = worker.pending[sequence]
        if next(iter(worker.pending)) != sequence:
            self._passed_over(worker, sequence, at)
        del worker.pending[sequence]
        following, start_ns, cpu_ns = message[9:12]
        if following >= 0:
            worker.begin(following, start_ns, cpu_ns)
        else:
            worker.running = None
        return pending

    def _passed_over(self, worker: Worker, sequence: int, at: int) -> None:
        """Say what was given back before what came after it is said: the master keeps the worker's order."""
        given_back = list(worker.passed_over(sequence))
        if given_back:
            self._desk.report(e.Withdrawn(at, worker.name, as_pairs(given_back)))

    def _say_capped(self, worker: Worker, event: e.Finished, returned: int) -> None:
        worker.capped = True
        self._desk.warn(
            worker.log,
            event.at,
            f"run() returned {returned} elements for {event.succeeded} items of mini-batch "
            f"{event.mini_batch}; all rows are kept, {event.succeeded} count as succeeded. "
            "Said once for this worker.",
        )

    def _failed(self, worker: Worker, message: Message, _body: bytes, at: int) -> None:
        (start_ns, elapsed_ns, process_ns, run_ns, out, err, log) = message[2:9]
        (kind, error_type, text, trace, place) = message[12:]
        if elapsed_ns < 0 or process_ns < 0 or run_ns < 0:
            raise ValueError("a negative time")
        failure = e.FailureKind(kind)
        self._look_for_missing(worker, error_type, text)
        self._look_for_table(error_type, text)
        worker.stderr_at = err
        pending = self._answered(worker, message, at)
        batch, item = pending.batch, pending.item()
        kept = self._desk.user_error(
            at, worker.process, headline(batch.mini_batch, batch.attempt, item), trace
        )
        event = e.AttemptFailed(
            at,
            worker.name,
            batch.mini_batch,
            batch.attempt,
            failure,
            self._desk.clock.at(start_ns),
            elapsed_ns,
            process_ns,
            run_ns,
            batch.all_items,
            error_type,
            text,
            place,
            kept,
            item,
            None,
            None,
            out,
            err,
            log,
            *self.last_items(worker, pending, out),
        )
        worker.stdout_end = out
        self.charge(worker, event, _STATUS[kind], f"run() failed with {error_type} for")

    def last_items(self, worker: Worker, pending: Pending, stdout: int) -> tuple[str, str]:
        """The last item of a failed attempt, and the one that it named last on stdout, read up to there."""
        count = pending.batch.items
        if self._setup.blocks:
            return "", ""
        items = pending.items(0 if count <= MAX_ITEMS else count - 1)
        path = os.path.join(self._setup.tree, paths.user_stdout(self._setup.node, worker.process))
        return items[-1] if items else "", last_named(path, worker.stdout_end, stdout, items)

    def charge(self, worker: Worker, event: e.AttemptFailed, status: str, lead: str) -> None:
        """Report a charged attempt and write its line."""
        self._desk.report(Answer(self._setup.term, event))
        self._desk.wants_flush(worker.log)
        try:
            worker.log.failed(event, status, lead)
        except OSError as error:
            self._desk.say("ERROR", f"{worker.process}: its error file cannot be written: {error}")

    def _started(self, worker: Worker, message: Message, _body: bytes, at: int) -> None:
        _, sequence, start_ns, cpu_ns = message
        worker.begin(sequence, start_ns, cpu_ns)
        if next(iter(worker.pending)) != sequence:
            self._passed_over(worker, sequence, at)

    def _withdrawn(self, worker: Worker, message: Message, _body: bytes, at: int) -> None:
        if worker.running is not None and worker.running.sequence in message[1]:
            raise ValueError("it gave back what it runs")
        taken = [worker.pending.pop(number) for number in message[1] if number in worker.pending]
        if taken:
            pairs = as_pairs(pending.batch.mini_batch for pending in taken)
            self._desk.report(e.Withdrawn(at, worker.name, pairs))

    def _hello(self, worker: Worker, message: Message, _body: bytes, _at: int) -> None:
        _, protocol, python, _pid = message
        if protocol != PROTOCOL:
            raise ValueError(f"protocol {protocol} spoken, {PROTOCOL} expected")
        worker.python = python
        worker.offers_stacks = True

    def _loaded(self, worker: Worker, message: Message, _body: bytes, _at: int) -> None:
        _, worker.stderr_at = message
        worker.loaded = True

    def _ready(self, worker: Worker, message: Message, _body: bytes, at: int) -> None:
        _, init_ns, worker.offers_stacks, worker.stderr_at = message
        worker.ready = True
        self._desk.report(e.WorkerReady(at, worker.name, init_ns, worker.python))
        text = f"init() took {init_ns / 1e9:.3f} seconds on Python {worker.python}."
        worker.log.info(at, f"LOAD_DONE: {text}")
        self._desk.wants_flush(worker.log)
        self._desk.say("INFO", f"{worker.process} is ready: {text}")

    def _init_failed(self, worker: Worker, message: Message, _body: bytes, at: int) -> None:
        _, step, error_type, text, trace, place = message
        if worker.init_failed:
            raise ValueError("init() cannot fail twice")
        what = "init() raised" if step == "init" else "the script cannot be imported:"
        why = error_words(error_type, text)
        loading = step != "init"
        self.blame_init(worker, at, error_type, text, place, trace, f"{what} {why}", loading=loading)
        self._look_for_missing(worker, error_type, text)

    def _look_for_missing(self, worker: Worker, error_type: str, text: str) -> None:
        """Say where a package is missing."""
        way = "python=" if self._setup.function else "--python"
        hint = module_hint(error_type, text, self._setup.interpreter, worker.python, way)
        if hint:
            self._desk.finding("script-module", hint)

    def _look_for_table(self, error_type: str, text: str) -> None:
        """Say where a script wants a DataFrame and its items are files."""
        setup = self._setup
        if not setup.blocks and error_type in ("AttributeError", "TypeError"):
            hint = table_hint(error_type, text, lambda: script_text(Path(setup.code), setup.script))
            if hint:
                self._desk.finding("script-table", hint)

    def blame_init(
        self,
        worker: Worker,
        at: int,
        error_type: str,
        text: str,
        place: str,
        trace: str,
        cause: str,
        *,
        loading: bool = False,
        kept: str = "",
    ) -> None:
        """Report that a worker will never be ready, and why; `trace` is a text, `kept` where it stands."""
        worker.init_failed = True
        worker.init_cause = f"{cause} ({place})" if place and place not in cause else cause
        if trace and not kept:
            kept = self._desk.user_error(at, worker.process, worker.init_cause, trace)
        kind = e.FailureKind.TIMEOUT if error_type == "TimeoutError" else e.FailureKind.EXCEPTION
        if error_type == "WorkerDied":
            kind = e.FailureKind.DIED
        self._desk.report(e.InitFailed(at, worker.name, kind, error_type, text, place, kept, loading))

    def _exit(self, worker: Worker, message: Message, _body: bytes, at: int) -> None:
        _, code, where, text, trace, place, handled = message
        running = worker.running
        ran = f" while it ran mini-batch {running.pending.batch.mini_batch}" if running else ""
        lines = last_stderr_lines(self._setup, worker.process, worker.stderr_at)
        head = f"sys.exit({code}) in {where}{ran}"
        kept = self._desk.user_error(at, worker.process, head, trace + quoted(lines))
        worker.exited = Exited(where, text, lines[-1] if lines and code else "", place, kept, handled)
        hint = parser_hint(lines)
        if hint:
            self._desk.finding("script-arguments", hint)

    def _bye(self, worker: Worker, message: Message, _body: bytes, at: int) -> None:
        _, error_type, text, trace, place = message
        worker.shuts_down = False
        if error_type:
            kept = self._desk.user_error(
                at, worker.process, f"shutdown() raised {error_words(error_type, text)}", trace
            )
            self.blame_shutdown(worker, at, e.FailureKind.EXCEPTION, error_type, text, place, kept)

    def _shutdown(self, worker: Worker, message: Message, _body: bytes, _at: int) -> None:
        _, worker.stderr_at = message
        worker.shuts_down = True

    def blame_shutdown(
        self, worker: Worker, at: int, kind: e.FailureKind, error_type: str, text: str, place: str, kept: str
    ) -> None:
        """Report that shutdown() failed, and why; `kept` is where the whole text stands."""
        self._desk.report(e.ShutdownFailed(at, worker.name, kind, error_type, text, place, kept))
        why = error_words(error_type, text)
        where = f" ({place})" if place else ""
        self._desk.error(worker.log, at, f"shutdown() failed: {why}{where}")
        said = f"shutdown() of the script failed in {worker.name}: {why}{where}."
        loses = "That loses no rows; what shutdown() writes or sends may be missing."
        self._desk.finding("shutdown-failed", f"{said} {loses}")

    def _signal_taken(self, worker: Worker, _message: Message, _body: bytes, _at: int) -> None:
        worker.offers_stacks = False

    def _warned(self, worker: Worker, message: Message, _body: bytes, _at: int) -> None:
        self._desk.warnings.count(worker.name, message[1])

    def _columns(self, worker: Worker, message: Message, _body: bytes, at: int) -> None:
        self._desk.report(columns_seen(message, worker.name, at))

    def _noted(self, _worker: Worker, message: Message, _body: bytes, _at: int) -> None:
        self._desk.finding(*note(message))


def _spool_number(worker: Worker, spool: str, nbytes: int) -> int:
    """The number of a worker's spool file, which has to be its next one and hold what was announced."""
    number = spool.removeprefix(f"{worker.spool}.").removesuffix(".rows")
    if not (number.isascii() and number.isdigit()) or spool != f"{worker.spool}.{int(number)}.rows":
        raise ValueError(f"spool file {spool!r:.200} is not its own")
    try:
        found = os.lstat(spool)
    except OSError as error:
        raise ValueError(f"spool file {spool!r:.200} is not there: {error.strerror}") from None
    if not stat.S_ISREG(found.st_mode) or found.st_size != nbytes:
        raise ValueError(f"spool file {spool!r:.200} does not hold {nbytes} bytes")
    return int(number)


def headline(mini_batch: int, attempt: int, item: str) -> str:
    """What stands above a trace."""
    return f"mini-batch {mini_batch}, attempt {attempt}" + (f", first item {item}" if item else "")
