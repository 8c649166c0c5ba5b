"""Batches: which are left and why, which were slow; a histogram of run() against its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bscore_tui.views.cells import mark
from bscore_tui.views.layout import left, middle, right, width_of
from bscore_tui.views.model import NEXT_FOR, BatchRow, Model
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import clock, count, duration, figure, nanoseconds, span_in

VARIANTS = ("all open", "running", "waiting", "retried", "abandoned", "done", "slowest")
#: What lists are called once the job has ended; nothing runs then.
_ENDED = {"all open": "went wrong", "waiting": "not finished"}
ORDERS = ("", "batch", "run()", "worker")
#: Rows of each kind in the list of everything that is open.
OPEN_ROWS = 12
_HISTOGRAM_ROWS = 5
#: Lists that are about reasons: small screens leave out the columns that say little of them.
_REASONS = ("retried", "abandoned")


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one kind, and how many of it there are."""

    kind: str
    rows: Sequence[BatchRow]
    total: int


def variants_of(model: Model) -> tuple[str, ...]:
    """The lists that there are at this moment."""
    return tuple(name for name in VARIANTS if model.ended is None or name != "running")


def shown_variant(model: Model, variant: str) -> str:
    """The chosen list, or the first where this moment has none of that name."""
    return variant if variant in variants_of(model) else VARIANTS[0]


def _called(model: Model, variant: str) -> str:
    return variant if model.ended is None else _ENDED.get(variant, variant)


def batches(
    model: Model, width: int, height: int, options: Options, found: Sequence[BatchRow] | None = None
) -> Body:
    """The list chosen by `options.variant`; `found` are rows for an item name that was searched for."""
    variant = shown_variant(model, options.variant)
    columns = _columns(model, variant, width)
    lines: list[Line] = [
        _counts(model, options),
        _choice(model, variant, width),
        [],
        _heads(columns, options),
    ]
    targets: dict[int, str] = {}
    fixed = len(lines)
    groups = [Group("", found, len(found))] if found is not None else _groups(model, variant, height)
    for group in groups:
        for row in _shown(group.rows, options):
            targets[len(lines)] = f"mb:{row.mini_batch}"
            lines.append(_row(row, model, columns, width, options))
        hidden = 0 if options.filter else group.total - len(group.rows)
        if hidden > 0:
            more = f"{count(hidden, options)} more {group.kind}"
            lines.append([(f"    {options.glyphs.ellipsis} {more}", "dim")])
    if len(lines) == fixed:
        lines.append([(f"    {_nothing(model, variant, options)}", "dim")])
    if height - len(lines) > _HISTOGRAM_ROWS and len(model.recent_ns) > 1:
        lines += [[], *_histogram(model, width, options)]
    return Body(lines, targets, fixed)


def _nothing(model: Model, variant: str, options: Options) -> str:
    if options.filter:
        return "no match"
    if variant == VARIANTS[0]:
        return "nothing is open" if model.ended is None else "nothing went wrong"
    return f"none {_called(model, variant)}"


def _counts(model: Model, options: Options) -> Line:
    total = count(model.mini_batches, options) + ("" if model.listed else " so far")
    parts: Line = [(f" {total}", "strong"), (f"   {model.done:,} done", "text")]
    if model.ended is not None:
        parts.append((f"  {model.waiting + model.running:,} not finished", "text"))
    else:
        sign, style = ("? ", "unknown") if model.silent and model.running else ("", "text")
        parts += [(f"  {sign}{model.running:,} running", style), (f"  {model.waiting:,} waiting", "text")]
    for name, number, sign, style in (
        ("abandoned", model.abandoned, "x ", "error"),
        ("retried", model.retried, "! ", "warn"),
    ):
        parts.append((f"  {sign if number else ''}{number:,} {name}", style if number else "text"))
    return parts


def _choice(model: Model, variant: str, width: int) -> Line:
    line: Line = [(" show: ", "dim")]
    for number, name in enumerate(variants_of(model)):
        line += [(" | ", "dim")] if number else []
        line.append((_called(model, name), "selected" if name == variant else "dim"))
    key = "     v next"
    return [*line, (key, "dim")] if width_of(line) + len(key) < width else line


def _columns(model: Model, variant: str, width: int) -> dict[str, int]:
    """The columns of a list with their cells; what is left is for the worker and the reason."""
    ended = model.ended is not None
    reasons = variant in _REASONS or (ended and variant in _ENDED)
    columns = {"BATCH": 7, "STATE": 12 if ended else 9, "TRY": 3, "SINCE": 8}
    return columns if reasons and width < 100 else columns | {"RUN()": 7, "ITEMS": 6}


def _heads(columns: dict[str, int], options: Options) -> Line:
    return [(f"   {_cells(columns, {name: name for name in columns}, options)}WHERE, WHY", "dim")]


def _cells(columns: dict[str, int], texts: dict[str, str], options: Options) -> str:
    """Texts in their columns; those of words stand at the left."""
    return "".join(
        (left if name in ("STATE", "SINCE") else right)(texts[name], cells, options) + "  "
        for name, cells in columns.items()
    )


