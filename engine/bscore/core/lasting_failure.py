"""Whether a failed run fails again however it is resumed."""

from __future__ import annotations

from bscore.core.events import Outcome
from bscore.core.state import Run


def fails_again(run: Run) -> bool:
    """Whether what is done, which no resume scores again, is enough for the run to have failed.

    What was abandoned counts for nothing here: it can be tried again.
    """
    if run.outcome is not Outcome.FAILED or run.config is None:
        return False
    limits = run.config.limits
    if 0 <= limits.error_threshold < run.done_items - run.succeeded_items:
        return True
    if 0 <= limits.allowed_failed_count < run.short:
        return True
    if run.listing_finished and run.short * 100 > limits.allowed_failed_percent * run.mini_batches:
        return True
    without_results = limits.needs_results and run.items > 0 and not run.succeeded_items
    return without_results and run.exhausted and not run.abandoned
