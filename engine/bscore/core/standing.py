"""Who is late, slow or silent, and whether the run stands still: facts about the present, no decisions.

Durations are compared as logarithms, because they spread by factors.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bscore.core.durations import around_run_us
from bscore.core.listing import PATIENCE_S, waited_since
from bscore.core.state import Phase, Run, WorkerState

#: Finished ones needed before anything is called late or slow.
MIN_SEEN = 5
LATE_MEDIANS = 3.0
#: A journal is read a moment after it was written: younger ones are never late.
LATE_AT_LEAST_US = 1_000_000
SLOW_Z = 3.5
SLOW_FACTOR = 1.5
#: With fewer others to compare with, nobody is slow.
MIN_OTHERS = 3
MISSED_HEARTBEATS = 3
STANDING_RUNS = 3
STANDING_AT_LEAST_S = 30.0
#: The most that is waited for the first, however long an attempt may take.
FIRST_AT_MOST_S = 120.0

#: From a median absolute deviation to a standard deviation, and the error of a median in standard deviations.
_SIGMA_OF_MAD = 1.4826
_ERROR_OF_MEDIAN = 1.2533


@dataclass(frozen=True, slots=True)
class Late:
    """A running mini-batch that takes longer than nearly all did, with what it is compared to."""

    mini_batch: int
    worker: str
    age_us: int
    median_us: int
    p99_us: int


@dataclass(frozen=True, slots=True)
class SlowWorker:
    """A worker that takes longer than the others: its median of run(), and the median of theirs."""

    worker: str
    median_ns: int
    others_ns: int


def late(run: Run, now: int) -> list[Late]:
    """Mini-batches older than the 99th percentile of the last 500 and than 3 medians, oldest first."""
    count = len(run.recent_ns)
    if count < MIN_SEEN:
        return []
    recent = sorted(run.recent_ns)
    around_us = around_run_us(run)
    median_us = int(recent[count // 2] / 1000 + around_us)
    p99_us = int(recent[count * 99 // 100] / 1000 + around_us)
    limit_us = max(p99_us, LATE_MEDIANS * median_us, LATE_AT_LEAST_US)
    found = [
        Late(worker.queue[0], worker.id, now - worker.since, median_us, p99_us)
        for worker in run.workers.values()
        if worker.state is WorkerState.BUSY and now - worker.since > limit_us
    ]
    return sorted(found, key=lambda one: -one.age_us)


def slow_workers(run: Run) -> list[SlowWorker]:
    """Workers whose median of the last 20 stands out from the others', the slowest first.

    By more than 3.5 robust standard deviations of the others, in logarithms, and more than 1.5 times
    theirs. The deviation is never taken as smaller than the error that medians of so few have.
    """
    medians = {
        worker.id: _log_median(worker.recent_ns)
        for worker in run.workers.values()
        if len(worker.recent_ns) >= MIN_SEEN
    }
    if len(medians) <= MIN_OTHERS:
        return []
    ordered = sorted(medians.values())
    within = _sigma(sorted(map(_log, run.recent_ns)))
    others = _Others(ordered)
    found = []
    for name, median in medians.items():
        if median <= ordered[(len(ordered) - 1) // 2]:
            continue
        centre, sigma = others.without(median)
        error = within * _ERROR_OF_MEDIAN / math.sqrt(len(run.workers[name].recent_ns))
        beyond = median - centre
        if beyond > math.log(SLOW_FACTOR) and beyond > SLOW_Z * max(sigma, error):
            found.append(SlowWorker(name, round(math.exp(median)), round(math.exp(centre))))
    return sorted(found, key=lambda one: -one.median_ns)


def slow(run: Run) -> list[str]:
    """The ids of `slow_workers`."""
    return [one.worker for one in slow_workers(run)]


def silent(heard: Mapping[str, int], interval_us: int, now: int) -> list[str]:
    """Nodes or workers of which three heartbeats were missed, the longest silent first.

    `heard` says when each was last heard of, `now` what time it is there (both microseconds UTC).
    """
    found = [name for name, at in heard.items() if now - at > MISSED_HEARTBEATS * interval_us]
    return sorted(found, key=lambda name: heard[name])


def standing_still(run: Run, now: int) -> float | None:
    """For how many seconds nothing was finished although there is work; None while that is no wonder.

    A wonder is three times the longest run() so far, at least 30 s; before the first is finished, what
    one attempt may take, from 30 to 120 s; where only the listing is waited for, 30 s without any progress
    of it.
    """
    waited = waited_since(run)
    if waited is not None and run.phase is Phase.RUNNING:
        still_s = (now - waited) / 1e6
        return still_s if still_s > PATIENCE_S else None
    if run.phase is not Phase.RUNNING or not run.first_assigned or run.over >= run.mini_batches:
        return None
    still_s = (now - max(run.first_assigned, run.last_progress)) / 1e6
    patience_s = max(STANDING_RUNS * run.longest_run_ns / 1e9, STANDING_AT_LEAST_S)
    if not run.longest_run_ns and run.config is not None:
        patience_s = max(patience_s, min(run.config.limits.attempt_s, FIRST_AT_MOST_S))
    return still_s if still_s > patience_s else None


class _Others:
    """Median and robust deviation of all values but one that lies above their median."""

    def __init__(self, ordered: Sequence[float]) -> None:
        self._rest = len(ordered) - 1
        # Whichever value above the median is taken out, the median of the rest is the same.
        self._centre = _middle(ordered[:-1])
        self._deviations = sorted(abs(value - self._centre) for value in ordered)

    def without(self, value: float) -> tuple[float, float]:
        """The median of the others, and their standard deviation as the median deviation says it."""
        deviations = self._deviations
        out = bisect_left(deviations, value - self._centre)
        high, low = self._rest // 2, (self._rest - 1) // 2
        middle = sum(deviations[at + (at >= out)] for at in (low, high)) / 2
        return self._centre, _SIGMA_OF_MAD * middle


def _log(duration_ns: int) -> float:
    return math.log(max(duration_ns, 1))


def _log_median(durations_ns: Sequence[int]) -> float:
    return _middle(sorted(map(_log, durations_ns)))


def _middle(ordered: Sequence[float]) -> float:
    return (ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2]) / 2


def _sigma(ordered: Sequence[float]) -> float:
    """The standard deviation that the middle half of the values shows."""
    count = len(ordered)
    return (ordered[count * 3 // 4] - ordered[count // 4]) / 1.349
