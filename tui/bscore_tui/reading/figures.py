"""Rates and quantiles out of what is known at a moment. Plain; None where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence

from bscore_tui.views.model import Timeline

#: A rate looks back so far, and at least over so many steps.
RATE_WINDOW_S = 60.0


def quantile(values: Sequence[int], share: float) -> int | None:
    """A quantile of any values; None for none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def batches_per_s(timeline: Timeline, at: int, since: int) -> float | None:
    """Mini-batches over per second, in the window before a moment; `since`: not from before that."""
    counts, seconds = _window(timeline, at, since)
    return sum(counts) / seconds if seconds > 0 else None


def _window(timeline: Timeline, at: int, since: int) -> tuple[Sequence[int], float]:
    """Counts of the whole steps in a window, and the seconds they stand for."""
    since = max(since, timeline.known_from) if since > 0 else 0
    if not timeline.over or since <= 0 or at <= timeline.known_from:
        return (), 0.0
    last = min((at - timeline.start) // timeline.step, len(timeline.over) - 1)
    from_ = max(at - int(RATE_WINDOW_S * 1e6), since)
    first = max((from_ - timeline.start) // timeline.step, 0)
    if last < first:
        return (0,), (at - from_) / 1e6
    # The present step is not over: it counts as the part of it that has passed.
    begin = max(timeline.start + first * timeline.step, since)
    return timeline.over[first : last + 1], max((at - begin) / 1e6, 0.5)
