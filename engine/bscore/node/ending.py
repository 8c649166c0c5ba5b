"""The end of a worker: why, whom it charges, and what is cleared away."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from signal import SIGABRT, SIGKILL

from bscore.core import events as e
from bscore.logtree import paths
from bscore.node import deaths, model_layout
from bscore.node.desk import Desk
from bscore.node.hearing import Hearing, headline
from bscore.node.last_output import last_stderr_lines, quoted
from bscore.node.stack_taking import StackTaking
from bscore.node.worker import EndKind, Exited, Running, Worker
from bscore.node.worker_process import Ended, working_folder


class Endings:
    """Reports dead workers: first the mini-batch that is charged, then that the worker is gone."""

    def __init__(self, desk: Desk, hearing: Hearing, stacks: StackTaking) -> None:
        self._desk = desk
        self._hearing = hearing
        self._stacks = stacks

    def report(self, worker: Worker, now_ns: int) -> Ended:
        """The process has ended: hear its last words, charge, report, clear away; says how it ended."""
        for link in (worker.link, worker.control):
            self._hearing.hear(worker, link.receive(everything=True), now_ns)
        self._stacks.read(worker, now_ns)
        ended = worker.system.reap()
        cause = self._cause(worker, ended)
        self._charge(worker, ended, cause, now_ns)
        at = self._desk.clock.at(now_ns)
        init_failed = self._init_failed(worker, ended, at, cause)
        if init_failed and worker.init_cause:
            cause = worker.init_cause
        self._blame_shutdown(worker, ended, at, cause)
        ordered = _is_ordered(worker, ended)
        self._desk.report(
            e.WorkerGone(at, worker.name, ended.exit_code, ended.signal, cause, init_failed, ordered)
        )
        self._say(worker, ended, cause, ordered=ordered)
        self._desk.warnings.flush()
        self._clear_away(worker)
        return ended

    def _cause(self, worker: Worker, ended: Ended) -> str:
        ending = worker.ending
        if ending is not None and (worker.killed or ended.exit_code == 0):
            return ending.reason
        exited = worker.exited
        if exited is not None:
            where = f"{exited.where} ({exited.place})" if exited.place else exited.where
            return deaths.cause(
                ended.exit_code, ended.signal, where, exited.said, exited.text, exited.handled
            )
        lines = self._last_lines(worker, ended)
        return deaths.cause(ended.exit_code, ended.signal, "", lines[-1] if lines else "")

    def _last_lines(self, worker: Worker, ended: Ended) -> list[str]:
        """What it wrote to stderr before it ended by itself, with an exit code or by abort()."""
        # Native code says why it aborts on the descriptor, whatever Python wrote before.
        native = ended.signal == SIGABRT
        if not ended.exit_code and not native:
            return []
        return last_stderr_lines(self._desk.setup, worker.process, worker.stderr_at, raw_first=native)

    def _charge(self, worker: Worker, ended: Ended, cause: str, now_ns: int) -> None:
        running, ending = worker.running, worker.ending
        if running is None:
            return
        kind = ending.kind if ending is not None else None
        if kind is EndKind.ORDER or kind is EndKind.INIT:
            return
        if kind is EndKind.TIMEOUT:
            if ending is not None and ending.sequence == running.sequence:
                self._charge_timeout(worker, running, ended, now_ns)
            return
        place, trace = self._crash_site(worker, running, ended, now_ns)
        event = self._failure(
            worker, running, ended, now_ns, e.FailureKind.DIED, "WorkerDied", cause, place, trace
        )
        lead = f"The process ended while it ran, {cause}, for"
        self._hearing.charge(worker, event, "RUN_EXCEPTION", lead)

    def _crash_site(self, worker: Worker, running: Running, ended: Ended, now_ns: int) -> tuple[str, str]:
        if worker.exited is not None:
            return worker.exited.place, worker.exited.trace
        pending = running.pending
        title = headline(pending.batch.mini_batch, pending.batch.attempt, pending.item())
        crash = worker.stacks_text.find(b"Fatal Python error")
        if crash < 0:
            # Nothing, or stacks that were asked for earlier and came too late: not what it died of.
            lines = self._last_lines(worker, ended)
            at = self._desk.clock.at(now_ns)
            return "", self._desk.user_error(at, worker.process, title, quoted(lines)) if lines else ""
        del worker.stacks_text[:crash]
        said = quoted(self._last_lines(worker, ended))
        return self._stacks.keep(worker, f"crash while running {title}", now_ns, said)

    def _charge_timeout(self, worker: Worker, running: Running, ended: Ended, now_ns: int) -> None:
        limits, ending = self._desk.setup.limits, worker.ending
        assert ending is not None
        text = (
            f"run() did not finish within {limits.attempt_s:g} seconds (run_invocation_timeout "
            f"{limits.run_invocation_timeout_s:g} + task_overhead_timeout {limits.task_overhead_timeout_s:g})"
        )
        if ending.stopped:
            text += "; its process was stopped by a signal (SIGSTOP), so that it could not go on"
        event = self._failure(
            worker,
            running,
            ended,
            now_ns,
            e.FailureKind.TIMEOUT,
            "TimeoutError",
            text,
            ending.place,
            ending.trace,
        )
        lead = f"Stop for run() unable to finish within {limits.attempt_s:g} seconds for"
        self._hearing.charge(worker, event, "RUN_TIMEOUT", lead)

    def _failure(
        self,
        worker: Worker,
        running: Running,
        ended: Ended,
        now_ns: int,
        kind: e.FailureKind,
        error_type: str,
        text: str,
        place: str,
        trace: str,
    ) -> e.AttemptFailed:
        batch = running.pending.batch
        sizes = self._file_sizes(worker)
        elapsed_ns = now_ns - running.start_ns
        last_item, printed = self._hearing.last_items(worker, running.pending, sizes[0])
        return e.AttemptFailed(
            at=self._desk.clock.at(now_ns),
            worker=worker.name,
            mini_batch=batch.mini_batch,
            attempt=batch.attempt,
            kind=kind,
            start=self._desk.clock.at(running.start_ns),
            elapsed_ns=elapsed_ns,
            process_ns=max(0, ended.cpu_ns - running.cpu_ns),
            run_ns=elapsed_ns,
            items=batch.all_items,
            error_type=error_type,
            message=text,
            place=place,
            trace=trace,
            item=running.pending.item(),
            exit_code=ended.exit_code,
            signal=ended.signal,
            stdout=sizes[0],
            stderr=sizes[1],
            log=sizes[2],
            last_item=last_item,
            printed=printed,
        )

    def _file_sizes(self, worker: Worker) -> list[int]:
        """How far the worker's user files have got; -1 where one cannot be asked."""
        sizes = []
        for make in (paths.user_stdout, paths.user_stderr, paths.entry_script_log):
            try:
                path = os.path.join(self._desk.setup.tree, make(self._desk.setup.node, worker.process))
                sizes.append(os.stat(path).st_size)
            except OSError:
                sizes.append(-1)
        return sizes

    def _init_failed(self, worker: Worker, ended: Ended, at: int, cause: str) -> bool:
        """Whether it ended before it was ready, by its own fault; said where it has not been."""
        ending = worker.ending
        if worker.ready or (ending is not None and ending.kind in (EndKind.ORDER, EndKind.STOP)):
            return worker.init_failed
        if not worker.init_failed:
            self._blame_init(worker, ended, at, cause)
        return True

    def _blame_init(self, worker: Worker, ended: Ended, at: int, cause: str) -> None:
        ending, exited, loading = worker.ending, worker.exited, not worker.loaded
        blame = partial(self._hearing.blame_init, worker, at, cause=cause, loading=loading)
        if exited is not None:
            text = _message(exited, ended)
            blame("SystemExit", text, exited.place, "", kept=exited.trace)
            return
        place = ending.place if ending is not None else ""
        kind = "TimeoutError" if ending is not None and ending.kind is EndKind.INIT else "WorkerDied"
        trace = worker.stacks_text.decode("utf-8", "backslashreplace")
        if kind == "WorkerDied":
            blame = partial(blame, cause=f"{'the import of the script' if loading else 'init()'}: {cause}")
        blame(kind, cause, place, trace + quoted(self._last_lines(worker, ended)))

    def _blame_shutdown(self, worker: Worker, ended: Ended, at: int, cause: str) -> None:
        """Say that it ended by its own fault before its shutdown() was over."""
        ending, exited = worker.ending, worker.exited
        if not worker.shuts_down or ended.exit_code == 0 or (ending and ending.kind is EndKind.ORDER):
            return
        blame = partial(self._hearing.blame_shutdown, worker, at)
        if worker.killed and ending is not None:
            blame(e.FailureKind.TIMEOUT, "TimeoutError", ending.reason, ending.place, ending.trace)
        elif exited is not None:
            text = _message(exited, ended)
            blame(e.FailureKind.EXCEPTION, "SystemExit", text, exited.place, exited.trace)
        else:
            text = worker.stacks_text.decode("utf-8", "backslashreplace")
            text += quoted(self._last_lines(worker, ended))
            kept = self._desk.user_error(at, worker.process, f"shutdown(): {cause}", text) if text else ""
            blame(e.FailureKind.DIED, "WorkerDied", cause, "", kept)

    def _say(self, worker: Worker, ended: Ended, cause: str, *, ordered: bool) -> None:
        code = deaths.return_code(ended.exit_code, ended.signal)
        at = self._desk.clock.now()
        worker.log.info(at, f"Ended with returncode {code}: {cause}.")
        level = "INFO" if ordered else "WARNING"
        self._desk.say(level, f"{worker.process} exits with returncode {code}.", counts=False)
        self._desk.say(level, f"{worker.process} (pid {worker.system.pid}) is gone: {cause}.", counts=False)

    def _clear_away(self, worker: Worker) -> None:
        self._stacks.forget(worker)
        worker.link.close()
        worker.control.close()
        worker.system.close()
        self._desk.close_log(worker.log)
        with suppress(OSError):
            # Only where it is empty: what a script left in its working folder stays.
            folder = working_folder(self._desk.setup, worker.process)
            model_layout.remove(folder)
            folder.rmdir()
        self._remove_spools(worker)

    def _remove_spools(self, worker: Worker) -> None:
        """Rows of an answer that never came; those that did belong to the master."""
        folder, prefix = os.path.split(worker.spool)
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(prefix) and int(entry.name.rsplit(".", 2)[1]) > worker.last_spool:
                    Path(entry.path).unlink()


def _message(exited: Exited, ended: Ended) -> str:
    """What the script's exit is reported as: its own text, else how it left."""
    return exited.text or deaths.cause(
        ended.exit_code, ended.signal, exited.where, exited.said, handled=exited.handled
    )


def _is_ordered(worker: Worker, ended: Ended) -> bool:
    """Whether its end came as ordered: it left when it was asked to, or was killed without being asked."""
    if worker.asked_to_stop_ns:
        return ended.exit_code == 0
    return worker.ending is not None and worker.ending.kind is EndKind.ORDER and ended.signal == SIGKILL
