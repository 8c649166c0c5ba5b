"""Mini-batches of a run as rows: running, waiting and for what, tried again, abandoned, done, slowest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from bscore.core.attempts import attempt_of
from bscore.core.events import Finished
from bscore.core.policy import TRIES_FAILED
from bscore.core.state import Charge, LastTry, Run, WorkerState
from bscore_tui.reading.notes import worker_text
from bscore_tui.views.model import NEXT_FOR, BatchRow
from bscore_tui.views.safe import safe_text
from bscore_tui.views.words import plural

#: Rows of one list at most; the rest is counted.
MAX_ROWS = 1000


def running_rows(run: Run, at: int, late: Collection[str], *, silent: bool = False) -> tuple[BatchRow, ...]:
    """Mini-batches being run, the oldest first; `late`: the workers whose is; `silent`: nobody knows."""
    rows = []
    for worker in run.workers.values():
        if worker.state is not WorkerState.BUSY or not worker.queue:
            continue
        mini_batch, spent_us = worker.queue[0], at - worker.since
        is_late = worker.id in late
        rows.append(
            BatchRow(
                mini_batch,
                "running",
                attempt_of(run, mini_batch),
                worker.since,
                max(spent_us, 0) * 1000,
                None,
                worker_text(worker.id),
                "late" if is_late else "",
                "!" if is_late else "?" if silent else "",
            )
        )
    return tuple(sorted(rows, key=lambda row: row.since or 0)[:MAX_ROWS])


def waiting_rows(run: Run) -> tuple[BatchRow, ...]:
    """What waits and for what: to be tried again, with a worker already, never given out."""
    state = open_state(run)
    rows = [_returned_row(run, mini_batch, state) for mini_batch in islice(run.returned, MAX_ROWS)]
    rows += [
        BatchRow(mini_batch, state, attempt_of(run, mini_batch), worker=worker_text(worker.id), why=NEXT_FOR)
        for worker in run.workers.values()
        for mini_batch in islice(worker.queue, int(worker.state is WorkerState.BUSY), None)
    ]
    why = "not tried" if run.outcome is not None else "not assigned yet"
    rows += [BatchRow(mini_batch, state, 1, why=why) for mini_batch in islice(_never_given(run), MAX_ROWS)]
    return tuple(rows[:MAX_ROWS])


def open_state(run: Run) -> str:
    """What is called a mini-batch that is neither over nor being run."""
    return "waiting" if run.outcome is None else "not finished"


def _never_given(run: Run) -> Iterator[int]:
    """Mini-batches whose turn has not come, but for those given up ahead of it."""
    start = run.next_new
    for first, behind in run.ahead.pairs():
        yield from range(start, first)
        start = max(start, behind)
    yield from range(start, run.mini_batches)


def _returned_row(run: Run, mini_batch: int, state: str) -> BatchRow:
    charge = run.charges.get(mini_batch)
    if charge is None:
        why = "given back, waits again" if run.outcome is None else "no attempt finished"
        return BatchRow(mini_batch, state, 1, why=why)
    return BatchRow(
        mini_batch,
        state,
        attempt_of(run, mini_batch),
        charge.at or None,
        items=charge.items,
        worker=worker_text(charge.worker),
        why=_failed_words(charge),
        sign="!",
    )


def _failed_words(last: Charge | LastTry) -> str:
    return _why(last) or f"{last.tries} failed"


def _why(last: Charge | LastTry) -> str:
    return safe_text(f"{last.why} {last.place.partition(' in ')[0]}".strip(), 400)


def state_of(run: Run, mini_batch: int) -> str:
    """The state of a mini-batch by its number."""
    holder = run.in_flight.get(mini_batch)
    if holder is not None and run.workers[holder].queue[0] == mini_batch:
        return "running"
    if mini_batch in run.abandoned:
        return "abandoned"
    return "done" if mini_batch in run.done else open_state(run)


def retried_rows(run: Run) -> tuple[BatchRow, ...]:
    """Mini-batches of which another try was given out, over or not, the last one first."""
    return tuple(_retried_row(run, *one) for one in reversed(run.tried_again.items()))


def _retried_row(run: Run, mini_batch: int, last: LastTry) -> BatchRow:
    state = state_of(run, mini_batch)
    return BatchRow(
        mini_batch,
        state,
        last.tries if state == "abandoned" else last.tries + 1,
        last.at or None,
        worker=worker_text(run.in_flight.get(mini_batch, last.worker)),
        why=_failed_words(last),
        sign="x" if state == "abandoned" else "!",
    )


def abandoned_rows(run: Run) -> tuple[BatchRow, ...]:
    """Mini-batches without rows, the last abandoned first, with the last attempt and why; then the others."""
    known = [_abandoned_row(*one) for one in reversed(run.last_tries.items())]
    why = safe_text(next(iter(run.given_up)), 400) if len(run.given_up) == 1 else ""
    others = (mini_batch for mini_batch in run.abandoned if mini_batch not in run.last_tries)
    rest = islice(others, MAX_ROWS - len(known))
    return (*known, *(BatchRow(mini_batch, "abandoned", why=why, sign="x") for mini_batch in rest))


def _abandoned_row(mini_batch: int, last: LastTry) -> BatchRow:
    asked = "" if last.tries and last.reason.endswith(TRIES_FAILED) else safe_text(last.reason, 400)
    return BatchRow(
        mini_batch,
        "abandoned",
        last.tries or None,
        last.at,
        worker=worker_text(last.worker),
        why="; ".join(filter(None, (asked, _why(last)))),
        sign="x",
    )


def done_rows(run: Run, finished: Iterable[Finished]) -> tuple[BatchRow, ...]:
    """Those of the last finished ones that are still done, the last first."""
    last = {event.mini_batch: event for event in sorted(finished, key=lambda event: event.at)}
    events = sorted(last.values(), key=lambda event: -event.at)
    return tuple(_done_row(event) for event in events if event.mini_batch in run.done)


def _done_row(event: Finished) -> BatchRow:
    short = event.items - event.succeeded
    return BatchRow(
        event.mini_batch,
        "done",
        event.attempt,
        event.at,
        event.run_ns,
        event.items,
        worker_text(event.worker),
        f"{plural(short, 'item')} failed" if short > 0 else "",
        "!" if short > 0 else "",
    )


def slowest_rows(run: Run) -> tuple[BatchRow, ...]:
    """The slowest finished ones."""
    return tuple(
        BatchRow(slow.mini_batch, "done", None, slow.at, slow.run_ns, None, worker_text(slow.worker))
        for slow in run.slowest
    )
