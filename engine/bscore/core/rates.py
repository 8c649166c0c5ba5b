"""How fast a run scored: one measure for whoever says it."""

from __future__ import annotations

from dataclasses import dataclass

from bscore.core.state import Phase, Run


@dataclass(frozen=True, slots=True)
class Rate:
    """What was finished per second; `mini_batches` is None where it is that of a later term."""

    items: float
    mini_batches: float | None


def rate(run: Run) -> Rate | None:
    """What this term finished, from the first work handed out to the last finish; None before any.

    What was abandoned is not finished, and neither the start nor the end of a job is scoring. An ended run
    has the rate of its last term that finished anything.
    """
    scored = run.scored
    seconds = (scored.until - scored.since) / 1e6
    if (scored.term != run.term and run.phase is not Phase.ENDED) or not scored.items or seconds <= 0:
        return None
    return Rate(scored.items / seconds, scored.mini_batches / seconds if scored.term == 1 else None)
