"""When a job will end, in words: the moments, how long that is from now, how far it can be trusted."""

from __future__ import annotations

from bscore_tui.views.layout import left, width_of, wrap
from bscore_tui.views.model import Mode, Model
from bscore_tui.views.styles import Options
from bscore_tui.views.words import clock, day_ahead, minute

#: Cells of the moments, so that the wait stands below the rates.
_MOMENTS = 27
#: Seconds of a unit, which is used from two of it on; its word; digits behind the point.
_UNITS = ((86_400.0, "days", 1), (3600.0, "h", 1), (60.0, "min", 0), (1.0, "s", 0))


def end_rows(model: Model, width: int, most: int, options: Options) -> list[str]:
    """`03:04 - 03:10              in 22 - 28 min, likely`, in at most so many rows of so many cells."""
    if model.ends is None:
        return wrap(unknown(model), width, most, options)
    if latest := at_the_latest(model, options):
        # Why is told by the findings too: where there is one row only, it is for the moment.
        return wrap(f"{latest}; {trust(model)}" if most > 1 else latest, width, most, options)
    moments, rest = _moments(model, options), f"{wait(model)}, {trust(model)}"
    text = f"{left(moments, _MOMENTS, options)} {rest}"
    if width_of([(text, "text")]) <= width:
        return [text]
    return wrap(f"{moments}  {rest}", width, most, options)


def unknown(model: Model) -> str:
    """Why nobody can tell the end."""
    if model.mode is Mode.READING:
        return "unknown: the journal is still being read"
    return f"unknown: {model.end_reason}" if model.end_reason else "unknown"


def at_the_latest(model: Model, options: Options) -> str:
    """`17:57:11 at the latest, if every retry times out`; empty where nothing hangs."""
    if model.latest_end is None:
        return ""
    when = f"{day_ahead(model.latest_end, model.at, options)} {clock(model.latest_end, options)}".strip()
    return f"{when} at the latest, if every retry times out"


def trust(model: Model) -> str:
    """`likely`, `rough: durations are those of the earlier run nightly-0410`."""
    return f"{model.end_confidence}: {model.end_reason}" if model.end_reason else model.end_confidence


def wait(model: Model) -> str:
    """`in 22 - 28 min`; what was expected earlier than now may come at any moment."""
    assert model.ends is not None
    low_s, high_s = (max(at - model.at, 0) / 1e6 for at in model.ends)
    if high_s < 0.5:
        return "any moment now"
    unit_s, unit, digits = next((row for row in _UNITS if high_s >= 2 * row[0]), _UNITS[-1])
    low, high = (f"{seconds / unit_s:,.{digits}f}" for seconds in (low_s, high_s))
    if low_s == 0:
        return f"within {high} {unit}"
    return f"in {high} {unit}" if low == high else f"in {low} - {high} {unit}"


def _moments(model: Model, options: Options) -> str:
    assert model.ends is not None
    first, last = (f"{day_ahead(at, model.at, options)} {minute(at, options)}".strip() for at in model.ends)
    return first if first == last else f"{first} - {last}"
