"""What happens to mini-batches, as seen by a Run: assigned, finished, failed, given back.

The hot half of `reduce`: two of these run for every mini-batch of a job.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable

from bscore.core import events as e
from bscore.core.diagnose import add_error, add_own_warning
from bscore.core.last_tries import charge_attempt, keep_tried_again
from bscore.core.ranges import Ranges, from_pairs
from bscore.core.state import (
    DEADLY,
    HISTOGRAM_BUCKETS,
    IN_FLIGHT_NS,
    MAX_IN_FLIGHT,
    MAX_SLOWEST,
    MIN_IN_FLIGHT,
    Run,
    Scored,
    Slow,
    Uncommitted,
    Worker,
    WorkerState,
)

#: The median behind a worker's depth looks at this many of its last durations.
DEPTH_SAMPLE = 5


def why_not_current(run: Run, term: int, worker: str, mini_batch: int, attempt: int) -> str:
    """Why an answer must be dropped, in words; empty when it is current."""
    if term != run.term:
        return f"it is of term {term}, this is term {run.term}"
    holder = run.in_flight.get(mini_batch)
    if holder is None:
        return "nobody has this mini-batch"
    if holder != worker:
        return f"{holder} has this mini-batch"
    if run.workers[worker].queue[0] != mini_batch:
        return "the worker has not begun it"
    charge = run.charges.get(mini_batch)
    current = 1 if charge is None else charge.tries + 1
    return "" if attempt == current else f"attempt {current} is the current one"


def attempt_of(run: Run, mini_batch: int) -> int:
    """The number of the attempt that is or will be made next, from 1."""
    charge = run.charges.get(mini_batch)
    return 1 if charge is None else charge.tries + 1


def on_assigned(run: Run, event: e.Assigned) -> None:
    """Move ids from waiting to the end of the worker's queue."""
    worker = run.workers[event.worker]
    pairs = event.pairs
    if worker.state is WorkerState.STARTING or len(pairs) != 1 or pairs[0][0] != run.next_new:
        _refuse_what_does_not_wait(run, worker, pairs)
    elif pairs[0][0] + pairs[0][1] > run.mini_batches:
        raise ValueError(f"mini-batch {sum(pairs[0]) - 1} of {run.mini_batches} was assigned")
    if worker.state is WorkerState.IDLE:
        worker.state, worker.since = WorkerState.BUSY, event.at
    if not run.first_assigned:
        run.first_assigned = event.at
        run.resumes += run.term > 1
    for first, count in pairs:
        if first == run.next_new:
            run.next_new += count
            ids = range(first, first + count)
            if run.ahead:
                step_over(run)
        else:
            ids = _take_returned(run, first, count)
        worker.queue.extend(ids)
        for mini_batch in ids:
            run.in_flight[mini_batch] = event.worker
    index_hunger(run, worker)


def _refuse_what_does_not_wait(run: Run, worker: Worker, pairs: tuple[tuple[int, int], ...]) -> None:
    """Raise ValueError, with nothing changed, where not all of these can be assigned to the worker."""
    if worker.state is WorkerState.STARTING or not pairs:
        raise ValueError(f"{worker.id} is {worker.state.value} and was assigned {pairs}")
    seen: set[int] = set()
    for mini_batch in from_pairs(pairs):
        over = mini_batch in run.done or mini_batch in run.abandoned or mini_batch >= run.mini_batches
        if over or mini_batch in run.in_flight or mini_batch in seen:
            raise ValueError(f"mini-batch {mini_batch} was assigned, but does not wait")
        seen.add(mini_batch)


def _take_returned(run: Run, first: int, count: int) -> range:
    ids = range(first, first + count)
    returned = run.returned
    for mini_batch in ids:
        if returned and returned[0] == mini_batch:
            returned.popleft()
        else:
            returned.remove(mini_batch)
    if run.charges:
        _count_second_tries(run, ids)
    return ids


def _count_second_tries(run: Run, ids: range) -> None:
    for mini_batch in ids:
        charge = run.charges.get(mini_batch)
        if charge is not None and not charge.again:
            charge.again = True
            keep_tried_again(run, mini_batch, charge)


