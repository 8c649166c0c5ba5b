"""Resources of nodes on one scale: CPU and memory in percent, disk and network against a common maximum."""

from __future__ import annotations

from collections.abc import Sequence

from bscore_tui.views.batches import matches
from bscore_tui.views.cells import mark
from bscore_tui.views.layout import left, spark
from bscore_tui.views.model import Model, NodeRow
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import clock, memory, memory_of, span

#: Rows of a chart, where nodes leave little room and where they leave much.
_LEAST, _MOST = 3, 8


def resources(model: Model, order: Sequence[str], width: int, height: int, options: Options) -> Body:
    """One row per node, and larger charts of the selected one (or of the first).

    The charts stand below the rows; above them where there are more rows than fit, so that these scroll.
    """
    by_id = {node.id: node for node in model.nodes}
    rows = [by_id[name] for name in order if name in by_id]
    rows = [node for node in rows if not options.filter or matches(node.id, options.filter)]
    cells = max(min((width - 60) // 2, 60), 8)
    chosen = next((node for node in rows if f"node:{node.id}" == options.selected), rows[0] if rows else None)
    above = len(rows) > height - 3 - _chart_rows(_LEAST)
    chart = _LEAST if above else max(_LEAST, min((height - len(rows) - 8) // 2, _MOST))
    charts = _charts(chosen, model, chart, width, options) if chosen is not None and height >= 16 else []
    lines: list[Line] = [_what(model, options)]
    lines += charts if above else []
    lines += [[], _heads(cells, options)]
    fixed = len(lines)
    targets: dict[int, str] = {}
    for node in rows:
        targets[len(lines)] = f"node:{node.id}"
        lines.append(_row(node, model, cells, options))
    if not rows:
        lines.append([("    no node that holds the filter" if model.nodes else "    no node yet", "dim")])
    return Body(lines if above else [*lines, *charts], targets, fixed)


def _chart_rows(rows: int) -> int:
    """Rows of both charts with their titles and axis."""
    return 2 * rows + 5


def _what(model: Model, options: Options) -> Line:
    known = [node for node in model.nodes if node.sample_at is not None]
    if not known:
        return [(" no samples yet; nodes write one every 5 s", "dim")]
    age = (model.at - max(node.sample_at or 0 for node in known)) / 1e6
    old = f", the last {span(age)} old" if age > 30 else ""
    step = next((node.sample_step_s for node in known if node.sample_step_s), None)
    every = f", a sample every {step:.0f} s" if step else ""
    minutes = f"last {options.span_s // 60} min"
    return [(f" resources, {minutes}{every}{old}    scale 0 - 100 % for all", "dim")]


def over_cells(
    values: Sequence[float | None], step_s: float | None, span_s: float, cells: int
) -> list[float | None]:
    """The last `span_s` seconds in so many cells, the mean of each; a long sample is a step."""
    samples = max(1, round(span_s / step_s)) if step_s else max(len(values), 1)
    shown = [None] * (samples - len(values)) + list(values[-samples:])
    found: list[float | None] = []
    for cell in range(cells):
        first = cell * samples // cells
        part = [
            value
            for value in shown[first : max(first + 1, (cell + 1) * samples // cells)]
            if value is not None
        ]
        found.append(sum(part) / len(part) if part else None)
    return found


def _heads(cells: int, options: Options) -> Line:
    cpu, mem = left("CPU", cells + 7, options), left("MEMORY", cells + 14, options)
    return [(f"   {left('NODE', 12, options)} {cpu} {mem} DISK MB/S   NET MB/S", "dim")]


def _row(node: NodeRow, model: Model, cells: int, options: Options) -> Line:
    sign, style = mark(f"node:{node.id}", node.sign, options)
    full = bool(node.memory) and (node.memory[-1] or 0) >= 95
    cpu = "?" if node.cpu_percent is None else f"{node.cpu_percent:.0f} %"
    line: Line = [(f" {sign} ", style), (left(node.id, 12, options) + " ", "text")]
    line += [(_spark(node.cpu, node, cells, options), "spark"), (f"{cpu:>6}  ", "text")]
    line += [(_spark(node.memory, node, cells, options), "warn" if full else "spark")]
    line += [(f"{memory_of(node.memory_mb, node.memory_total_mb, options):>13}", "warn" if full else "text")]
    line += [(f"{_figure(node.disk_mb_s):>11}{_figure(node.network_mb_s):>11}", "text")]
    if node.sample_at is not None and model.at - node.sample_at > 60_000_000:
        line.append((f"  {span((model.at - node.sample_at) / 1e6)} old", "unknown"))
    return line


def _spark(values: Sequence[float | None], node: NodeRow, cells: int, options: Options) -> str:
    return spark(over_cells(values, node.sample_step_s, options.span_s, cells), cells, 100, options.glyphs)


def _figure(value: float | None) -> str:
    return "?" if value is None else f"{value:,.1f}"


def _charts(node: NodeRow, model: Model, rows: int, width: int, options: Options) -> list[Line]:
    total = node.memory_total_mb
    peak = ""
    if node.memory_peak_mb is not None:
        peak = f"   peak {memory(node.memory_peak_mb, options)} at {clock(node.memory_peak_at, options)}"
    now = f"   now {memory(node.memory_mb, options)}{peak}"
    top = f"{total / 1024:.{1 if total < 99.95 * 1024 else 0}f}" if total else "100"
    cells = max(width - 9, 8)
    cpu = "?" if node.cpu_percent is None else f"{node.cpu_percent:.0f} %"
    cores = f" of {node.cpus} CPUs" if node.cpus else ""
    used = over_cells(node.memory, node.sample_step_s, options.span_s, cells)
    busy = over_cells(node.cpu, node.sample_step_s, options.span_s, cells)
    return [
        [],
        [(f" {node.id}   MEMORY", "title"), (now, "text")],
        *chart_of(used, rows, top, "GB" if total else "%", options),
        [],
        [(f" {node.id}   CPU", "title"), (f"   now {cpu}{cores}", "text")],
        *chart_of(busy, rows, "100", "%", options),
        _axis(model, cells, options),
    ]


def _axis(model: Model, cells: int, options: Options) -> Line:
    """The moments at both ends of the charts."""
    first, last = clock(model.at - options.span_s * 1_000_000, options), clock(model.at, options)
    return [(" " * 8 + first + " " * (cells - len(first) - len(last)) + last, "dim")]


def chart_of(values: Sequence[float | None], rows: int, top: str, unit: str, options: Options) -> list[Line]:
    """Percentages over time, one cell each, some rows high."""
    levels = options.glyphs.levels
    full = len(levels) - 1
    lines: list[Line] = []
    for row in range(rows - 1, -1, -1):
        label = top if row == rows - 1 else unit if row == 0 else ""
        text = "".join(
            " "
            if value is None
            else levels[max(int(not row), min(full, round(value / 100 * rows * full) - row * full))]
            for value in values
        )
        lines.append([(f"{label:>5} {options.glyphs.axis} "[:8].ljust(8), "dim"), (text, "spark")])
    return lines
