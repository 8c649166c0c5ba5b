"""Nodes: every worker, what is wrong first and open, what is well folded to a row; or their resources."""

from __future__ import annotations

from bscore_tui.views.batches import matches
from bscore_tui.views.cells import mark, worker_cells
from bscore_tui.views.layout import crop, left, spark, width_of
from bscore_tui.views.model import Model, NodeRow, WorkerRow
from bscore_tui.views.resources import resources
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import count, duration, memory, memory_of, nanoseconds, plural, span

VARIANTS = ("workers", "resources")
ORDERS = ("", "node", "done", "cpu", "memory")
KEYS = (
    ("enter", "open"),
    ("l", "log"),
    ("v", "resources"),
    ("s", "sort"),
    ("z", "fold"),
    ("/", "filter"),
    ("a", "actions"),
    ("q", "back"),
)


def nodes(model: Model, width: int, height: int, options: Options) -> Body:
    """Workers by node, or their resources (`options.variant`)."""
    if options.variant == "resources":
        return resources(model, width, height, options)
    lines: list[Line] = [_counts(model, options), [], _heads(width)]
    targets: dict[int, str] = {}
    fixed = len(lines)
    foot = _selected(model, width, options)
    room = height - fixed - len(foot)
    rows = _rows(model, width, room, options)
    if not rows:
        rows = [
            ([("    no node yet" if not model.nodes else "    nothing that holds the filter", "dim")], "")
        ]
    for line, target in rows:
        if target:
            targets[len(lines)] = target
        lines.append(line)
    if len(lines) + len(foot) <= height:
        lines += [[]] * (height - len(lines) - len(foot)) + foot
    return Body(lines, targets, fixed)


def _counts(model: Model, options: Options) -> Line:
    workers = model.workers
    states: dict[str, int] = {}
    for worker in workers:
        states[worker.state] = states.get(worker.state, 0) + 1
    late = sum(worker.sign == "!" for worker in workers)
    parts = ", ".join(f"{number} {state}" for state, number in sorted(states.items(), key=lambda kv: -kv[1]))
    text = f" {plural(len(workers), 'worker')}" + (f": {parts}" if parts else "")
    limit = duration(model.limits.attempt_s, options)
    median = f"   median {nanoseconds(model.median_ns, options)}   time-out {limit}"
    restarts = f"   {plural(model.restarts, 'death')}" if model.restarts else ""
    line: Line = [(text, "text"), (median, "dim"), (restarts, "warn")]
    return [*line, (f"   ! {late} late", "warn")] if late else line


def _heads(width: int) -> Line:
    if width < 100:
        return [("   WORKER        STATE       BATCH   FOR   DONE  FAIL  ITEM/S  CPU       MEM", "dim")]
    heads = "   WORKER        STATE       BATCH TRY   FOR    DONE FAIL  ITEM/S   CPU          MEM"
    heads += " LAST OUTPUT, WHERE"
    return [(heads, "dim")]


Row = tuple[Line, str]


