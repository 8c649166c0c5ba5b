"""Resources of nodes on one scale: CPU and memory in percent, disk and network against a common maximum."""

from __future__ import annotations

from collections.abc import Sequence

from bscore_tui.views.batches import matches
from bscore_tui.views.cells import mark
from bscore_tui.views.layout import left, spark
from bscore_tui.views.model import Model, NodeRow
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import clock, memory, memory_of, span

_CHART_ROWS = 4


def resources(model: Model, width: int, height: int, options: Options) -> Body:
    """One row per node, and larger charts of the selected one (or of the first)."""
    rows = [node for node in model.nodes if not options.filter or matches(node.id, options.filter)]
    cells = max(min((width - 60) // 2, 60), 8)
    lines: list[Line] = [_what(model), [], _heads(cells, options)]
    targets: dict[int, str] = {}
    fixed = len(lines)
    chart = _CHART_ROWS if height >= 24 else _CHART_ROWS - 1
    chart_rows = 2 * (chart + 2) if height >= 16 else 0
    room = max(height - fixed - chart_rows, 1)
    for node in rows if len(rows) <= room else rows[: room - 1]:
        targets[len(lines)] = f"node:{node.id}"
        lines.append(_row(node, model, cells, options))
    if len(rows) > room:
        lines.append([(f"   {options.glyphs.ellipsis} {len(rows) - room + 1} more nodes", "dim")])
    chosen = next((node for node in rows if f"node:{node.id}" == options.selected), rows[0] if rows else None)
    if chosen is not None and chart_rows:
        lines += _charts(chosen, chart, width, options)
    return Body(lines, targets, fixed)


def _what(model: Model) -> Line:
    known = [node.sample_at for node in model.nodes if node.sample_at is not None]
    if not known:
        return [(" no samples yet; nodes write one every 5 s", "dim")]
    age = (model.at - max(known)) / 1e6
    old = f", the last {span(age)} old" if age > 30 else ""
    return [(f" resources, one sample every 5 s{old}      scale 0 - 100 %, the same for all", "dim")]


def _heads(cells: int, options: Options) -> Line:
    cpu, mem = left("CPU", cells + 7, options), left("MEMORY", cells + 14, options)
    return [(f"   {left('NODE', 12, options)} {cpu} {mem} DISK MB/S   NET MB/S", "dim")]


def _row(node: NodeRow, model: Model, cells: int, options: Options) -> Line:
    sign, style = mark(f"node:{node.id}", node.sign, options)
    full = bool(node.memory) and (node.memory[-1] or 0) >= 95
    cpu = "?" if node.cpu_percent is None else f"{node.cpu_percent:.0f} %"
    line: Line = [(f" {sign} ", style), (left(node.id, 12, options) + " ", "text")]
    line += [(spark(node.cpu, cells, 100, options.glyphs), "spark"), (f"{cpu:>6}  ", "text")]
    line += [(spark(node.memory, cells, 100, options.glyphs), "warn" if full else "spark")]
    line += [(f"{memory_of(node.memory_mb, node.memory_total_mb, options):>13}", "warn" if full else "text")]
    line += [(f"{_figure(node.disk_mb_s):>11}{_figure(node.network_mb_s):>11}", "text")]
    if node.sample_at is not None and model.at - node.sample_at > 60_000_000:
        line.append((f"  {span((model.at - node.sample_at) / 1e6)} old", "unknown"))
    return line


def _figure(value: float | None) -> str:
    return "?" if value is None else f"{value:,.1f}"


def _charts(node: NodeRow, rows: int, width: int, options: Options) -> list[Line]:
    total = node.memory_total_mb
    peak = ""
    if node.memory_peak_mb is not None:
        peak = f"   peak {memory(node.memory_peak_mb, options)} at {clock(node.memory_peak_at, options)}"
    title: Line = [
        (f" {node.id}   MEMORY", "title"),
        (f"   now {memory(node.memory_mb, options)}{peak}", "text"),
    ]
    top = f"{total / 1024:.1f}" if total else "100"
    lines: list[Line] = [[], title, *chart_of(node.memory, rows, width, top, options)]
    cpu = "?" if node.cpu_percent is None else f"{node.cpu_percent:.0f} %"
    cores = f" of {node.cpus} CPUs" if node.cpus else ""
    return [
        *lines,
        [],
        [(" CPU %", "title"), (f"   now {cpu}{cores}", "text")],
        *chart_of(node.cpu, rows, width, "100", options),
    ]


def chart_of(values: Sequence[float | None], rows: int, width: int, top: str, options: Options) -> list[Line]:
    """Percentages over time, some rows high, the newest at the right."""
    cells = max(width - 8, 8)
    shown = [None] * (cells - len(values)) + list(values[-cells:])
    levels = options.glyphs.levels
    full = len(levels) - 1
    lines: list[Line] = []
    for row in range(rows - 1, -1, -1):
        label = top if row == rows - 1 else ""
        text = "".join(
            " " if value is None else levels[max(0, min(full, round(value / 100 * rows * full) - row * full))]
            for value in shown
        )
        lines.append([(f"{label:>5} {options.glyphs.axis}", "dim"), (text, "spark")])
    return lines
