"""The time strip: throughput as height, errors as signs, the moment shown as a playhead, clickable."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from bscore_tui.views.layout import ends, fit
from bscore_tui.views.model import Face, Mode, Model, Timeline
from bscore_tui.views.strip_scale import Scale, folded
from bscore_tui.views.styles import Line, Options
from bscore_tui.views.words import clock, count, minute, span, speed_text

#: From so many rows on the strip is twice as high.
TALL_ROWS = 30
#: A cell of the time between two terms.
GAP = "/"


@dataclass(frozen=True, slots=True)
class Cell:
    """What happened in the time of one cell."""

    over: float
    failed: int
    lost: int
    marked: bool


def scale_of(model: Model, width: int, options: Options) -> Scale | None:
    """The scale of a strip of this width; None where nothing has a time."""
    if model.started is None:
        return None
    begin = model.started
    last = (
        max(model.horizon, model.last) if model.over_at_horizon else max(model.horizon, model.last, model.at)
    )
    expected = max(model.ends[1], model.at) if model.ends and not model.over_at_horizon else 0
    if not model.over_at_horizon and not expected and model.face is not Face.NOT_RESPONDING:
        expected = last + (last - begin - model.timeline.idle_us(last)) // 4
    end = max(expected, last, begin + 1)
    start_label, end_label = labels(model, options)
    edge = cell_len(start_label) + 2
    cells = width - edge - cell_len(end_label) - 2
    if cells < 8:
        return None
    return Scale(begin, end, edge, cells, folded(begin, end, cells, model.timeline.gaps))


def labels(model: Model, options: Options) -> tuple[str, str]:
    """What stands left and right of the strip."""
    start = minute(model.started, options)
    if model.over_at_horizon:
        return start, minute(max(model.horizon, model.last), options)
    if model.face is Face.NOT_RESPONDING:
        return start, minute(model.last, options)
    if model.ends:
        return start, f"~{minute(max(model.ends[1], model.at), options)}"
    # No estimate: until then every time-out and every try is used up. The strip is not to that scale.
    return start, "~?" if model.latest_end is None else f"<{minute(model.latest_end, options)}"


def cells_of(timeline: Timeline, scale: Scale) -> list[Cell]:
    """The timeline in as many cells; a step that spans several is spread evenly."""
    over = [0.0] * scale.cells
    failed, lost = [0] * scale.cells, [0] * scale.cells
    for index, number in enumerate(timeline.over):
        if not (number or timeline.failed[index] or timeline.lost[index]):
            continue
        begin = timeline.start + index * timeline.step
        first, last = scale.column(begin), scale.column(begin + timeline.step - 1)
        for cell in range(first, last + 1):
            over[cell] += number / (last - first + 1)
        failed[first] += timeline.failed[index]
        lost[first] += timeline.lost[index]
    marked = {scale.column(mark) for mark in timeline.marks}
    return [Cell(over[i], failed[i], lost[i], i in marked) for i in range(scale.cells)]


def time_at(model: Model, width: int, column: int, options: Options | None = None) -> int | None:
    """The moment under a column of the strip; None beside it."""
    scale = scale_of(model, width, options or Options())
    if scale is None or not scale.left <= column < scale.left + scale.cells:
        return None
    return scale.at(column - scale.left)


def strip(model: Model, width: int, height: int, options: Options) -> list[Line]:
    """One row, two from 30 rows of the screen on; above it the control row where the moment is not now."""
    tall = height >= TALL_ROWS
    rows = [control(model, width, options)] if model.mode in (Mode.FROZEN, Mode.REPLAY) else []
    scale = scale_of(model, width, options)
    if scale is None:
        return [*rows, *([fit([], width, options)] * (2 if tall else 1))]
    cells = cells_of(model.timeline, scale)
    signs = _signs(model, cells, scale, options)
    start, end = labels(model, options)
    if tall:
        per_s = max((cell.over for cell in cells), default=0.0) / scale.cell_s
        mean = model.done_items / model.done if model.done else 0
        label = f"{_short(per_s * mean)}/s".rjust(scale.left - 1) + " " if mean else " " * scale.left
        rows.append(fit([(label, "dim"), *_levels(cells, signs, 2, 1, options)], width, options))
    line: Line = [(f" {start} ", "dim"), *_levels(cells, signs, 2 if tall else 1, 0, options)]
    rows.append(fit([*line, (f" {end}", "dim")], width, options))
    return rows


def _signs(model: Model, cells: list[Cell], scale: Scale, options: Options) -> list[tuple[str, str]]:
    """What stands in a cell instead of its height, with its style; empty for nothing."""
    known = max(model.horizon, model.last)
    now = scale.column(max(known, model.at) if model.mode is Mode.LIVE else known)
    found: list[tuple[str, str]] = []
    usual = _usual([cell.failed for cell in cells], cells)
    usual_lost = _usual([cell.lost for cell in cells], cells)
    killed = {scale.column(gap.since) for gap in model.timeline.gaps if not gap.ended}
    between = set(scale.gap_cells())
    for index, cell in enumerate(cells):
        if cell.marked:
            found.append(("m", "accent"))
        elif index in between:
            found.append((GAP, "spark_empty"))
        elif cell.lost > usual_lost or index in killed:
            found.append(("x", "error"))
        elif cell.failed and (cell.failed > usual or cell.failed * 5 >= cell.over):
            found.append(("!", "warn"))
        elif index > now and not model.over_at_horizon:
            found.append((options.glyphs.future, "spark_empty"))
        else:
            found.append(("", ""))
    if model.mode not in (Mode.END, Mode.READING):
        found[scale.column(model.at)] = (options.glyphs.playhead, "playhead")
    elif found:
        found[-1] = (options.glyphs.playhead, "playhead")
    return found


def _short(value: float) -> str:
    """`26`, `1k`, `34k`: as wide as fits beside the strip."""
    return f"{value:.0f}" if value < 999.5 else f"{value / 1000:.0f}k"


def _usual(counts: list[int], cells: list[Cell]) -> int:
    """How many per cell are no news: where some are everywhere, only more than twice as many are marked."""
    failing = sorted(number for number in counts if number)
    busy = sum(cell.over > 0 or cell.failed > 0 for cell in cells)
    return 2 * failing[len(failing) // 2] if busy > 8 and len(failing) > busy // 2 else 0


def _levels(cells: list[Cell], signs: list[tuple[str, str]], rows: int, row: int, options: Options) -> Line:
    """One row of the strip, counted from the bottom; signs stand in the lowest or the upper row alike."""
    levels = options.glyphs.levels
    top = len(levels) - 1
    most = max((cell.over for cell in cells), default=0.0)
    line: Line = []
    for cell, (sign, style) in zip(cells, signs, strict=True):
        if sign and (row == rows - 1 or style in ("playhead", "spark_empty")):
            text, name = (sign, style) if row == 0 or style != "spark_empty" else (" ", "text")
        else:
            height = 0 if not most else cell.over / most * top * rows
            part = round(height) - row * top
            part = max(part, 1) if row == 0 and cell.over > 0 else part
            text, name = levels[max(0, min(top, part))], "spark"
        if line and line[-1][1] == name:
            line[-1] = (line[-1][0] + text, name)
        else:
            line.append((text, name))
    return line


def control(model: Model, width: int, options: Options) -> Line:
    """The row above the strip when the moment is not now."""
    speed = "=" if model.speed is None else f"> {speed_text(model.speed)}"
    at = clock(model.at, options, 3 if model.mode is Mode.FROZEN else 1)
    if model.mode is Mode.FROZEN:
        ago = span((model.now - model.at) / 1e6)
        start: Line = [
            (" FROZEN" if model.speed is None else f" REPLAY {speed}", "accent"),
            (f"  {at}   {ago} ago   {count(model.over, options)} done", "text"),
        ]
        back = "last seen" if model.over_at_horizon else "now"
        return ends(start, [(f"End = {back} ", "dim")], width, options)
    begun = model.started or model.at
    idle = model.timeline.idle_us
    passed = span((model.at - begun - idle(model.at)) / 1e6)
    whole = span((model.horizon - begun - idle(model.horizon)) / 1e6) if model.horizon > begun else "?"
    start = [(f" REPLAY {speed}", "accent"), (f"   {at}   {passed} of {whole}   ", "text")]
    start.append((f"{count(model.over, options)} of {count(model.mini_batches, options)}", "text"))
    return ends(start, [("End = result ", "dim")], width, options)
