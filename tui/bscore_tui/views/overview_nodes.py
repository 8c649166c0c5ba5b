"""The nodes on the Overview: one row each, those with something wrong first."""

from __future__ import annotations

from rich.cells import cell_len

from bscore_tui.views.cells import labelled, mark, worker_cells
from bscore_tui.views.layout import left, spark
from bscore_tui.views.model import Model, NodeRow
from bscore_tui.views.overview_parts import Page
from bscore_tui.views.styles import Line, Options
from bscore_tui.views.words import count, memory_of, rate


def nodes(page: Page, model: Model, most: int) -> None:
    """One row per node, those with something wrong first, the healthy ones folded where room ends."""
    options, wide = page.options, page.width >= 100
    if not model.nodes or most <= 0:
        return
    rows = list(model.nodes)
    room = most - (1 if wide else 0)
    shown = rows if len(rows) <= room else rows[: max(room - 1, 0)]
    if wide:
        page.add(labelled("nodes", [(_node_heads(page, model), "dim")], options, 10))
    cells = _cell_width(page, model)
    for number, node in enumerate(shown):
        label = "nodes" if not number and not wide else ""
        target = page.named(f"node:{node.id}")
        sign = mark(target, node.sign, options)
        line: Line = [(sign[0] + " ", sign[1]), *node_line(node, page.width, cells, options)]
        page.add(labelled(label, line, options, 10), target)
    hidden = rows[len(shown) :]
    if hidden:
        page.add(
            labelled("" if shown or wide else "nodes", [_folded(hidden, options)], options, 10), "list:nodes"
        )


def _folded(rows: list[NodeRow], options: Options) -> tuple[str, str]:
    wrong = sum(bool(node.sign) for node in rows)
    speed = sum(node.finished_s or 0.0 for node in rows)
    text = f"  {options.glyphs.ellipsis} {len(rows)} more nodes, "
    text += f"{wrong} of them with something wrong" if wrong else f"nothing wrong, {rate(speed, options)}"
    return text, "warn" if wrong else "dim"


def _cell_width(page: Page, model: Model) -> int:
    most = max((max(len(node.workers), node.wanted) for node in model.nodes), default=1)
    return max(
        min(most, 8 if page.width < 100 else 16 if page.width < 160 else 32), 7 if page.width >= 100 else 4
    )


def _node_heads(page: Page, model: Model) -> str:
    options, cells = page.options, _cell_width(page, model)
    width = _spark_width(page.width, cells)
    name = _name_width(page.width, cells)
    text = f"  {left('NODE', name, options)} {left('WORKERS', cells, options)}   "
    text += left("CPU", width + 7, options)
    return text + f"   {left('MEMORY', width + 12, options)}{'ITEMS/S':>10}{'DONE':>10}{'FAILED':>9}"


def _name_width(width: int, cells: int) -> int:
    """What the other columns leave, so that the table ends at the right edge."""
    return 14 + min(max(width - 82 - cells - 2 * _spark_width(width, cells), 0), 30)


def _spark_width(width: int, cells: int) -> int:
    return max(4, min(6, width - 75)) if width < 100 else max(6, min(30, (width - 82 - cells) // 2))


def node_line(node: NodeRow, width: int, cells: int, options: Options) -> Line:
    """A node: cells of its workers, CPU and memory over time, its rate."""
    sparks = _spark_width(width, cells)
    wide = width >= 100
    name = left(node.id, _name_width(width, cells) if wide else 9, options)
    workers = worker_cells(node, cells, options.glyphs)
    used = sum(cell_len(text) for text, _ in workers)
    if not node.live and node.lost_reason:
        lost = f"lost: {node.lost_reason}"
        return [(name + " ", "text"), *workers, (" " * (cells - used + 2), "text"), (lost, "error")]
    percent_now = node.memory[-1] if node.memory else None
    full = percent_now is not None and percent_now >= 95
    cpu = options.glyphs.dash if node.cpu_percent is None else f"{node.cpu_percent:4.0f} %"
    memory = memory_of(node.memory_mb, node.memory_total_mb, options)
    line: Line = [(name + " ", "text"), *workers, (" " * max(cells - used, 0), "text")]
    line += [("   " if wide else "  cpu ", "dim"), (spark(node.cpu, sparks, 100, options.glyphs), "spark")]
    line += [(f"{cpu:>7}" if wide else f"{cpu:>5}", "text")]
    if width < 80:
        return [*line, (f"  {memory}", "warn" if full else "text")]
    line.append(("   " if wide else "  mem ", "dim"))
    line += [(spark(node.memory, sparks, 100, options.glyphs), "warn" if full else "spark")]
    line += [(f" {memory:>11}" if wide else f" {memory}", "warn" if full else "text")]
    speed = rate(node.finished_s, options).removesuffix(" /s") if wide else rate(node.finished_s, options)
    if wide:
        failed = count(node.failed, options)
        tail = f"{speed:>10}{count(node.done, options):>10}{failed:>9}"
        return [*line, (tail, "text")]
    if node.finished_s is not None and node.finished_s >= 1000:
        speed = f"{node.finished_s / 1000:,.1f}k /s"
    return [*line, (f" {speed:>8}", "text")]
