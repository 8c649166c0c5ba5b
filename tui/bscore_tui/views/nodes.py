"""Nodes: every worker, what is wrong first and open, what is well folded to a row; or their resources."""

from __future__ import annotations

from collections.abc import Sequence

from bscore_tui.views.layout import wrap
from bscore_tui.views.model import Model, find
from bscore_tui.views.node_order import REST, Block, listed, sorted_nodes, wanted_blocks
from bscore_tui.views.node_rows import doing, gone_line, heads, node_line, rest_line, worker_line
from bscore_tui.views.resources import resources
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import clock, duration, memory, nanoseconds, plural, span

VARIANTS = ("workers", "resources")
ORDERS = ("", "node", "done", "cpu", "memory")
_HEAD_ROWS = 3
_FOOT_ROWS = 2


def blocks_of(model: Model, height: int, options: Options) -> tuple[Block, ...]:
    """The order of rows that suits this moment best."""
    if options.variant == "resources":
        return tuple(Block(node.id) for node in sorted_nodes(model, options))
    return wanted_blocks(model, height - _HEAD_ROWS - _FOOT_ROWS, options)


def nodes(
    model: Model, width: int, height: int, options: Options, blocks: Sequence[Block] | None = None
) -> Body:
    """Workers by node, or their resources (`options.variant`); `blocks`: the order, where it is kept."""
    blocks = blocks_of(model, height, options) if blocks is None else blocks
    if options.variant == "resources":
        return resources(model, [block.node for block in blocks], width, height, options)
    lines: list[Line] = [_counts(model, options), [], heads(width, options)]
    targets: dict[int, str] = {}
    fixed = len(lines)
    foot = _selected(model, width, options)
    rows = _rows(model, blocks, width, options)
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
    late, slow = sum(worker.late for worker in workers), sum(worker.slow for worker in workers)
    parts = ", ".join(f"{number} {state}" for state, number in sorted(states.items(), key=lambda kv: -kv[1]))
    if model.silent and workers:
        parts = f"unknown since {clock(model.last, options)}"
    text = f" {plural(len(workers), 'worker')}" + (f": {parts}" if parts else "")
    line: Line = [(text, "text")]
    line += [(f"   ! {late} late", "warn")] if late else []
    line += [(f"   ! {slow} slow", "warn")] if slow else []
    line += [(f"   x {plural(model.restarts, 'death')}", "error")] if model.restarts else []
    limit = duration(model.limits.attempt_s, options)
    median = f"   median {nanoseconds(model.median_ns, options)}"
    return [*line, (median, "dim"), (f"   time-out {limit}", "dim")]


Row = tuple[Line, str]


def _rows(model: Model, blocks: Sequence[Block], width: int, options: Options) -> list[Row]:
    """Every block: its node, and below it the workers that it names as they are now."""
    by_id = {node.id: node for node in model.nodes}
    rows: list[Row] = []
    for block in blocks:
        node = by_id.get(block.node)
        if node is None:
            continue
        rows.append((node_line(node, width, options, is_open=block.is_open), f"node:{node.id}"))
        living = {worker.id: worker for worker in node.workers}
        gone = {worker.id: worker for worker in (*node.gone, *node.past)}
        hidden = [worker for worker in listed(node, model, options) if worker.id not in block.rows]
        for name in block.rows:
            if name in living:
                rows.append((worker_line(living[name], model, width, options), f"worker:{name}"))
            elif name in gone:
                rows.append((gone_line(gone[name], model, width, options), f"worker:{name}"))
            else:
                rows.append((rest_line(hidden if name == REST else (), options), ""))
                hidden = [] if name == REST else hidden
    return rows


def _selected(model: Model, width: int, options: Options) -> list[Line]:
    """Two rows about the selected worker."""
    name = options.selected.removeprefix("worker:")
    worker = find(model, name)
    lost = next((node for node in model.nodes if options.selected == f"node:{node.id}"), None)
    if lost is not None and not lost.live and lost.lost_reason:
        reason = wrap(f"{lost.id}  lost: {lost.lost_reason}", width - 2, 2, options)
        return [*([(f" {text}", "text")] for text in reason), *[[]] * (2 - len(reason))]
    if worker is None:
        return [[], []] if model.nodes else []
    parts = [worker.process if width < 100 else f"{worker.process} on {worker.node}"]
    parts += [f"pid {worker.pid}"] if worker.pid else []
    if worker.mini_batch is not None:
        limit = model.limits.attempt_s
        killed = ""
        if limit is not None and not model.silent:
            killed = f", killed in {span(limit - (model.at - worker.since) / 1e6)}"
        parts.append(f"try {worker.attempt} of {model.limits.tries}{killed}")
        parts += [f"{worker.queued} more given to it"] if worker.queued else []
    if worker.state == "gone":
        parts.append(f"init() {nanoseconds(worker.init_ns, options)}")
        parts += [f"memory at last {memory(worker.memory_mb, options)}"] if worker.memory_mb else []
    if worker.median_ns is not None:
        parts.append(f"its median {nanoseconds(worker.median_ns, options)}")
    second = doing(worker, model)
    return [[(" " + "  ".join(parts), "text")], [("   " + second, "dim")]]