def on_finished(run: Run, event: e.Finished) -> None:
    """The first of the worker's queue is done."""
    mini_batch = event.mini_batch
    worker = run.workers[event.worker]
    took_us = _leave_queue(run, worker, mini_batch, event.at)
    run.finished_us += took_us
    run.recent_around_us.append(took_us - event.run_ns // 1000)
    run.charges.pop(mini_batch, None)
    run.done.add(mini_batch)
    run.uncommitted.append(Uncommitted(run.events, mini_batch, event.items, event.succeeded, event.rows))
    run.done_items += event.items
    run.succeeded_items += event.succeeded
    run.short += event.succeeded < event.items
    run.rows += event.rows
    run.last_progress = event.at
    _count_scored(run, event)
    worker.finished += 1
    worker.items += event.items
    _learn_duration(run, worker, event)
    index_hunger(run, worker)


def _count_scored(run: Run, event: e.Finished) -> None:
    scored = run.scored
    if scored.term != run.term:
        run.scored = scored = Scored(run.term, run.first_assigned)
    scored.until = event.at
    scored.mini_batches += 1
    scored.items += event.items


def index_hunger(run: Run, worker: Worker) -> None:
    """Keep the index of workers that have room."""
    if len(worker.queue) < worker.depth and worker.state is not WorkerState.STOPPING:
        run.hungry[worker.id] = None
    else:
        run.hungry.pop(worker.id, None)


def _leave_queue(run: Run, worker: Worker, mini_batch: int, at: int) -> int:
    """Take the running mini-batch off; for how long it was the running one (microseconds)."""
    queue = worker.queue
    if not queue or queue[0] != mini_batch:
        raise ValueError(
            f"{worker.id} answered mini-batch {mini_batch}, but it was running {list(queue)[:1]}"
        )
    queue.popleft()
    del run.in_flight[mini_batch]
    run.withdrawing.discard(mini_batch)
    if not worker.last_answer:
        run.nodes[worker.node].init_failures = 0
    worker.last_answer = at
    if worker.state is not WorkerState.BUSY:
        return 0
    took = at - worker.since
    worker.since = at
    if not queue:
        worker.state = WorkerState.IDLE
    return took


def _learn_duration(run: Run, worker: Worker, event: e.Finished) -> None:
    run_ns = event.run_ns
    run.run_ns += run_ns
    bucket = (run_ns // 1000).bit_length()
    run.histogram[bucket if bucket < HISTOGRAM_BUCKETS else HISTOGRAM_BUCKETS - 1] += 1
    run.recent_ns.append(run_ns)
    worker.recent_ns.append(run_ns)
    if worker.finished <= DEPTH_SAMPLE or not worker.finished % DEPTH_SAMPLE:
        worker.depth = _depth(worker.recent_ns)
    if run_ns > run.longest_run_ns:
        run.longest_run_ns = run_ns
    slowest = run.slowest
    if len(slowest) < MAX_SLOWEST or run_ns > slowest[-1].run_ns:
        insort(slowest, Slow(run_ns, event.mini_batch, event.worker, event.at), key=_fastest_last)
        del slowest[MAX_SLOWEST:]


def _fastest_last(slow: Slow) -> int:
    return -slow.run_ns


def _depth(recent_ns: deque[int]) -> int:
    last = sorted([recent_ns[i] for i in range(-min(DEPTH_SAMPLE, len(recent_ns)), 0)])
    median = max(last[len(last) // 2], 1)
    return min(max(-(-IN_FLIGHT_NS // median), MIN_IN_FLIGHT), MAX_IN_FLIGHT)


def on_attempt_failed(run: Run, event: e.AttemptFailed) -> None:
    """Charge the attempt; the mini-batch waits at the front of the queue."""
    mini_batch = event.mini_batch
    worker = run.workers[event.worker]
    # A worker that is being killed runs nothing any more: the attempt itself tells how long it was.
    took_us = _leave_queue(run, worker, mini_batch, event.at) or max(event.elapsed_ns // 1000, 0)
    run.failed_us += took_us
    run.recent_failed.append((took_us, event.kind in DEADLY))
    why = f"{event.error_type}: {event.message}" if event.error_type else event.message
    charge_attempt(run, mini_batch, event.worker, event.items, event.at, why, event.place)
    run.returned.appendleft(mini_batch)
    run.failures[event.kind] = run.failures.get(event.kind, 0) + 1
    worker.failed += 1
    add_error(run, event, worker.node)
    index_hunger(run, worker)


def on_withdrawal(run: Run, event: e.WithdrawalAsked) -> None:
    """Remember what was asked for, so that it is asked once."""
    run.withdrawing.update(from_pairs(event.pairs))


def on_withdrawn(run: Run, event: e.Withdrawn) -> None:
    """Put back, uncharged, what the worker had not begun."""
    worker = run.workers.get(event.worker)
    back = []
    for mini_batch in from_pairs(event.pairs):
        run.withdrawing.discard(mini_batch)
        if worker is None or run.in_flight.get(mini_batch) != event.worker:
            continue
        worker.queue.remove(mini_batch)
        del run.in_flight[mini_batch]
        back.append(mini_batch)
    run.returned.extendleft(reversed(back))
    if worker is not None and worker.state in (WorkerState.BUSY, WorkerState.IDLE):
        if not worker.queue:
            worker.state, worker.since = WorkerState.IDLE, event.at
        index_hunger(run, worker)


def step_over(run: Run) -> None:
    """The next new id is never one that was given up before its turn."""
    ahead = run.ahead.pairs()
    while ahead and ahead[0][0] == run.next_new:
        run.next_new = ahead.pop(0)[1]
    run.ahead = Ranges(ahead)


def on_dropped(run: Run, event: e.AnswerDropped) -> None:
    """Count an answer that was not current."""
    run.dropped += 1
    add_own_warning(run, event, f"An answer was dropped: {event.reason}", event.worker)


REDUCERS: dict[type, Callable[..., None]] = {
    e.Finished: on_finished,
    e.Assigned: on_assigned,
    e.AttemptFailed: on_attempt_failed,
    e.WithdrawalAsked: on_withdrawal,
    e.Withdrawn: on_withdrawn,
    e.AnswerDropped: on_dropped,
}
