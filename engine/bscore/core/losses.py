"""What failures cost a run: attempts that brought nothing, and the start of a worker in place of a dead one.

What is to come is drawn from what was seen: how often something failed among so many mini-batches, and
what the last failures cost. Times in microseconds of a worker.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bscore.core.durations import Draw, gamma, normal
from bscore.core.events import FailureKind
from bscore.core.state import DEADLY, Run

#: So many losses are drawn one by one; more are drawn as that many larger ones.
MAX_DRAWN = 200
#: Above this mean, how many there are is drawn from a normal distribution.
_MANY = 30.0


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of a run so far: how many among how many mini-batches, what the last ones cost, and all."""

    count: int
    among: int
    costs_us: tuple[float, ...]
    all_us: float
    #: How many of them cost the worker.
    deadly: int

    def expected(self, mini_batches: int) -> float:
        """How many there will be among so many mini-batches."""
        return self.count / self.among * mini_batches if self.count else 0.0

    def drawn(self, mini_batches: int, draw: Draw) -> list[float]:
        """One way it may go with so many mini-batches: what each loss costs; nothing where none was seen."""
        if not self.count:
            return []
        number = _poisson(gamma(self.count, draw) / self.among * mini_batches, draw)
        seen = _chosen(self.costs_us, len(self.costs_us), draw)
        if number <= MAX_DRAWN:
            return _chosen(seen, number, draw)
        scale = number / MAX_DRAWN
        return [cost * scale for cost in _chosen(seen, MAX_DRAWN, draw)]


def losses(run: Run, start_us: float) -> Losses:
    """What failed so far; `start_us` is what a worker takes from its start until it is ready."""
    deadly = sum(run.failures.get(kind, 0) for kind in DEADLY)
    # A lost node takes its workers along: what remains to be done is done by fewer.
    count = sum(run.failures.values()) - run.failures.get(FailureKind.LOST, 0)
    return Losses(
        count if run.recent_failed else 0,
        max(sum(run.histogram) + len(run.charges), 1),
        tuple(took_us + start_us * dead for took_us, dead in run.recent_failed),
        run.failed_us + start_us * deadly,
        deadly,
    )


def _chosen(values: Sequence[float], count: int, draw: Draw) -> list[float]:
    return [values[int(draw() * len(values))] for _ in range(count)]


def _poisson(mean: float, draw: Draw) -> int:
    """How many rare things happen of which `mean` are expected."""
    if mean > _MANY:
        return max(round(mean + math.sqrt(mean) * normal(draw)), 0)
    number, left, enough = 0, draw(), math.exp(-mean)
    while left > enough:
        number += 1
        left *= draw()
    return number
