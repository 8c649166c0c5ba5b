"""How long a mini-batch takes, learned from a run: finished ones, and the ages of running ones.

What still runs is longer than its age, so that leaving it out would favour the short ones: it counts
as censored (Kaplan-Meier). The last 500 give the shape; how often something longer comes is taken
from all durations, because the last 500 hold too few of them. Durations in microseconds from pick-up
to answer: run() and what a mini-batch costs around it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from bscore.core.state import Run

#: A number in [0, 1), another one at each call.
Draw = Callable[[], float]
#: The longest ones stay apart; the others are joined into groups of neighbours.
LONGEST_APART = 32
GROUPS = 64
#: What is longer than anything seen is at most so many times as long.
MAX_BEYOND = 4.0
#: How far, in logarithms, a single long one stands for others.
MAX_BLUR = 0.4
#: A wait around run() is a gap when it is this long, and so many times the median.
GAP_AT_LEAST_US = 1_000_000
GAP_MEDIANS = 3


@dataclass(frozen=True, slots=True)
class Atom:
    """One duration, how probable it is, and how many observations say so.

    `blur`: the true ones nearby may be shorter or longer by so much (in logarithms).
    """

    us: float
    share: float
    count: float
    blur: float = 0.0


@dataclass(frozen=True, slots=True)
class Durations:
    """The durations of a run: those seen, ascending, and how it goes on beyond the longest.

    Beyond `edge_us` a duration is `edge_us * exp(excess * E)`, E exponential, at most `limit_us`.
    """

    atoms: tuple[Atom, ...]
    beyond_share: float
    edge_us: float
    excess: float
    limit_us: float

    def resampled(self, draw: Draw) -> Drawer:
        """One way the true durations may be, given so few observations: the weights drawn anew."""
        weights = [atom.share * gamma(atom.count, draw) / atom.count for atom in self.atoms]
        weights.append(self.beyond_share * gamma(1.0, draw))
        last = self.edge_us * math.exp(-self.excess * math.log(1.0 - draw()))
        values = [
            atom.us * math.exp(atom.blur * (2.0 * draw() - 1.0)) if atom.blur else atom.us
            for atom in self.atoms
        ]
        values.append(min(last, MAX_BEYOND * self.edge_us, max(self.limit_us, self.edge_us)))
        return Drawer(values, list(accumulate(weights)), draw)


class Drawer:
    """Draws durations from weighted values."""

    __slots__ = ("_draw", "_long", "_sums", "_values", "mean_us", "sigma_us")

    def __init__(self, values: list[float], sums: list[float], draw: Draw) -> None:
        self._values, self._sums, self._draw = values, sums, draw
        shares = [high - low for low, high in zip([0.0, *sums], sums, strict=False)]
        self._long = list(accumulate(share * value for share, value in zip(shares, values, strict=True)))
        squares = sum(share * value * value for share, value in zip(shares, values, strict=True))
        self.mean_us = self._long[-1] / sums[-1]
        self.sigma_us = math.sqrt(max(squares / sums[-1] - self.mean_us**2, 0.0))

    def fresh(self, count: int) -> list[float]:
        """Durations of mini-batches that have not begun."""
        values, sums, draw = self._values, self._sums, self._draw
        total, last = sums[-1], len(values) - 1
        return [values[bisect_left(sums, draw() * total, 0, last)] for _ in range(count)]

    def left(self, ages_us: Sequence[tuple[int, float]]) -> list[float]:
        """What is left of running ones, from (place in the values, age) as `place` gives it."""
        values, sums, draw = self._values, self._sums, self._draw
        total, last = sums[-1], len(values) - 1
        left = []
        for place, age in ages_us:
            below = sums[place - 1] if place else 0.0
            at = bisect_left(sums, below + draw() * (total - below), place, last)
            left.append(max(values[at] - age, 0.0))
        return left

    def under_way(self, begun_us: float) -> float:
        """What is left of the one a worker runs at a moment when `begun_us` of work lie behind it."""
        long, draw = self._long, self._draw
        total, last = long[-1], len(long) - 1
        left = 0.0
        for _ in range(4):
            value = self._values[bisect_left(long, draw() * total, 0, last)]
            left = value * draw()
            if value - left <= begun_us:
                break
        return left


def place(durations: Durations, age_us: float) -> int:
    """Which of the values are possible for a running one of this age: those from here on.

    A clock may be off by a thousandth, and what is that close to its end is at its end.
    """
    return bisect_left(durations.atoms, age_us * 0.999, key=lambda atom: atom.us)


def learn(
    points: Sequence[tuple[float, float, float]], ages_us: Sequence[float], limit_us: float
) -> Durations:
    """From finished ones, ascending: (duration, for how many it stands, how many were seen); and ages."""
    atoms, rest = _kaplan_meier(points, sorted(ages_us))
    seen = sum(mass for _, mass, _ in points)
    longest, oldest = points[-1][0], max(ages_us, default=0.0)
    excess = _excess([us for us, _, _ in points])
    if oldest > longest:
        older = sum(age > longest for age in ages_us)
        excess = max(excess, min(1.0 / older, 3.0 * math.log(oldest / max(longest, 1.0))))
    return Durations(_joined(atoms), rest + 0.25 / (seen + 1.0), max(longest, oldest), excess, limit_us)


def finished(run: Run) -> list[tuple[float, float, float]]:
    """The run's finished durations as `learn` takes them: the last 500, and the tail of all."""
    count = sum(run.histogram)
    recent = sorted(run.recent_ns)
    around_us = around_run_us(run)
    body, tail, kept = recent, list[tuple[int, float]](), len(recent)
    if count > kept:
        body, tail = _with_tail(run, recent, count)
    share = (count - sum(mass for _, mass in tail)) / len(body)
    points = [(ns / 1000 + around_us, share, 1.0) for ns in body]
    return points + [(ns / 1000 + around_us, mass, mass) for ns, mass in tail]


