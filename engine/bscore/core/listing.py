"""A run that only waits for its listing: since when, and when that is no wonder any more. Pure."""

from __future__ import annotations

from bscore.core.limits import Limits
from bscore.core.state import Run

#: A listing that shows no progress for so long, and is all that is waited for, stands still.
PATIENCE_S = 30.0
FINDING = "listing-stands-still"


def waited_since(run: Run) -> int | None:
    """Since when there has been nothing to do but to list (microseconds UTC); None where there is more.

    Before the first mini-batch is listed, first_task_creation_timeout counts instead.
    """
    if run.listing_finished or run.listing_error or not run.mini_batches or run.over < run.mini_batches:
        return None
    return max(run.term_started, run.last_progress, run.listed_at)


def limit_s(limits: Limits) -> float:
    """How long that may last (seconds); a computed limit leaves time to read the finding and to act on it."""
    if limits.progress_update_timeout_s is not None:
        return limits.progress_update_timeout_s
    return max(limits.no_progress_s, 2 * PATIENCE_S)


def words(run: Run, since: int) -> str:
    """What stands still, since when, and what to look at."""
    return (
        f"The listing of the inputs stands still: nothing since {_time(since)} UTC, after {run.items} items "
        f"({run.mini_batches} mini-batches, all of them over). Look at where the inputs are: a network file "
        "system that does not answer, or a list that somebody still writes?"
    )


def _time(at: int) -> str:
    seconds = at // 1_000_000 % 86_400
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
