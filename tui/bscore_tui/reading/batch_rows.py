"""Mini-batches of a run as rows: running, waiting and for what, tried again, abandoned, slowest."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

from bscore.core.attempts import attempt_of
from bscore.core.state import Run, WorkerState
from bscore_tui.reading.notes import worker_text
from bscore_tui.views.model import BatchRow

#: Rows of one list at most; the rest is counted.
MAX_ROWS = 1000


def running_rows(run: Run, at: int, late: Collection[str]) -> tuple[BatchRow, ...]:
    """Mini-batches being run, the oldest first; `late`: the workers whose is."""
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
                "!" if is_late else "",
            )
        )
    return tuple(sorted(rows, key=lambda row: row.since or 0)[:MAX_ROWS])


def waiting_rows(run: Run) -> tuple[BatchRow, ...]:
    """What waits and for what: with a worker already, to be tried again, never given out."""
    rows = [
        BatchRow(
            mini_batch, "waiting", attempt_of(run, mini_batch), worker=worker_text(worker.id), why="next for"
        )
        for worker in run.workers.values()
        for mini_batch in islice(worker.queue, int(worker.state is WorkerState.BUSY), None)
    ]
    rows += [_returned_row(run, mini_batch) for mini_batch in islice(run.returned, MAX_ROWS)]
    rows += [
        BatchRow(mini_batch, "waiting", 1, why="not handed out")
        for mini_batch in islice(_never_given(run), MAX_ROWS)
    ]
    return tuple(rows[:MAX_ROWS])


def _never_given(run: Run) -> Iterator[int]:
    """Mini-batches whose turn has not come, but for those given up ahead of it."""
    start = run.next_new
    for first, behind in run.ahead.pairs():
        yield from range(start, first)
        start = max(start, behind)
    yield from range(start, run.mini_batches)


def _returned_row(run: Run, mini_batch: int) -> BatchRow:
    charge = run.charges.get(mini_batch)
    if charge is None:
        return BatchRow(mini_batch, "waiting", 1, why="given back, waits again")
    return BatchRow(
        mini_batch,
        "waiting",
        attempt_of(run, mini_batch),
        items=charge.items,
        worker=worker_text(charge.worker),
        why="to be tried again after",
    )


def retried_rows(run: Run) -> tuple[BatchRow, ...]:
    """Open mini-batches of which an attempt failed."""
    return tuple(
        BatchRow(
            mini_batch,
            "running" if mini_batch in run.in_flight else "waiting",
            attempt_of(run, mini_batch),
            items=charge.items,
            worker=worker_text(run.in_flight.get(mini_batch, charge.worker)),
            why=f"{charge.tries} failed",
            sign="!",
        )
        for mini_batch, charge in islice(run.charges.items(), MAX_ROWS)
    )


def abandoned_rows(run: Run) -> tuple[BatchRow, ...]:
    """Mini-batches without rows."""
    return tuple(
        BatchRow(mini_batch, "abandoned", sign="x") for mini_batch in islice(run.abandoned, MAX_ROWS)
    )


def slowest_rows(run: Run) -> tuple[BatchRow, ...]:
    """The slowest finished ones."""
    return tuple(
        BatchRow(slow.mini_batch, "done", None, slow.at, slow.run_ns, None, worker_text(slow.worker))
        for slow in run.slowest
    )
