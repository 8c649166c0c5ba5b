"""When a run will be over at the latest: a fixed moment, as long as the same attempts run."""

from __future__ import annotations

from bscore.core.attempts import attempt_of
from bscore.core.state import Run, WorkerState


def latest_end(run: Run) -> int | None:
    """When everything left has used up every try and every time-out (microseconds UTC); None for unknown.

    Inits of new workers are not counted.
    """
    if run.config is None or not run.listing_finished or run.outcome is not None:
        return None
    running = _running(run)
    workers = len(run.workers)
    if not workers or not running:
        return None
    tries, attempt_us = run.config.limits.tries, run.config.limits.attempt_s * 1e6
    more = [tries - attempt_of(run, mini_batch) for mini_batch, _ in running]
    going = {mini_batch for mini_batch, _ in running}
    waiting = run.mini_batches - run.over - len(running)
    tried = sum(charge.tries for mini_batch, charge in run.charges.items() if mini_batch not in going)
    rest = sum(more) + waiting * tries - tried
    rounds = max(-(-rest // workers), *more, tries if waiting else 0)
    return int(max(since for _, since in running) + (1 + rounds) * attempt_us)


def _running(run: Run) -> list[tuple[int, int]]:
    """(mini-batch, since when) of each that a worker runs."""
    busy = (worker for worker in run.workers.values() if worker.state is WorkerState.BUSY and worker.queue)
    return [(worker.queue[0], worker.since) for worker in busy]
