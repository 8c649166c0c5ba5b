"""The Timeline: throughput, failures and losses over the whole run on one scale, and what happened when."""

from __future__ import annotations

from bscore_tui.views.batches import matches
from bscore_tui.views.cells import mark
from bscore_tui.views.layout import fit, note_in
from bscore_tui.views.model import Model
from bscore_tui.views.strip import GAP, Cell, cells_of, scale_of
from bscore_tui.views.styles import Body, Line, Options, apart
from bscore_tui.views.words import clock, duration

_ROWS = 5


def timeline(model: Model, width: int, height: int, options: Options) -> Body:
    """Charts above, the notable records below them; enter goes to the moment of the selected one."""
    scale = scale_of(model, width, options)
    lines: list[Line] = []
    if scale is None:
        lines.append([("   nothing has happened yet", "dim")])
        return Body(lines)
    cells = cells_of(model.timeline, scale)
    pad = " " * scale.left
    seconds = scale.cell_s
    between = set(scale.gap_cells())
    most = max((cell.over for cell in cells), default=0.0)
    peak = f"{most / seconds:,.1f}" if seconds else options.glyphs.dash
    step = f"one column is {duration(seconds, options)}"
    lines.append([(f" mini-batches per second, at most {peak}    {step}", "dim")])
    rows = _ROWS if height >= 20 else 3
    levels = options.glyphs.levels
    full = len(levels) - 1
    for row in range(rows - 1, -1, -1):
        text = "".join(
            GAP if index in between and not row else _level(cell, most, row, rows, full, levels)
            for index, cell in enumerate(cells)
        )
        lines.append([(pad, "dim"), (text, "spark")])
    lines.append(_counts("failed", [cell.failed for cell in cells], scale.left, "warn"))
    killed = {scale.column(gap.since) for gap in model.timeline.gaps if not gap.ended}
    lost = [cell.lost + (index in killed) for index, cell in enumerate(cells)]
    lines.append(_counts("lost", lost, scale.left, "error"))
    fixed = len(lines) + 1
    lines.append([])
    targets: dict[int, str] = {}
    for note in model.notes:
        if not matches(note.text, options.filter):
            continue
        target = apart(f"at:{note.at}", note.name)
        sign, style = mark(target, "", options)
        targets[len(lines)] = target
        level = {"E": "error", "W": "warn"}.get(note.level, "text")
        head: Line = [
            (f" {sign} ", style),
            (clock(note.at, options) + " ", "dim"),
            (f"{note.level or ' '} ", level),
        ]
        lines.append(fit([*head, (note_in(note.text, width - 14, options), "text")], width, options))
    return Body(lines, targets, fixed)


def _level(cell: Cell, most: float, row: int, rows: int, full: int, levels: str) -> str:
    height = round(cell.over / most * full * rows) if most else 0
    if row == 0 and cell.over > 0:
        height = max(height, 1)
    return levels[max(0, min(full, height - row * full))]


def _counts(name: str, numbers: list[int], pad: int, style: str) -> Line:
    text = "".join(" " if not number else str(number) if number < 10 else "#" for number in numbers)
    label = f" {name}"[:pad].ljust(pad)
    return [(label, "dim"), (text, style)]
