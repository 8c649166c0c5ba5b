"""When a run will end, as everybody who looks at it is told."""

from __future__ import annotations

import random

from bscore.core.estimate import Estimate, estimate
from bscore.core.state import Run


def end_of(run: Run, now: int) -> Estimate:
    """`core.estimate` with the same draws for the same run (`now` in microseconds UTC).

    So the picture moves only when the run does, and two who look at one moment see the same.
    """
    return estimate(run, now, random.Random(run.events).random)