def _groups(model: Model, variant: str, height: int) -> list[Group]:
    rest = model.waiting + (model.running if model.ended is not None else 0)
    groups = {
        "running": Group("running", model.running_batches, model.running),
        "waiting": Group(_called(model, "waiting"), model.waiting_batches, rest),
        "retried": Group("retried", model.retried_batches, model.retried),
        "abandoned": Group("abandoned", model.abandoned_batches, model.abandoned),
        "done": Group("done", model.done_batches, model.done),
    }
    if variant in groups:
        return [groups[variant]]
    if variant != VARIANTS[0]:
        return [Group("", model.slowest_batches, 0)]
    room = max(OPEN_ROWS, height - 12)
    few = max(room // 4, 3)
    if model.ended is None:
        return [_first(groups["running"], room), _first(groups["waiting"], few)]
    right_at_last = tuple(row for row in model.retried_batches if row.state == "done")
    return [
        _first(groups["abandoned"], room),
        _first(groups["waiting"], few),
        _first(Group("done on a later try", right_at_last, len(right_at_last)), few),
    ]


def _first(group: Group, most: int) -> Group:
    return replace(group, rows=group.rows[:most])


def find_row(model: Model, variant: str, number: str) -> BatchRow | None:
    """The row of a mini-batch in the chosen list, however far down."""
    groups = _groups(model, shown_variant(model, variant), 1 << 20)
    return next((row for group in groups for row in group.rows if str(row.mini_batch) == number), None)


def _shown(group: Sequence[BatchRow], options: Options) -> list[BatchRow]:
    rows = [row for row in group if matches(row_text(row), options.filter)]
    orders = {
        "batch": lambda row: row.mini_batch,
        "run()": lambda row: -(row.run_ns or 0),
        "worker": lambda row: row.worker or row.why,
    }
    if options.sort in orders:
        rows.sort(key=orders[options.sort], reverse=options.reverse)
    elif options.reverse:
        rows.reverse()
    return rows


def row_text(row: BatchRow) -> str:
    """What a filter looks at."""
    return f"{row.mini_batch} {row.state} {row.worker} {row.why}"


def matches(text: str, wanted: str) -> bool:
    """Whether a filter lets a text pass; `!` in front turns it round."""
    if wanted.startswith("!"):
        return wanted[1:].casefold() not in text.casefold() or not wanted[1:]
    return wanted.casefold() in text.casefold()


def _row(row: BatchRow, model: Model, columns: dict[str, int], width: int, options: Options) -> Line:
    sign, style = mark(f"mb:{row.mini_batch}", row.sign, options)
    dash = options.glyphs.dash
    items = row.items if row.items is not None else _items_of(model, row.mini_batch)
    texts = {
        "BATCH": figure(row.mini_batch, 7, options),
        "STATE": row.state,
        "TRY": f"{row.attempt}/{model.limits.tries}" if row.attempt is not None else dash,
        "SINCE": clock(row.since, options),
        "RUN()": dash if row.run_ns is None else _took(row.run_ns, options),
        "ITEMS": count(items, options),
    }
    line: Line = [(f" {sign} ", style)]
    for name, cells in columns.items():
        late = name == "RUN()" and row.why == "late"
        of_column = "strong" if name == "BATCH" else "warn" if late else "text"
        line.append((_cells({name: cells}, texts, options), of_column))
    worker = row.worker
    if width < 100 and len(model.nodes) == 1:
        worker = worker.rpartition(" ")[2]
    room = width - width_of(line)
    if row.why == NEXT_FOR:
        where = middle(f"{row.why} {worker}", room, options)
    else:
        # Of a reason that is cut the type of the error and the line of the script are left.
        where = middle(worker, room * 3 // 5, options) if row.why else worker
        where = f"{where} {middle(row.why, room - len(where) - 1, options)}".strip()
    return [*line, (where, "dim" if row.state == "waiting" else "text")]


def _items_of(model: Model, mini_batch: int) -> int | None:
    """Items of a mini-batch that nobody counted: as many as fit, fewer in the last one."""
    size = model.mini_batch_size
    if size is None or model.items is None or not model.listed:
        return size
    return max(min(size, model.items - mini_batch * size), 0)


def _took(run_ns: int, options: Options) -> str:
    seconds = run_ns / 1e9
    return span_in(seconds, 7) if seconds >= 59.95 else duration(seconds, options)


def _histogram(model: Model, width: int, options: Options) -> list[Line]:
    """Durations of the last mini-batches over time, up to the limit or the longest, two rows high."""
    values = model.recent_ns
    cells = min(width - 8, 72)
    high = max(values)
    limit_ns = int((model.limits.attempt_s or 0) * 1e9)
    near = bool(limit_ns) and high > limit_ns // 6
    top = max(limit_ns if near else high, 1)
    buckets = [0] * cells
    for value in values:
        buckets[min(value * cells // top, cells - 1)] += 1
    most, levels = max(buckets), options.glyphs.levels
    full = len(levels) - 1
    heights = [0 if not number else max(1, round(number * 2 * full / most)) for number in buckets]
    upper = "".join(levels[max(0, min(full, height - full))] for height in heights)
    lower = "".join(levels[min(full, height)] for height in heights)
    median = nanoseconds(model.median_ns, options)
    edge = f"limit {duration(top / 1e9, options)}" if near else nanoseconds(top, options)
    scale = "0" + " " * (cells - 1 - len(edge)) + edge
    at = min((model.median_ns or 0) * cells // top, cells - 1)
    if at > 2 and at + len(median) + 2 < cells - len(edge):
        scale = scale[:at] + median + scale[at + len(median) :]
    return [
        [(f" run() of the last {len(values)}", "dim"), (f"   median {median}", "text")],
        [("     ", "text"), (upper, "spark")],
        [("     ", "text"), (lower, "spark")],
        [("     ", "text"), (scale, "dim")],
    ]
