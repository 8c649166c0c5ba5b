"""What is over without rows: mini-batches given up one by one, all at once, and waiting again.

`Run.given_up` keeps the reasons, so that a reader learns who asked for it.
"""

from __future__ import annotations

from collections.abc import Callable

from bscore.core import events as e
from bscore.core.attempts import index_hunger, step_over
from bscore.core.diagnose import add_own_warning
from bscore.core.last_tries import keep_abandoned
from bscore.core.ranges import Ranges
from bscore.core.state import MAX_REASONS, OTHER_REASONS, REASON_CHARS, Run, Worker, WorkerState


def on_abandoned(run: Run, event: e.MiniBatchAbandoned) -> None:
    """Its tries are used up, or somebody asked for it: it is over, without rows."""
    mini_batch = event.mini_batch
    holder = run.in_flight.get(mini_batch)
    ran = holder is not None and run.workers[holder].queue[0] == mini_batch
    if holder is not None:
        _take_from(run, run.workers[holder], mini_batch, event.at)
    elif mini_batch < run.next_new:
        run.returned.remove(mini_batch)
    charge = run.charges.pop(mini_batch, None)
    run.abandoned.add(mini_batch)
    keep_abandoned(run, mini_batch, holder if ran else None, charge, event.at, event.reason)
    _keep_reason(run, event.reason, 1)
    if mini_batch >= run.next_new:
        run.ahead.add(mini_batch)
        step_over(run)
    run.abandoned_items += event.items
    run.last_progress = event.at


def _keep_reason(run: Run, reason: str, mini_batches: int) -> None:
    if not mini_batches:
        return
    reason = reason[:REASON_CHARS]
    if reason not in run.given_up and len(run.given_up) >= MAX_REASONS:
        reason = OTHER_REASONS
    run.given_up[reason] = run.given_up.get(reason, 0) + mini_batches


def _take_from(run: Run, worker: Worker, mini_batch: int, at: int) -> None:
    """A worker that runs it is being killed; one that only holds it goes on."""
    is_running = worker.queue[0] == mini_batch
    worker.queue.remove(mini_batch)
    del run.in_flight[mini_batch]
    run.withdrawing.discard(mini_batch)
    if worker.state is WorkerState.STOPPING:
        return
    if is_running:
        worker.state, worker.since = WorkerState.STOPPING, at
        worker.stopping_reason = "its mini-batch was abandoned"
    index_hunger(run, worker)


def on_remaining_abandoned(run: Run, event: e.RemainingAbandoned) -> None:
    """Everything that is not over is abandoned at once."""
    before = len(run.abandoned)
    for worker in run.workers.values():
        for number, mini_batch in enumerate(list(worker.queue)):
            _take_from(run, worker, mini_batch, event.at)
            run.abandoned.add(mini_batch)
            holder, charge = None if number else worker.id, run.charges.get(mini_batch)
            keep_abandoned(run, mini_batch, holder, charge, event.at, event.reason)
    for mini_batch in run.returned:
        run.abandoned.add(mini_batch)
        keep_abandoned(run, mini_batch, None, run.charges.get(mini_batch), event.at, event.reason)
    run.abandoned.add_range(run.next_new, run.mini_batches)
    _keep_reason(run, event.reason, len(run.abandoned) - before)
    run.returned.clear()
    run.charges.clear()
    run.next_new, run.ahead = run.mini_batches, Ranges()
    run.abandoned_items += event.items
    run.last_progress = event.at
    run.rest_given_up = event.reason
    add_own_warning(run, event, f"What was not over was given up: {event.reason}")


def on_abandoned_returned(run: Run, _event: e.AbandonedReturned) -> None:
    """What was given up waits again; ids at the end of those handed out become new ones again."""
    pairs = run.abandoned.pairs()
    run.ahead = Ranges()
    # From the end: as far as nothing else lies behind, no id has to be held one by one.
    while pairs and pairs[-1][1] >= run.next_new:
        run.next_new = min(run.next_new, pairs.pop()[0])
    run.returned.extendleft(sorted((m for first, stop in pairs for m in range(first, stop)), reverse=True))
    run.abandoned = Ranges()
    run.abandoned_items = 0
    run.given_up.clear()
    run.last_tries.clear()
    run.charges.clear()


REDUCERS: dict[type, Callable[..., None]] = {
    e.MiniBatchAbandoned: on_abandoned,
    e.RemainingAbandoned: on_remaining_abandoned,
    e.AbandonedReturned: on_abandoned_returned,
}
