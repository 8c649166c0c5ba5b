"""What takes too long to be worked out for every picture: when a run ends, and which workers are slow."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bscore.core.estimate import Confidence, Estimate
from bscore.core.standing import SlowWorker, slow_workers, standing_still
from bscore.core.state import Run
from bscore.observe import end_of

#: Between two looks at a run that goes on; one takes some hundredths of a second.
EVERY_US = 3_000_000


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run says of its end, and of its workers."""

    end: Estimate | None = None
    slow: tuple[SlowWorker, ...] = ()


#: Where nobody works on the run, or not all that happened so far is read.
NO_OUTLOOK = Outlook()


class Outlooks:
    """The outlook of one run, kept for a while. Belongs to one thread."""

    def __init__(self) -> None:
        self._kept: Outlook | None = None
        self._turn: object = None
        self._moment: tuple[int, int] = (0, 0)
        self._looked_at = 0

    def of(self, run: Run, at: int, now: int, *, moving: bool) -> Outlook:
        """The outlook at a moment `at`, looked at `now` (both microseconds UTC).

        `moving`: the moment goes on by itself, so that the outlook of some seconds ago is near enough.
        """
        kept, turn = self._kept, _turn(run, at)
        moment = (at, run.events)
        near = moving and moment >= self._moment and 0 <= now - self._looked_at < EVERY_US
        if kept is None or kept.end is None or turn != self._turn or not (near or moment == self._moment):
            self._kept = Outlook(end_of(run, at), tuple(slow_workers(run)))
        elif kept.end.confidence is Confidence.UNKNOWN and moment != self._moment:
            # To find that it is still unknown, and why, costs next to nothing.
            end = end_of(run, at)
            self._kept = replace(kept, end=end)
            if end.confidence is Confidence.UNKNOWN:
                return self._kept
        else:
            return kept
        self._turn, self._moment, self._looked_at = turn, moment, now
        return self._kept


def _turn(run: Run, at: int) -> tuple[object, ...]:
    """What changes seldom, and makes another outlook of it."""
    still = standing_still(run, at) is not None
    return run.term, run.phase, run.outcome, run.listing_finished, run.exhausted, still
