"""Rates, ends and quantiles out of what is known at a moment. Plain; None where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from bscore.core.state import Run
from bscore_tui.views.model import Timeline

#: A rate looks back so far, and at least over so many steps.
RATE_WINDOW_S = 60.0
#: The end is estimated from so much of the past.
END_WINDOW_S = 600.0
#: Between the 10th and the 90th of a hundred such estimates.
_SIGMAS = 1.2816


def quantile(values: Sequence[int], share: float) -> int | None:
    """A quantile of any values; None for none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def batches_per_s(timeline: Timeline, at: int, since: int, window_s: float = RATE_WINDOW_S) -> float | None:
    """Mini-batches over per second, in the window before a moment; `since`: not from before that."""
    counts, seconds = _window(timeline, at, since, window_s)
    return sum(counts) / seconds if seconds > 0 else None


def _window(timeline: Timeline, at: int, since: int, window_s: float) -> tuple[Sequence[int], float]:
    """Counts of the whole steps in a window, and the seconds they stand for."""
    since = max(since, timeline.known_from) if since > 0 else 0
    if not timeline.over or since <= 0 or at <= timeline.known_from:
        return (), 0.0
    last = min((at - timeline.start) // timeline.step, len(timeline.over) - 1)
    from_ = max(at - int(window_s * 1e6), since)
    first = max((from_ - timeline.start) // timeline.step, 0)
    if last < first:
        return (0,), (at - from_) / 1e6
    # The present step is not over: it counts as the part of it that has passed.
    begin = max(timeline.start + first * timeline.step, since)
    return timeline.over[first : last + 1], max((at - begin) / 1e6, 0.5)


def ends(run: Run, timeline: Timeline, at: int) -> tuple[int, int] | None:
    """Between which moments the run will likely end, by its rate of the last minutes and how that varies."""
    if not run.listing_finished or run.outcome is not None or not run.first_assigned:
        return None
    left = run.mini_batches - run.over
    if not run.waiting and _some_hang(run, at):
        return None
    if left <= 0:
        return at, at
    counts, seconds = _window(timeline, at, run.first_assigned, END_WINDOW_S)
    total = sum(counts)
    if total < 3 or seconds <= 0:
        return None
    pieces = _pieces(counts, 12)
    mean = total / seconds
    spread = _relative_deviation(pieces) / sqrt(max(len(pieces), 1))
    spread = min(max(spread * _SIGMAS, 0.03), 0.6)
    left_s = left / mean
    return at + int(left_s / (1 + spread) * 1e6), at + int(left_s / (1 - spread) * 1e6)


def _pieces(counts: Sequence[int], most: int) -> list[int]:
    size = max(1, -(-len(counts) // most))
    return [sum(counts[i : i + size]) for i in range(0, len(counts) - size + 1, size)] or [sum(counts)]


def _relative_deviation(values: Sequence[int]) -> float:
    mean = sum(values) / len(values)
    if mean <= 0:
        return 1.0
    return sqrt(sum((value - mean) ** 2 for value in values) / len(values)) / mean


def _some_hang(run: Run, at: int) -> bool:
    """Whether what is left takes much longer than usual, so that no rate says when it ends."""
    median = quantile(list(run.recent_ns), 0.5) or 0
    return any(
        worker.queue and (at - worker.since) * 1000 > 3 * median + 1e9 for worker in run.workers.values()
    )
