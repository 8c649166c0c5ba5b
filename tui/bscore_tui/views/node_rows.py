"""Rows of the Nodes screen in one set of columns: a node, a living worker, one that is gone, the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bscore_tui.views.cells import mark, state_text, worker_cells
from bscore_tui.views.layout import crop, left, middle, right, spark, width_of
from bscore_tui.views.model import Model, NodeRow, WorkerRow
from bscore_tui.views.styles import Line, Options
from bscore_tui.views.words import figure, memory, memory_of, span, span_in

#: Cells of the columns behind the worker's name and state, by the width of the screen.
_SMALL = {"BATCH": 7, "FOR": 6, "DONE": 6, "FAIL": 4, "CPU": 5}
_USUAL = {"BATCH": 7, "FOR": 6, "DONE": 6, "FAIL": 4, "RUN()/S": 7, "CPU": 5, "MEM": 11}
_WIDE = {"BATCH": 9, "TRY": 3, "FOR": 7, "DONE": 7, "FAIL": 4, "RUN()/S": 7, "CPU": 5, "MEM": 11}
_NAME, _STATE = 12, 10
#: Where less is left for both, only the CPU is drawn over time.
_LEAST_SPARK = 4


def columns_of(width: int) -> dict[str, int]:
    """The columns that a screen of this width has, with their cells."""
    return _SMALL if width < 80 else _USUAL if width < 100 else _WIDE


def heads(width: int, options: Options) -> Line:
    """Names of the columns."""
    columns = columns_of(width)
    text = _row({name: name for name in columns}, columns, options)
    last = "" if width < 100 else "  LAST OUTPUT" if width < 112 else "  LAST OUTPUT, WHERE"
    return [(f"    {left('WORKER', _NAME, options)} {left('STATE', _STATE, options)}{text}{last}", "dim")]


def _counting(columns: Mapping[str, int]) -> dict[str, int]:
    """The columns of what is past; a reason may stand over the others."""
    return {name: cells for name, cells in columns.items() if name in ("BATCH", "TRY", "FOR", "DONE", "FAIL")}


def _row(texts: Mapping[str, str], columns: Mapping[str, int], options: Options) -> str:
    """Texts right-aligned in their columns, one blank between two."""
    return " ".join(right(texts.get(name, ""), cells, options) for name, cells in columns.items())


def node_line(node: NodeRow, width: int, options: Options, *, is_open: bool) -> Line:
    """A node: its workers as cells, its figures, from 100 columns on CPU and memory over time."""
    columns = columns_of(width)
    sign, style = mark(f"node:{node.id}", node.sign, options)
    fold = options.glyphs.opened if is_open else options.glyphs.folded
    line: Line = [(f" {sign}", style), (f"{fold} ", "dim"), (left(node.id, _NAME, options) + " ", "strong")]
    line += worker_cells(node, _STATE, options.glyphs)
    line.append((" " * (4 + _NAME + 1 + _STATE - width_of(line)), "text"))
    full = bool(node.memory) and (node.memory[-1] or 0) >= 95
    busy = sum(worker.state == "busy" for worker in node.workers)
    unknown = any(worker.state == "unknown" for worker in node.workers)
    texts = {
        "BATCH": f"{busy} busy" if width >= 100 and not unknown else "",
        "DONE": figure(node.done, columns["DONE"], options),
        "FAIL": figure(node.failed, columns["FAIL"], options),
        "RUN()/S": _speed(node.items_s, options, 1),
        "CPU": _percent(node.cpu_percent, options),
    }
    if not node.live and node.lost_reason:
        line.append((_row(texts, _counting(columns), options), "text"))
        return [*line, (crop(f"   lost: {node.lost_reason}", width - 1 - width_of(line), options), "error")]
    used = memory_of(node.memory_mb, node.memory_total_mb, options)
    line.append(
        (_row(texts, {name: cells for name, cells in columns.items() if name != "MEM"}, options), "text")
    )
    if "MEM" in columns:
        line.append((" " + right(used, columns["MEM"], options), "warn" if full else "text"))
    return [*line, *_sparks(node, width - width_of(line), full, options)] if width >= 100 else line


def _sparks(node: NodeRow, room: int, full: bool, options: Options) -> Line:
    cells = max(min((room - 13) // 2, 30), 0)
    if cells < _LEAST_SPARK:
        cells = max(room - 7, 0)
        return [("  cpu ", "dim"), (spark(node.cpu, cells, 100, options.glyphs), "spark")]
    return [
        ("  cpu ", "dim"),
        (spark(node.cpu, cells, 100, options.glyphs), "spark"),
        ("  mem ", "dim"),
        (spark(node.memory, cells, 100, options.glyphs), "warn" if full else "spark"),
    ]


def worker_line(worker: WorkerRow, model: Model, width: int, options: Options) -> Line:
    """A living worker: what it runs, for how long, how it did so far."""
    columns = columns_of(width)
    sign, style = mark(f"worker:{worker.id}", worker.sign, options)
    dash = options.glyphs.dash
    state_style = worker.state if worker.state in ("busy", "idle", "starting") else "text"
    first = {
        "BATCH": dash if worker.mini_batch is None else figure(worker.mini_batch, columns["BATCH"], options),
        "TRY": dash if worker.attempt is None else str(worker.attempt),
        "FOR": span_in((model.until - worker.since) / 1e6, columns["FOR"]),
        "DONE": figure(worker.done, columns["DONE"], options),
        "FAIL": figure(worker.failed, columns["FAIL"], options),
    }
    rest = {
        "RUN()/S": _speed(worker.items_s, options, 2),
        "CPU": _percent(worker.cpu_percent, options),
        "MEM": dash if worker.memory_mb is None else memory(worker.memory_mb, options),
    }
    line: Line = [
        (f" {sign}  ", style),
        (left(worker.process, _NAME, options) + " ", "text"),
        (left(state_text(worker), _STATE, options), state_style),
    ]
    near = {name: cells for name, cells in columns.items() if name in first}
    far = {name: cells for name, cells in columns.items() if name in rest}
    line += [(_row(first, near, options), "warn" if worker.sign == "!" else "text")]
    line += [(" " + _row(rest, far, options), "text")]
    if width < 100:
        return line
    return [*line, ("  " + middle(doing(worker, model), width - width_of(line) - 2, options), "dim")]


def _speed(items_s: float | None, options: Options, digits: int) -> str:
    if items_s is None:
        return options.glyphs.dash
    return f"{items_s:,.{digits if items_s < 1000 else 0}f}"


def _percent(value: float | None, options: Options) -> str:
    return options.glyphs.dash if value is None else f"{value:.0f} %"


def doing(worker: WorkerRow, model: Model) -> str:
    """What is known of what it does: its last output, where its stack stood."""
    if worker.last_output is not None:
        age = "" if worker.last_output_at is None else f"{span((model.at - worker.last_output_at) / 1e6)} "
        return age + worker.last_output
    if worker.stack:
        return f"in {worker.stack}"
    return worker.cause


def gone_line(worker: WorkerRow, model: Model, width: int, options: Options) -> Line:
    """A worker that is no more: since when, and why, over the columns that it has no figures for."""
    columns = columns_of(width)
    sign, style = mark(f"worker:{worker.id}", worker.sign, options)
    texts = {
        "FOR": span_in((model.until - worker.since) / 1e6, columns["FOR"]),
        "DONE": figure(worker.done, columns["DONE"], options),
        "FAIL": figure(worker.failed, columns["FAIL"], options),
    }
    near = _counting(columns)
    line: Line = [
        (f" {sign}  ", style),
        (left(worker.process, _NAME, options) + " ", "dim"),
        (left("gone", _STATE, options), "dim"),
        (_row(texts, near, options) + "   ", "dim"),
    ]
    return [*line, (middle(worker.cause, width - width_of(line) - 1, options), "dim")]


def rest_line(hidden: Sequence[WorkerRow], options: Options) -> Line:
    """How many workers of a node are not shown, and whether one of them is late or slow."""
    if not hidden:
        return []
    late, slow = sum(worker.late for worker in hidden), sum(worker.slow for worker in hidden)
    deviating = ", ".join(f"{number} {word}" for number, word in ((late, "late"), (slow, "slow")) if number)
    states = {worker.state for worker in hidden}
    what = f"more {states.pop()}" if len(states) == 1 else "more workers"
    text = f"    {options.glyphs.ellipsis} {len(hidden)} {what}, "
    return [(text + (deviating or "none late"), "dim")]
