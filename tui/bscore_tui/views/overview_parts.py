"""The blocks of the Overview: each is some rows behind a label, left out where there is nothing to say."""

from __future__ import annotations

from rich.cells import cell_len

from bscore_tui.views.cells import error_line, labelled, mark, short_place, sign_style, worker_cells
from bscore_tui.views.layout import bar, crop, left, right, spark
from bscore_tui.views.model import Model, NodeRow
from bscore_tui.views.styles import Line, Options
from bscore_tui.views.words import (
    clock,
    count,
    memory_of,
    minute,
    nanoseconds,
    percent,
    percent_text,
    rate,
    span,
)


class Page:
    """Lines in the making, with what each of them opens."""

    def __init__(self, width: int, options: Options) -> None:
        self.width, self.options = width, options
        self.lines: list[Line] = []
        self.targets: dict[int, str] = {}

    def add(self, line: Line, target: str = "") -> None:
        """One line more."""
        if target:
            self.targets[len(self.lines)] = target
        self.lines.append(line)

    def gap(self) -> None:
        """An empty line, never two."""
        if self.lines and self.lines[-1]:
            self.lines.append([])


def progress(model: Model, width: int, options: Options) -> Line:
    """The bar and its percentage, both rounded down."""
    share = model.over / model.mini_batches if model.listed and model.mini_batches else None
    if model.listed and not model.mini_batches:
        share = 1.0
    value = percent(model.over, model.mini_batches) if model.listed and model.mini_batches else None
    text = percent_text(value, options) if share is not None else "listing"
    cells = width - 12
    return [(" ", "text"), *bar(share, cells, options.glyphs), (right(text, 10, options), "strong")]


def batches(model: Model, options: Options) -> Line:
    """How many mini-batches are where."""
    if model.ended is not None:
        rest = ("not tried", model.waiting + model.running) if model.state != "Completed" else ("waiting", 0)
    else:
        rest = ("waiting", model.waiting)
    middle: list[tuple[str, int | None, int]] = [
        ("done", model.done, 8), ("running", 0 if model.ended else model.running, 6), (rest[0], rest[1], 9),
        ("abandoned", model.abandoned, 5),
    ]  # fmt: skip
    line: Line = []
    for name, number, width in middle:
        style = "error" if name == "abandoned" and number else "text"
        line += [(right(count(number, options), width, options), style), (f" {name}", "dim")]
    return labelled("batches", line, options, 10)


def items(model: Model, options: Options) -> Line:
    """Items over, the rate, and how many failed of how many allowed."""
    total = count(model.items, options)
    of = f"{right(count(model.done_items + _abandoned_items(model), options), 9, options)} of {total}"
    if not model.listed:
        of += " so far"
    speed = rate(model.items_s, options)
    limit = model.limits.error_threshold
    failed = f"{model.failed_items:,} failed, {'no limit' if limit is None else f'limit {limit:,}'}"
    style = "warn" if model.failed_items else "text"
    sign = "! " if limit is not None and model.failed_items > limit // 2 else ""
    line: Line = [
        (left(of, 30, options), "text"),
        (right(speed, 9, options), "text"),
        ("          ", "text"),
    ]
    return labelled("items", [*line, (sign + failed, style)], options, 10)


def _abandoned_items(model: Model) -> int:
    return model.abandoned * (model.mini_batch_size or 0)


def ends(model: Model, options: Options) -> Line:
    """Between which moments it will end."""
    if model.state == "Finalizing":
        return labelled("ends", [("    publishing the output", "text")], options, 10)
    if model.ends is None:
        why = "unknown while the inputs are listed" if not model.listed else "unknown so far"
        return labelled("ends", [(f"    {why}", "text")], options, 10)
    low, high = model.ends
    when = minute(low, options)
    if minute(high, options) != when:
        when = f"{when} - {minute(high, options)}"
    first, last = (low - model.at) / 60e6, (high - model.at) / 60e6
    minutes = f"{first:.0f} - {last:.0f} min" if round(first) != round(last) else f"{last:.0f} min"
    if last < 2:
        seconds = sorted({round(max(low - model.at, 0) / 1e6), round(max(high - model.at, 0) / 1e6)})
        minutes = " - ".join(map(str, seconds)) + " s"
    text = left(f"    {when}", 32, options) + f" in {minutes}, likely"
    return labelled("ends", [(text, "text")], options, 10)


def next_lines(model: Model, options: Options, most: int) -> list[Line]:
    """What happens by itself if nothing changes."""
    lines: list[Line] = []
    for number, event in enumerate(model.next_events[:most]):
        wait = span((event.at - model.at) / 1e6)
        text = f"    in {wait}  {event.text}"
        lines.append(labelled("" if number else "next", [(text, "text")], options, 10))
    return lines or [[]]


def speeds(model: Model, options: Options) -> list[Line]:
    """How busy the workers are and how long run() takes, as a second column."""
    workers = len(model.workers)
    busy = f"{percent_text(model.busy_percent, options, 0):>7} of {workers} workers"
    median, high = nanoseconds(model.median_ns, options), nanoseconds(model.p95_ns, options)
    outside = nanoseconds(model.outside_ns, options)
    rows = [
        ("busy", busy),
        ("run()", f"{median:>8} median, {high} p95"),
        ("init()", f"{nanoseconds(model.init_ns, options):>8} median"),
        ("outside", f"{outside:>8} per mini-batch"),
    ]
    return [[(left(name, 8, options), "dim"), (text, "text")] for name, text in rows]


