"""How fast a run scored: one measure for whoever says it."""

from __future__ import annotations

from dataclasses import dataclass

from bscore.core.state import Run


@dataclass(frozen=True, slots=True)
class Rate:
    """What was finished per second; `mini_batches` is None where the run was resumed: not counted by term."""

    items: float
    mini_batches: float | None


def rate(run: Run) -> Rate | None:
    """What this term finished, from the first work handed out to the last progress; None before any.

    What was abandoned is not finished, and neither the start nor the end of a job is scoring.
    """
    seconds = (run.last_progress - run.first_assigned) / 1e6
    items = run.done_items - run.done_before
    if not items or not run.first_assigned or seconds <= 0:
        return None
    return Rate(items / seconds, len(run.done) / seconds if run.term == 1 else None)
