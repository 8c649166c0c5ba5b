"""Moments: what a person types, what a row stands for, what comes next. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bscore_tui.views.model import Model, find
from bscore_tui.views.styles import Options

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RELATIVE = re.compile(r"([-+])\s*(\d+)\s*([smhd])")
_ABSOLUTE = re.compile(r"(?:(\d{4})-(\d\d)-(\d\d)[ T])?(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_moment(text: str, model: Model, options: Options) -> int | None:
    """Microseconds UTC for `02:30`, `02:30:15.5`, `2026-04-12 02:30`, `-5m` (from the moment shown)."""
    text = text.strip().lstrip("@").strip()
    if relative := _RELATIVE.fullmatch(text):
        sign = -1 if relative[1] == "-" else 1
        return model.at + sign * int(relative[2]) * _SECONDS[relative[3]] * 1_000_000
    absolute = _ABSOLUTE.fullmatch(text)
    if absolute is None:
        return None
    shown = _EPOCH + timedelta(microseconds=model.at, minutes=options.zone_minutes)
    year, month, day = (
        (int(absolute[1]), int(absolute[2]), int(absolute[3]))
        if absolute[1]
        else (shown.year, shown.month, shown.day)
    )
    micros = int((absolute[7] or "0").ljust(6, "0"))
    try:
        when = datetime(
            year, month, day, int(absolute[4]), int(absolute[5]), int(absolute[6] or 0), micros, tzinfo=UTC
        )
    except ValueError:
        return None
    moment = (when - _EPOCH) // timedelta(microseconds=1) - options.zone_minutes * 60_000_000
    latest = model.ended or model.now
    return moment if absolute[1] or moment <= latest else moment - 86_400_000_000


def moment_of(target: str, model: Model) -> int | None:
    """When what a row names happened; None if no time belongs to it."""
    kind, _, name = target.partition(":")
    if kind == "at" and name.isdecimal():
        return int(name)
    if kind == "error":
        return next((row.last_at for row in model.errors if row.key == name), None)
    if kind == "worker":
        row = find(model, name)
        return row.since if row is not None else None
    if kind == "mb" and name.isdecimal():
        lists = (model.running_batches, model.waiting_batches, model.retried_batches,
                 model.abandoned_batches, model.done_batches, model.slowest_batches)  # fmt: skip
        rows_of_batches = (row for rows in lists for row in rows)
        return next((row.since for row in rows_of_batches if row.mini_batch == int(name)), None)
    return None


def trouble_times(model: Model, *, errors: bool) -> list[int]:
    """Moments of errors (or of errors and warnings) that are known, in order."""
    levels = ("E",) if errors else ("W", "E")
    times = {note.at for note in model.notes if note.level in levels}
    for row in model.errors:
        times |= {row.first_at, row.last_at}
    line = model.timeline
    times |= {line.start + step * line.step for step, failed in enumerate(line.failed) if failed}
    return sorted(times)


def neighbour(times: Sequence[int], moment: int, steps: int) -> int | None:
    """The next of these times after a moment, or the one before it."""
    if steps > 0:
        return next((time for time in times if time > moment), None)
    return next((time for time in reversed(times) if time < moment), None)
