"""The only thing that changes a Run: `reduce(run, event)`.

Deterministic in (run, event): no clock, no configuration, no randomness. Folding the journal gives
back the master's own Run. Work per event does not grow with the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bscore.core import events as e
from bscore.core.attempts import REDUCERS as ATTEMPT_REDUCERS
from bscore.core.diagnose import (
    add_init_error,
    add_missing,
    add_own_warning,
    add_shutdown_error,
    add_warnings,
)
from bscore.core.giving_up import REDUCERS as GIVING_UP_REDUCERS
from bscore.core.last_tries import charge_attempt
from bscore.core.state import (
    MAX_FINDINGS,
    Gap,
    GoneWorker,
    Node,
    Part,
    Phase,
    Run,
    Worker,
    WorkerState,
)

MAX_REQUESTS = 100
SIGKILL = 9


def fold(events: Iterable[e.Event], run: Run | None = None) -> Run:
    """The run that these events give, starting from `run` (changed in place) or from nothing."""
    run = Run() if run is None else run
    for event in events:
        reduce(run, event)
    return run


class ImpossibleEventError(ValueError):
    """An event that cannot have happened in this run: its journal was damaged."""


#: What a damaged event runs into: unknown names, ids that are not there, numbers that no float holds.
_IMPOSSIBLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


def reduce(run: Run, event: e.Event) -> None:
    """Apply one event. Raises ImpossibleEventError, and counts nothing, when it cannot have happened."""
    run.events += 1
    try:
        _REDUCERS[type(event)](run, event)
    except _IMPOSSIBLE as error:
        run.events -= 1
        what = error.args[0] if type(error) is ValueError else repr(error)
        raise ImpossibleEventError(f"{type(event).__name__} cannot have happened here: {what}") from error
    run.last = max(run.last, event.at)


def _on_term_started(run: Run, event: e.TermStarted) -> None:
    run.job, run.version, run.host = event.job, event.version, event.host
    run.boot_id, run.pid, run.term = event.boot_id, event.pid, event.term
    run.term_started = event.at
    if not run.started:
        run.started = event.at
    else:
        run.gaps.append(Gap(run.last, max(event.at, run.last), run.outcome is not None))
        run.idle_us += run.gaps[-1].until - run.last
    run.phase, run.outcome, run.reason, run.canceled_by = Phase.PREPARING, None, "", ""
    run.listing_error = run.rest_given_up = ""
    run.first_assigned = run.last_progress = run.listed_at = 0
    _take_back_everything(run)
    for node in run.nodes.values():
        node.live, node.init_failures, node.ever_ready = False, 0, False


def _take_back_everything(run: Run) -> None:
    """What was running waits again uncharged; what was not committed is scored again."""
    for worker in list(run.workers.values()):
        _forget_worker(run, worker, _gone(worker, run.last, "its master ended"))
    back = list(run.returned)
    for item in run.uncommitted:
        run.done.remove(item.mini_batch)
        run.done_items -= item.items
        run.succeeded_items -= item.succeeded
        run.short -= item.succeeded < item.items
        run.rows -= item.rows
        back.append(item.mini_batch)
    run.uncommitted.clear()
    if not run.rows:
        run.columns = None
    run.returned.clear()
    run.returned.extend(sorted(back))
    run.withdrawing.clear()
    run.stacks.clear()


def _gone(
    worker: Worker, at: int, cause: str, exit_code: int | None = None, signal: int | None = None
) -> GoneWorker:
    return GoneWorker(
        worker.id, worker.pid, at, exit_code, signal, cause, worker.finished, worker.failed, worker.init_ns
    )


def _forget_worker(run: Run, worker: Worker, gone: GoneWorker) -> None:
    for mini_batch in reversed(worker.queue):
        del run.in_flight[mini_batch]
        run.withdrawing.discard(mini_batch)
        run.returned.appendleft(mini_batch)
    del run.workers[worker.id]
    node = run.nodes[worker.node]
    node.alive -= 1
    node.gone_finished += worker.finished
    node.gone_failed += worker.failed
    run.hungry.pop(worker.id, None)
    run.stacks.pop(worker.id, None)
    run.gone.append(gone)
    run.gone_count += 1


def _on_configured(run: Run, event: e.RunConfigured) -> None:
    run.config = event


def _on_earlier_run(run: Run, event: e.EarlierRunFound) -> None:
    run.earlier = event


def _on_node_joined(run: Run, event: e.NodeJoined) -> None:
    known = run.nodes.get(event.node)
    next_process = known.next_process if known else 0
    run.nodes[event.node] = Node(
        event.node,
        event.host,
        event.cpus,
        event.memory_mb,
        event.workers,
        next_process=next_process,
        alive=known.alive if known else 0,
        gone_finished=known.gone_finished if known else 0,
        gone_failed=known.gone_failed if known else 0,
    )


def _on_node_lost(run: Run, event: e.NodeLost) -> None:
    node = run.nodes[event.node]
    node.live, node.lost_at, node.lost_reason = False, event.at, event.reason
    for worker in [w for w in run.workers.values() if w.node == event.node]:
        if worker.state is WorkerState.BUSY and worker.queue:
            running = worker.queue[0]
            charge = run.charges.get(running)
            items = _items_of(run, running) if charge is None else charge.items
            charge_attempt(run, running, worker.id, items, event.at, "its node was lost", "")
            run.failures[e.FailureKind.LOST] = run.failures.get(e.FailureKind.LOST, 0) + 1
            worker.failed += 1
        _forget_worker(run, worker, _gone(worker, event.at, "its node was lost"))


def _items_of(run: Run, mini_batch: int) -> int:
    """Items of a mini-batch that nobody counted: as many as fit, fewer in the last one."""
    size = run.config.mini_batch_size if run.config else 0
    return max(min(size, run.items - mini_batch * size), 0)


def _on_node_back(run: Run, event: e.NodeBack) -> None:
    node = run.nodes[event.node]
    node.live, node.init_failures = True, 0


def _on_created(run: Run, event: e.MiniBatchesCreated) -> None:
    run.mini_batches, run.items, run.listed_at = event.mini_batches, event.items, event.at


def _on_listing_finished(run: Run, event: e.ListingFinished) -> None:
    _on_created(run, e.MiniBatchesCreated(event.at, event.mini_batches, event.items))
    run.listing_finished = True


def _on_listing_failed(run: Run, event: e.ListingFailed) -> None:
    run.listing_error = event.reason


def _on_inputs_changed(run: Run, event: e.InputsChanged) -> None:
    run.missing_items, run.changed_items, run.added_items = event.missing, event.changed, event.added
    run.changed_names = event.first_names


def _on_worker_starting(run: Run, event: e.WorkerStarting) -> None:
    known = run.workers.get(event.worker)
    if known is not None:
        known.pid = event.pid
        return
    node_id, _, process = event.worker.rpartition("/")
    node = run.nodes[node_id]
    number = int(process.removeprefix("process"))
    node.next_process = max(node.next_process, number + 1)
    if not node.live:
        # Its agent said so before it was lost: work given to it would never come back.
        return
    node.alive += 1
    run.workers[event.worker] = Worker(event.worker, node_id, event.pid, event.at, since=event.at)


def _on_worker_ready(run: Run, event: e.WorkerReady) -> None:
    worker = run.workers.get(event.worker)
    if worker is None or worker.state is not WorkerState.STARTING:
        return
    worker.state, worker.since, worker.init_ns = WorkerState.IDLE, event.at, event.init_ns
    run.recent_starts_us.append(max(event.at - worker.started, 0))
    run.stacks.pop(worker.id, None)
    node = run.nodes[worker.node]
    node.ever_ready = True
    run.hungry[worker.id] = None
    if run.phase is Phase.PREPARING:
        run.phase = Phase.RUNNING


def _on_init_failed(run: Run, event: e.InitFailed) -> None:
    add_init_error(run, event)


def _on_shutdown_failed(run: Run, event: e.ShutdownFailed) -> None:
    add_shutdown_error(run, event)


def _on_worker_stopping(run: Run, event: e.WorkerStopping) -> None:
    worker = run.workers.get(event.worker)
    if worker is None:
        return
    worker.state, worker.since, worker.stopping_reason = WorkerState.STOPPING, event.at, event.reason
    run.hungry.pop(worker.id, None)


def _on_worker_gone(run: Run, event: e.WorkerGone) -> None:
    worker = run.workers.get(event.worker)
    if worker is None:
        return
    died = _died(worker, event)
    run.deaths += died
    if event.init_failed or (died and not worker.finished and not worker.failed):
        run.nodes[worker.node].init_failures += 1
    # How a worker ended that was to end says nothing.
    how = (None, None) if event.ordered else (event.exit_code, event.signal)
    _forget_worker(run, worker, _gone(worker, event.at, event.cause, *how))


def _died(worker: Worker, event: e.WorkerGone) -> bool:
    """Whether it ended by itself: whatever its exit code, where it is known what was ordered."""
    ended = event.signal is not None or event.exit_code is not None
    stopping = worker.state is WorkerState.STOPPING
    if event.ordered is None:
        return ended and event.exit_code != 0 and not stopping
    killed_by_agent = stopping and event.signal == SIGKILL
    return ended and not event.ordered and not killed_by_agent


def _on_stacks(run: Run, event: e.StacksTaken) -> None:
    if event.worker in run.workers:
        run.stacks[event.worker] = (event.at, event.mini_batch, event.place, event.trace)


def _on_committed(run: Run, event: e.Committed) -> None:
    while run.uncommitted and run.uncommitted[0].event <= event.upto_event:
        run.uncommitted.popleft()
    part = run.part
    if part is None:
        part = Part(run.term, 0, 0)
        run.parts.append(part)
    part.nbytes, part.rows = event.part_bytes, event.rows


def _on_request(run: Run, event: e.RequestTaken) -> None:
    if len(run.requests) < MAX_REQUESTS:
        run.requests.append((event.at, event.what, event.arguments, event.who, event.where))
    if event.what == "cancel" and event.granted and not run.canceled_by:
        run.canceled_by = f"{event.who} on {event.where}" if event.where else event.who


def _on_finding(run: Run, event: e.FindingMade) -> None:
    if len(run.findings) < MAX_FINDINGS:
        run.findings.setdefault(event.code, event.text)
    add_own_warning(run, event, event.text)


def _on_columns(run: Run, event: e.ColumnsSeen) -> None:
    run.columns = run.columns or event


def _on_clock_jumped(run: Run, event: e.ClockJumped) -> None:
    run.clock_jumps += 1
    add_own_warning(run, event, f"The wall clock moved by {event.seconds:g} seconds.")


def _on_finalizing(run: Run, _event: e.Finalizing) -> None:
    run.phase = Phase.FINALIZING


def _on_ended(run: Run, event: e.RunEnded) -> None:
    run.phase, run.outcome, run.reason, run.output = Phase.ENDED, event.outcome, event.reason, event.output
    for worker in list(run.workers.values()):
        _forget_worker(run, worker, _gone(worker, event.at, "the run ended"))


def _on_unknown(run: Run, _event: e.UnknownEvent) -> None:
    run.unknown_events += 1


_REDUCERS: dict[type, Callable[[Run, Any], None]] = {
    **ATTEMPT_REDUCERS,
    **GIVING_UP_REDUCERS,
    e.TermStarted: _on_term_started,
    e.RunConfigured: _on_configured,
    e.EarlierRunFound: _on_earlier_run,
    e.NodeJoined: _on_node_joined,
    e.NodeLost: _on_node_lost,
    e.NodeBack: _on_node_back,
    e.MiniBatchesCreated: _on_created,
    e.ListingFinished: _on_listing_finished,
    e.ListingFailed: _on_listing_failed,
    e.InputsChanged: _on_inputs_changed,
    e.ItemsMissing: add_missing,
    e.WorkerStarting: _on_worker_starting,
    e.WorkerReady: _on_worker_ready,
    e.InitFailed: _on_init_failed,
    e.ShutdownFailed: _on_shutdown_failed,
    e.WorkerStopping: _on_worker_stopping,
    e.WorkerGone: _on_worker_gone,
    e.StacksTaken: _on_stacks,
    e.Committed: _on_committed,
    e.RequestTaken: _on_request,
    e.ColumnsSeen: _on_columns,
    e.FindingMade: _on_finding,
    e.WarningsSeen: add_warnings,
    e.ClockJumped: _on_clock_jumped,
    e.Finalizing: _on_finalizing,
    e.RunEnded: _on_ended,
    e.UnknownEvent: _on_unknown,
}
