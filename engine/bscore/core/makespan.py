"""When the last of many mini-batches ends: whoever is free takes the next.

One call is one way it may go. The last rounds are played one by one, because the end hangs on them;
what comes before is a sum, however many there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heapify, heapreplace

from bscore.core.durations import Draw, Drawer, normal

#: So many mini-batches of each worker are played one by one, and at least so many in all.
ROUNDS = 2
PLAYED = 500
#: From this spread of the workers' clocks on (in mini-batches), nothing is left of their common beat.
MIXED = 0.5


def makespan(
    ready_us: Sequence[float], waiting: int, drawer: Drawer, draw: Draw, lost_us: Sequence[float] = ()
) -> float:
    """When all is done, from when each worker is free and how many wait, in the same microseconds.

    `lost_us`: what workers lose on the way, each at some mini-batch.
    """
    workers = len(ready_us)
    if waiting <= max((ROUNDS + 1) * workers, PLAYED):
        # Whose mini-batches still run, or nobody's: what a worker loses comes before its next.
        durations, free = drawer.fresh(waiting), list(ready_us)
        for lost in lost_us:
            at = int(draw() * (waiting + workers))
            if at < waiting:
                durations[at] += lost
            else:
                free[at - waiting] += lost
        return _played(free, durations)
    late = sum(lost_us) / workers
    if drawer.sigma_us * math.sqrt(waiting / workers) < MIXED * drawer.mean_us:
        return _in_step(ready_us, waiting, drawer, draw) + late
    return _mixed(ready_us, waiting, drawer, draw) + late


def _played(ready_us: Sequence[float], durations_us: list[float]) -> float:
    free = list(ready_us)
    heapify(free)
    for duration in durations_us:
        heapreplace(free, free[0] + duration)
    return max(free)


def _in_step(ready_us: Sequence[float], waiting: int, drawer: Drawer, draw: Draw) -> float:
    """Durations hardly differ: each worker jumps over most of its own, then the rest is played."""
    mean, sigma = drawer.mean_us, drawer.sigma_us
    until = level(ready_us, (waiting - ROUNDS * len(ready_us)) * mean)
    free, left = [], waiting
    for ready in ready_us:
        jumped = max(int((until - ready) / mean), 0)
        left -= jumped
        spread = sigma * math.sqrt(jumped) * normal(draw) if jumped and sigma else 0.0
        free.append(ready + jumped * mean + spread)
    return _played(free, drawer.fresh(left))


def _mixed(ready_us: Sequence[float], waiting: int, drawer: Drawer, draw: Draw) -> float:
    """The last one is handed out when the work is used up; until then each worker is somewhere in one."""
    work = waiting * drawer.mean_us + math.sqrt(waiting) * drawer.sigma_us * normal(draw)
    drained = level(ready_us, work)
    free = [ready for ready in ready_us if ready <= drained]
    begun = drained - sum(free) / len(free)
    under_way = [drawer.under_way(begun) for _ in free]
    handed_out = drained - sum(under_way) / len(free)
    return max(handed_out + max(under_way), max(ready_us))


def level(ready_us: Sequence[float], work_us: float) -> float:
    """Until when so much work lasts if it could be cut at will among workers free from these moments."""
    total, workers = max(work_us, 0.0), 0
    for ready in sorted(ready_us):
        if workers and total <= ready * workers:
            break
        workers += 1
        total += ready
    return total / workers