def equal_parts(points: Sequence[tuple[float, float, float]], count: int) -> tuple[int, ...]:
    """Durations as `learn` takes them, as so many of equal weight: each the mean of its part of them."""
    part = sum(mass for _, mass, _ in points) / count
    means: list[int] = []
    room, work = part, 0.0
    for us, mass, _ in points:
        left = mass
        while left >= room and len(means) < count - 1:
            means.append(round((work + us * room) / part))
            left -= room
            room, work = part, 0.0
        work += us * left
        room -= left
    means.append(round(work / (part - room)))
    # A mean may be off by its rounding, the order may not.
    return tuple(accumulate(means, max))


def around_run_us(run: Run) -> float:
    """What a finished mini-batch costs a worker besides run(), on average (microseconds)."""
    return _around(run)[0]


def stood_still_us(run: Run) -> float:
    """How much longer the last ones took, on average, by gaps that are not expected again (microseconds)."""
    return _around(run)[1]


def _around(run: Run) -> tuple[float, float]:
    """The mean without gaps, and what the gaps would add to it.

    Answers that come together share one wait, so that no single one is typical: a mean it has to be. A
    gap, as of a master that was stopped for a while, stands far out from all of them.
    """
    around = sorted(run.recent_around_us)
    if not around:
        return 0.0, 0.0
    limit = max(GAP_AT_LEAST_US, GAP_MEDIANS * abs(around[len(around) // 2]))
    gaps = [us for us in around if us > limit]
    # A gap meets each worker once; what comes more often is to be expected again.
    if len(gaps) > max(len(run.workers), len(around) // 10):
        return max(sum(around), 0) / len(around), 0.0
    usual = [us for us in around if abs(us) <= limit]
    return max(sum(usual), 0) / max(len(usual), 1), sum(gaps) / len(around)


def _with_tail(run: Run, recent: list[int], count: int) -> tuple[list[int], list[tuple[int, float]]]:
    """Split at the bucket of the 95th percentile: below the last ones count, above all there ever were."""
    bucket = (recent[len(recent) * 95 // 100] // 1000).bit_length()
    above = sum(run.histogram[bucket + 1 :])
    edge_ns = 1000 << bucket
    body = [ns for ns in recent if ns < edge_ns]
    expected = above * len(recent) / count
    if abs(len(recent) - len(body) - expected) > 3 * math.sqrt(expected) + 1:
        return recent, []  # the run has changed: what was is no guide
    tail: list[tuple[int, float]] = []
    known = sorted({slow.run_ns for slow in run.slowest} | set(recent[len(body) :]))
    for number in range(bucket + 1, len(run.histogram)):
        mass = run.histogram[number]
        if mass:
            low = 1000 << (number - 1)
            inside = [ns for ns in known if low <= ns < 2 * low] or [low * 3 // 2]
            tail += [(ns, mass / len(inside)) for ns in inside]
    return body, tail


def _kaplan_meier(
    points: Sequence[tuple[float, float, float]], ages_us: Sequence[float]
) -> tuple[list[Atom], float]:
    """The share of each duration, and the share of what is longer than all of them."""
    at_risk = sum(mass for _, mass, _ in points) + len(ages_us)
    surviving, younger, atoms = 1.0, 0, []
    for us, mass, count in points:
        while younger < len(ages_us) and ages_us[younger] < us:
            younger += 1
            at_risk -= 1
        ends = surviving * min(mass / max(at_risk, mass), 1.0)
        atoms.append(Atom(us, ends, count))
        surviving -= ends
        at_risk -= mass
    return atoms, surviving if younger < len(ages_us) else 0.0


def _joined(atoms: list[Atom]) -> tuple[Atom, ...]:
    """The same in few: neighbours among the shorter ones become one, at their mean."""
    shorter = len(atoms) - LONGEST_APART
    size = max(-(-shorter // GROUPS), 1)
    groups = [atoms[at : min(at + size, shorter)] for at in range(0, shorter, size)]
    return (*map(_as_one, groups), *_blurred(atoms, max(shorter, 0)))


def _blurred(atoms: list[Atom], first: int) -> list[Atom]:
    """Between few long ones others are possible: each spreads as far as to its nearer neighbour."""
    logs = [math.log(max(atom.us, 1.0)) for atom in atoms]
    gaps = [MAX_BLUR, *(high - low for low, high in pairwise(logs)), MAX_BLUR]
    return [
        replace(atom, blur=min(gaps[at], gaps[at + 1], MAX_BLUR))
        for at, atom in enumerate(atoms[first:], start=first)
    ]


def _as_one(group: list[Atom]) -> Atom:
    share = sum(atom.share for atom in group)
    us = sum(atom.us * atom.share for atom in group) / share if share else group[-1].us
    return Atom(us, share, sum(atom.count for atom in group))


def _excess(values_us: Sequence[float]) -> float:
    """By how much, in logarithms, the longest tenth exceeds its shortest (Hill's estimator)."""
    top = min(max(len(values_us) // 10, 3), len(values_us) - 1)
    if top < 1:
        return 0.0
    base = math.log(max(values_us[-top - 1], 1.0))
    return sum(math.log(max(us, 1.0)) - base for us in values_us[-top:]) / top


def gamma(count: float, draw: Draw) -> float:
    """A weight with mean and variance `count` (Wilson and Hilferty), exponential for a single one."""
    if count <= 1.0:
        return -math.log(1.0 - draw()) * count
    root = 1.0 - 1.0 / (9.0 * count) + normal(draw) / (3.0 * math.sqrt(count))
    return count * max(root, 0.0) ** 3


def normal(draw: Draw) -> float:
    """A standard normal number (Box and Muller)."""
    return math.sqrt(-2.0 * math.log(1.0 - draw())) * math.cos(math.tau * draw())
