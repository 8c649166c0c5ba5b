"""The end of a run: stop the workers, make the last commit point, give the output its name, report.

Last commit → Finalizing, synced → publish without overwriting → reports → RunEnded. A resume
repeats each step safely.
"""

from __future__ import annotations

from pathlib import Path

from bscore.core import events as e
from bscore.core.counted import counted
from bscore.core.instructions import End
from bscore.core.state import Run, Worker, WorkerState
from bscore.errors import BscoreError
from bscore.logtree import paths
from bscore.logtree.kept import join_kept
from bscore.logtree.paths import split_worker
from bscore.master.acting import answer_late
from bscore.master.loop import Master
from bscore.master.reporting import write_reports, write_result
from bscore.master.term import Step
from bscore.node.messages import KillWorker, Order, StopWorker
from bscore.outputs.own_files import publish_own_files
from bscore.outputs.publish import no_step, publish

#: What shutdown() of the script may take before its worker is killed.
SHUTDOWN_S = 30.0
#: What killed workers may take to be gone.
KILL_S = 5.0


def end_run(master: Master, end: End, step: Step = no_step) -> e.RunEnded:
    """Bring the run to its end; returns its last event. `step` is told the name of each step."""
    _stop_workers(master, end)
    return finish_run(master, end, step)


def finish_run(master: Master, end: End, step: Step = no_step) -> e.RunEnded:
    """The end of a run whose workers are gone or killed: commit, publish, report; returns its last event."""
    term, recorder = master.term, master.recorder
    hurried = master.hurry()
    term.committer.finish(term.clock.now())
    step("last commit")
    if end.outcome is e.Outcome.COMPLETED:
        end = _publish(master, end, step)
        step("published")
    elif term.job.config.keep_partial and not term.job.config.append_row:
        end = _publish_own_files(master, end, step)
    drop_empty_part(master)
    output = output_of(master, end)
    if not write_reports(term, hurried):
        text = f"A signal came while the reports were written; {paths.REPORTS} was left out."
        recorder.record(e.FindingMade(term.clock.now(), "reports-left-out", text))
    step("reports written")
    answer_late(recorder, term.job.tree, term.clock.now())
    ended = e.RunEnded(max(term.clock.now(), term.run.last), end.outcome, end.reason, output)
    # The output has its name, or part files keep its rows: either refuses whoever wants it from now on.
    term.reservation.release()
    recorder.record(ended)
    recorder.flush()
    if term.job.config.commit_interval_s > 0:
        recorder.sync()
    step("ended")
    write_result(term.job.tree, term.run)
    return ended


def _publish_own_files(master: Master, end: End, step: Step) -> End:
    job = master.term.job
    try:
        publish_own_files(job.aside, job.config.output, step)
    except BscoreError as error:
        return End(
            e.Outcome.FAILED,
            f"{end.reason} The script's own files could not be published: {error.sentences}".strip(),
        )
    return end


def drop_empty_part(master: Master) -> None:
    """A term that added no rows leaves no file behind."""
    if master.term.part.size == 0:
        master.term.job.part(master.run.term).unlink(missing_ok=True)


def output_of(master: Master, end: End) -> str:
    """Where the rows are: the final file, or the part files that keep them; empty for none."""
    job, run = master.term.job, master.run
    if not job.config.append_row:
        return str(job.aside if job.aside.exists() else job.config.output)
    if end.outcome is e.Outcome.COMPLETED:
        return str(job.final)
    kept = (job.part(part.term) for part in run.parts if part.nbytes)
    return join_kept([str(path) for path in kept if path.exists()])


def _publish(master: Master, end: End, step: Step) -> End:
    term, run, recorder = master.term, master.run, master.recorder
    recorder.record(e.Finalizing(term.clock.now(), run.committed_bytes, run.committed_rows))
    recorder.flush()
    recorder.sync()
    step("finalizing")
    if not term.job.config.append_row:
        return _publish_own_files(master, end, step)
    # The part of this term comes along even when it is empty: what consists of several parts is copied, so
    # that a frozen master of an earlier term, which still holds its part open, cannot reach the output.
    parts = {part.term: part.nbytes for part in run.parts if part.nbytes}
    parts.setdefault(run.term, 0)
    try:
        publish([(term.job.part(number), nbytes) for number, nbytes in parts.items()], term.job.final, step)
    except BscoreError as error:
        said = f"The output could not be published: {error.sentences} {_who_wrote(term.job.final, run)}"
        return End(e.Outcome.FAILED, said.strip())
    return end


def _who_wrote(final: Path, run: Run) -> str:
    """Whose a file under the output's name likely is; empty where nothing tells."""
    try:
        written = final.stat().st_mtime * 1e6
    except OSError:
        return ""
    if written < run.started:
        return ""
    return (
        "That file was written while the job ran, most likely by the script itself: let the script write a "
        "file of another name, or let it only return its rows from run()."
    )


def _stop_workers(master: Master, end: End) -> None:
    """Ask those that are free, kill those that run something, wait, kill the rest."""
    polite = end.outcome is e.Outcome.COMPLETED
    orders: dict[str, list[Order]] = {}
    for worker in master.run.workers.values():
        if worker.state is not WorkerState.STOPPING:
            orders.setdefault(worker.node, []).append(_stop(worker, end, polite=polite))
    for node, of_node in orders.items():
        master.backend.lease(node, of_node)
    _wait_until_gone(master, master.run, SHUTDOWN_S)
    _say_who_stays(master)
    for worker in master.run.workers.values():
        node, _ = split_worker(worker.id)
        reason = f"it did not end within {SHUTDOWN_S:g} seconds after it was asked to"
        master.backend.lease(node, [KillWorker(worker.id, reason)])
    _wait_until_gone(master, master.run, KILL_S)


def _say_who_stays(master: Master) -> None:
    """Whoever waited for half a minute wants to know for what."""
    workers = list(master.run.workers)
    if workers:
        who = counted(len(workers), "worker")
        text = (
            f"{who} had to be killed {SHUTDOWN_S:g} seconds after the end was asked for, "
            f"first {workers[0]}: shutdown() takes longer, or a thread of the script goes on (one with "
            "daemon=True holds nobody up)."
        )
        master.recorder.record(e.FindingMade(master.term.clock.now(), "ends-late", text))


def _stop(worker: Worker, end: End, *, polite: bool) -> Order:
    reason = "the run is complete" if polite else f"the run ends: {end.outcome}"
    ready = worker.state is WorkerState.IDLE or (polite and worker.state is WorkerState.BUSY)
    return StopWorker(worker.id, reason) if ready else KillWorker(worker.id, reason)


def _wait_until_gone(master: Master, run: Run, seconds: float) -> None:
    deadline = master.term.clock.now() + int(seconds * 1e6)
    while run.workers:
        left_s = (deadline - master.term.clock.now()) / 1e6
        if left_s <= 0:
            return
        now = master.listen(min(left_s, 0.5))
        master.recorder.flush()
        master.commit(now)
        master.term.lock.renew()
        master.check_second_stop()