def _rows(model: Model, width: int, room: int, options: Options) -> list[Row]:
    """Rows of all nodes: those with something wrong open as far as room allows, the others folded."""
    chosen = [node for node in _sorted(model, options) if _wanted(node, options)]
    opened = _opened(chosen, room, options)
    closed = len(chosen) - len(opened)
    spare = room - min(closed, max(room // 3, room - 12 * len(opened)))
    rows: list[Row] = []
    left_open = len(opened)
    for node in chosen:
        if node.id not in opened:
            rows.append((_node_line(node, width, options, is_open=False), f"node:{node.id}"))
            continue
        part = _open_node(node, model, width, max(spare // left_open, 3), options)
        rows += part
        spare -= len(part)
        left_open -= 1
    return rows


def _opened(chosen: list[NodeRow], room: int, options: Options) -> set[str]:
    """Nodes shown with their workers: the first wrong ones as long as each has room, or few nodes at all."""
    opened: set[str] = set()
    budget = room
    for node in chosen:
        toggled = f"node:{node.id}" in options.toggled
        need = 3 + sum(bool(worker.sign) for worker in node.workers) + min(len(node.gone), 2)
        wants = bool(node.sign) or len(chosen) <= 2 or bool(options.filter)
        fits = not opened or need <= budget
        if (wants and fits) != toggled:
            opened.add(node.id)
            budget -= need
        else:
            budget -= bool(node.sign)
    return opened


def _sorted(model: Model, options: Options) -> list[NodeRow]:
    rows = list(model.nodes)
    if options.sort == "done":
        rows.sort(key=lambda node: node.done, reverse=True)
    elif options.sort == "cpu":
        rows.sort(key=lambda node: node.cpu_percent or 0.0, reverse=True)
    elif options.sort == "memory":
        rows.sort(key=lambda node: (node.memory or (0.0,))[-1] or 0.0, reverse=True)
    elif options.sort == "node":
        rows.sort(key=lambda node: node.id)
    if options.reverse:
        rows.reverse()
    return rows


def _wanted(node: NodeRow, options: Options) -> bool:
    if not options.filter:
        return True
    texts = [f"{node.id} {node.host}", *(_text(worker) for worker in (*node.workers, *node.gone))]
    return any(matches(text, options.filter) for text in texts)


def _text(worker: WorkerRow) -> str:
    return f"{worker.node} {worker.process} {worker.state} {worker.mini_batch} {worker.cause} {worker.stack}"


def _open_node(node: NodeRow, model: Model, width: int, room: int, options: Options) -> list[Row]:
    rows: list[Row] = [(_node_line(node, width, options, is_open=True), f"node:{node.id}")]
    workers = sorted(node.workers, key=lambda worker: _urgency(worker, model))
    if options.filter and not matches(f"{node.id} {node.host}", options.filter):
        workers = [worker for worker in workers if matches(_text(worker), options.filter)]
    gone = list(node.gone)
    always = [
        worker for worker in workers if worker.sign or worker.id == options.selected.removeprefix("worker:")
    ]
    places = max(room - 1 - min(len(gone), 2), len(always))
    shown = workers if len(workers) <= places else workers[: max(places - 1, len(always))]
    rows += [(_worker_line(worker, model, width, options), f"worker:{worker.id}") for worker in shown]
    left_over = room - len(rows) - (len(shown) < len(workers))
    gone = gone[: max(left_over, min(len(gone), 2))]
    rows += [(_gone_line(worker, model, width, options), f"worker:{worker.id}") for worker in gone]
    hidden = workers[len(shown) :]
    if hidden:
        late = sum(worker.sign == "!" for worker in hidden)
        states = {worker.state for worker in hidden}
        what = states.pop() if len(states) == 1 else "more workers"
        text = f"    {options.glyphs.ellipsis} {len(hidden)} more {what.removeprefix('more ')}, "
        rows.append(([(text + (f"{late} late" if late else "none late"), "dim")], ""))
    return rows


def _urgency(worker: WorkerRow, model: Model) -> tuple[int, int]:
    order = {"!": 0, "?": 1}.get(worker.sign, 2)
    if worker.state == "starting":
        order = min(order, 1)
    return order, worker.since if worker.state == "busy" else model.at


def _node_line(node: NodeRow, width: int, options: Options, *, is_open: bool) -> Line:
    wide = width >= 100
    sign, style = mark(f"node:{node.id}", node.sign, options)
    fold = options.glyphs.opened if is_open else options.glyphs.folded
    cells = worker_cells(node, 10 if not wide else 12, options.glyphs)
    line: Line = [
        (f" {sign}", style),
        (f"{fold} ", "dim"),
        (left(node.id, 12, options) + " ", "strong"),
        *cells,
    ]
    if not node.live:
        return [*line, (f"  lost: {node.lost_reason}", "error")]
    full = bool(node.memory) and (node.memory[-1] or 0) >= 95
    cpu = "?" if node.cpu_percent is None else f"{node.cpu_percent:.0f} %"
    used = memory_of(node.memory_mb, node.memory_total_mb, options)
    speed = "-" if node.items_s is None else f"{node.items_s:,.1f}"
    at = 39 if not wide else 46
    line.append((" " * max(at - width_of(line), 1), "text"))
    figures = f"{count(node.done, options):>7} {count(node.failed, options):>5} {speed:>7} "
    line += [(figures, "text"), (f"{cpu:>6} " if not wide else f"{cpu:>7} ", "text")]
    line.append((f"{used:>10}" if not wide else f"{used:>12}", "warn" if full else "text"))
    if wide:
        cells_left = (width - width_of(line) - 12) // 2
        size = max(min(cells_left, 30), 0)
        line += [(" cpu ", "dim"), (spark(node.cpu, size, 100, options.glyphs), "spark")]
        line += [
            ("  mem ", "dim"),
            (spark(node.memory, size, 100, options.glyphs), "warn" if full else "spark"),
        ]
    return line


def _worker_line(worker: WorkerRow, model: Model, width: int, options: Options) -> Line:
    wide = width >= 100
    sign, style = mark(f"worker:{worker.id}", worker.sign, options)
    for_ = span((model.at - worker.since) / 1e6)
    batch = "-" if worker.mini_batch is None else f"{worker.mini_batch:,}"
    cpu = "?" if worker.cpu_percent is None else f"{worker.cpu_percent:.0f} %"
    speed = (
        "-"
        if worker.items_s is None
        else f"{worker.items_s:,.2f}"
        if worker.items_s < 1000
        else f"{worker.items_s:,.0f}"
    )
    state_style = worker.state if worker.state in ("busy", "idle", "starting") else "text"
    line: Line = [
        (f" {sign}  ", style),
        (left(worker.process, 12, options) + " ", "text"),
        (left(worker.state, 9, options) + " ", state_style),
    ]
    if wide:
        attempt = "-" if worker.attempt is None else str(worker.attempt)
        done, failed = count(worker.done, options), count(worker.failed, options)
        text = f"{batch:>7} {attempt:>3}{for_:>6} {done:>7} {failed:>4} "
        line += [(text, "warn" if worker.sign else "text")]
        line += [(f"{speed:>7} {cpu:>7} {memory(worker.memory_mb, options):>12} ", "text")]
        return [*line, (crop(_doing(worker, model), max(width - width_of(line), 0), options), "dim")]
    text = f"{batch:>7} {for_:>5} {count(worker.done, options):>6} {count(worker.failed, options):>5} "
    line.append((text, "warn" if worker.sign else "text"))
    return [*line, (f"{speed:>7} {cpu:>6} {memory(worker.memory_mb, options):>10}", "text")]


def _doing(worker: WorkerRow, model: Model) -> str:
    """What is known of what it does: its last output, where its stack stood."""
    if worker.last_output is not None:
        age = "" if worker.last_output_at is None else f"{span((model.at - worker.last_output_at) / 1e6)} "
        return age + worker.last_output
    if worker.stack:
        return f"in {worker.stack}"
    return worker.cause


def _gone_line(worker: WorkerRow, model: Model, width: int, options: Options) -> Line:
    sign, style = mark(f"worker:{worker.id}", worker.sign, options)
    ago = span((model.at - worker.since) / 1e6)
    wide = width >= 100
    line: Line = [
        (f" {sign}  ", style),
        (left(worker.process, 12, options) + " ", "dim"),
        (left("gone", 9, options), "dim"),
    ]
    gap = f"{'-':>8} {'-':>3}{ago:>6} " if wide else f"{'':>8}{ago:>6} "
    line.append((f"{gap}{count(worker.done, options):>{7 if wide else 6}}   ", "dim"))
    return [*line, (crop(worker.cause, max(width - width_of(line) - 1, 0), options), "dim")]


def _selected(model: Model, width: int, options: Options) -> list[Line]:
    """Two rows about the selected worker."""
    name = options.selected.removeprefix("worker:")
    worker = next((row for row in model.workers if row.id == name), None)
    if worker is None:
        return [[], []] if model.nodes else []
    parts = [worker.process if width < 100 else f"{worker.process} on {worker.node}"]
    parts += [f"pid {worker.pid}"] if worker.pid else []
    if worker.mini_batch is not None:
        limit = model.limits.attempt_s
        killed = ""
        if limit is not None:
            killed = f", killed in {span(limit - (model.at - worker.since) / 1e6)}"
        parts.append(f"try {worker.attempt} of {model.limits.tries}{killed}")
        parts += [f"{worker.queued} more given to it"] if worker.queued else []
    if worker.median_ns is not None:
        parts.append(f"its median {nanoseconds(worker.median_ns, options)}")
    second = _doing(worker, model)
    return [[(" " + "  ".join(parts), "text")], [("   " + second, "dim")]]