def findings(page: Page, model: Model, most: int) -> None:
    """Diagnoses with their remedies, at most so many rows."""
    options = page.options
    first = True
    rows = 0
    for finding in model.findings:
        need = 2 if finding.remedy else 1
        if rows + need > most:
            break
        label = "findings" if first else ""
        sign, style = mark(finding.target, "!", options)
        line: Line = [(sign + " ", style), (finding.text, "text")]
        page.add(labelled(label, line, options, 10), finding.target)
        if finding.remedy:
            page.add(labelled("", [("  " + finding.remedy, "dim")], options, 10))
        rows += need
        first = False
    if rows:
        page.gap()


def errors(page: Page, model: Model, most: int) -> None:
    """The most frequent errors."""
    if not model.errors:
        return
    options, wide = page.options, page.width >= 100
    if wide:
        heads = [("ATTEMPTS", 8, True), ("WHAT", page.width - 78, False), ("WHERE", 20, False)]
        text = "  ".join((right if is_right else left)(name, size, options) for name, size, is_right in heads)
        page.add(labelled("errors", [(text + "   NODES     FIRST      LAST", "dim")], options, 10))
    for number, row in enumerate(model.errors[:most]):
        label = "errors" if not number and not wide else ""
        target = f"error:{row.key}"
        sign, style = mark(target, "", options)
        if wide:
            size = page.width - 78
            text = f"{count(row.count, options):>7}  {left(row.what, size, options)}  "
            text += f"{left(short_place(row.place), 20, options)}  {len(row.nodes):>6}  "
            text += f"{clock(row.first_at, options):>8}  {clock(row.last_at, options):>8}"
            page.add(labelled(label, [(sign, style), (text, "text")], options, 10), target)
        else:
            line = error_line(row, page.width, options, first=sign)
            page.add(labelled(label, line, options, 8), target)
    hidden = len(model.errors) - most
    if hidden > 0:
        page.add(
            labelled("", [(f"  {options.glyphs.ellipsis} {hidden} more kinds of error", "dim")], options, 10)
        )
    page.gap()


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
        target = f"node:{node.id}"
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
    speed = sum(node.items_s or 0.0 for node in rows)
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
    text = (
        f"  {left('NODE', 14, options)} {left('WORKERS', cells, options)}   {left('CPU', width + 7, options)}"
    )
    return text + f"   {left('MEMORY', width + 12, options)}{'ITEMS/S':>10}{'DONE':>10}{'FAILED':>9}"


def _spark_width(width: int, cells: int) -> int:
    return max(4, min(6, width - 75)) if width < 100 else max(6, min(30, (width - 82 - cells) // 2))


def node_line(node: NodeRow, width: int, cells: int, options: Options) -> Line:
    """A node: cells of its workers, CPU and memory over time, its rate."""
    sparks = _spark_width(width, cells)
    wide = width >= 100
    name = left(node.id, 14 if wide else 9, options)
    workers = worker_cells(node, cells, options.glyphs)
    used = sum(cell_len(text) for text, _ in workers)
    if not node.live:
        lost = f"lost: {node.lost_reason}"
        return [(name + " ", "text"), *workers, (" " * (cells - used + 2), "text"), (lost, "error")]
    percent_now = node.memory[-1] if node.memory else None
    full = percent_now is not None and percent_now >= 95
    cpu = "   ? %" if node.cpu_percent is None else f"{node.cpu_percent:4.0f} %"
    memory = memory_of(node.memory_mb, node.memory_total_mb, options)
    line: Line = [(name + " ", "text"), *workers, (" " * max(cells - used, 0), "text")]
    line += [("   " if wide else "  cpu ", "dim"), (spark(node.cpu, sparks, 100, options.glyphs), "spark")]
    line += [(f"{cpu:>7}" if wide else f"{cpu:>5}", "text"), ("   " if wide else "  mem ", "dim")]
    line += [(spark(node.memory, sparks, 100, options.glyphs), "warn" if full else "spark")]
    line += [(f" {memory:>11}" if wide else f" {memory}", "warn" if full else "text")]
    speed = rate(node.items_s, options).removesuffix(" /s") if wide else rate(node.items_s, options)
    if wide:
        failed = count(node.failed, options)
        tail = f"{speed:>10}{count(node.done, options):>10}{failed:>9}"
        return [*line, (tail, "text")]
    if node.items_s is not None and node.items_s >= 1000:
        speed = f"{node.items_s / 1000:,.1f}k /s"
    return [*line, (f" {speed:>8}", "text")]


def master(page: Page, model: Model, most: int) -> None:
    """The last notable records of the master, the newest first."""
    options = page.options
    for number, note in enumerate(model.notes[:most]):
        label = "master" if not number else ""
        target = note.target or (f"log:{note.path}@{note.offset}" if note.path else "")
        sign, style = (
            mark(target, "", options)
            if target == options.selected
            else (note.level or " ", _level(note.level))
        )
        line: Line = [(clock(note.at, options) + " ", "dim"), (sign + " ", style)]
        room = page.width - 10 - 12
        page.add(labelled(label, [*line, (crop(note.text, room, options), "text")], options, 10), target)


def _level(level: str) -> str:
    return {"E": "error", "W": "warn"}.get(level, "text")


def sign(sign: str) -> tuple[str, str]:
    """A sign with its style and a blank behind it."""
    return (sign or " ") + " ", sign_style(sign)
