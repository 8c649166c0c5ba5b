"""Batches: which are left and why, which were slow; a histogram of run() against its limit."""

from __future__ import annotations

from collections.abc import Sequence

from bscore_tui.views.cells import mark
from bscore_tui.views.layout import left, middle, right
from bscore_tui.views.model import BatchRow, Model
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import clock, count, duration, figure, nanoseconds, span_in

VARIANTS = ("all open", "running", "waiting", "retried", "abandoned", "slowest")
ORDERS = ("", "batch", "run()", "worker")
#: Rows of each kind in the list of everything that is open.
OPEN_ROWS = 12
_HISTOGRAM_ROWS = 5


def batches(
    model: Model, width: int, height: int, options: Options, found: Sequence[BatchRow] | None = None
) -> Body:
    """The list chosen by `options.variant`; `found` are rows for an item name that was searched for."""
    variant = options.variant if options.variant in VARIANTS else VARIANTS[0]
    lines: list[Line] = [_counts(model, options), _choice(variant), [], _heads()]
    targets: dict[int, str] = {}
    fixed = len(lines)
    groups = [list(found)] if found is not None else _groups(model, variant, height)
    for group in groups:
        rows = _shown(group, options)
        for row in rows:
            targets[len(lines)] = f"mb:{row.mini_batch}"
            lines.append(_row(row, model, width, options))
        hidden = 0 if options.filter else _uncounted(model, variant, group)
        if hidden > 0:
            what = group[0].state if group else "open"
            lines.append([(f"    {options.glyphs.ellipsis} {count(hidden, options)} more {what}", "dim")])
    if len(lines) == fixed:
        nothing = "nothing is open" if variant == VARIANTS[0] else f"none {variant}"
        lines.append([(f"    {'nothing that holds the filter' if options.filter else nothing}", "dim")])
    if height - len(lines) > _HISTOGRAM_ROWS and len(model.recent_ns) > 1:
        lines += [[], *_histogram(model, width, options)]
    return Body(lines, targets, fixed)


def _counts(model: Model, options: Options) -> Line:
    total = count(model.mini_batches, options) + ("" if model.listed else " so far")
    parts: list[tuple[str, str]] = [(f" {total}", "strong")]
    parts += [(f"   {model.done:,} done  {model.running:,} running  {model.waiting:,} waiting", "text")]
    parts += [
        (
            f"  {'x ' if model.abandoned else ''}{model.abandoned:,} abandoned",
            "error" if model.abandoned else "text",
        )
    ]
    parts += [
        (f"  {'! ' if model.retried else ''}{model.retried:,} retried", "warn" if model.retried else "text")
    ]
    return parts


def _choice(variant: str) -> Line:
    line: Line = [(" show: ", "dim")]
    for number, name in enumerate(VARIANTS):
        line += [(" | ", "dim")] if number else []
        line.append((name, "selected" if name == variant else "dim"))
    return [*line, ("     v next", "dim")]


def _heads() -> Line:
    return [("     BATCH  STATE      TRY  SINCE      RUN()   ITEMS  WHERE, WHY", "dim")]


def _groups(model: Model, variant: str, height: int) -> list[list[BatchRow]]:
    if variant == "all open":
        room = max(OPEN_ROWS, height - 12)
        return [list(model.running_batches)[:room], list(model.waiting_batches)[: max(room // 4, 3)]]
    chosen = {
        "running": model.running_batches,
        "waiting": model.waiting_batches,
        "retried": model.retried_batches,
        "abandoned": model.abandoned_batches,
    }.get(variant, model.slowest_batches)
    return [list(chosen)]


def _uncounted(model: Model, variant: str, group: list[BatchRow]) -> int:
    """How many of the kind the model does not list."""
    if not group:
        return 0
    totals = {"running": model.running, "waiting": model.waiting, "abandoned": model.abandoned}
    if variant in ("all open", "running", "waiting", "abandoned"):
        return max(totals.get(group[0].state, 0) - len(group), 0)
    return 0


def _shown(group: list[BatchRow], options: Options) -> list[BatchRow]:
    rows = [row for row in group if matches(row_text(row), options.filter)]
    orders = {
        "batch": lambda row: row.mini_batch,
        "run()": lambda row: -(row.run_ns or 0),
        "worker": lambda row: row.worker,
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


def _row(row: BatchRow, model: Model, width: int, options: Options) -> Line:
    sign, style = mark(f"mb:{row.mini_batch}", row.sign, options)
    dash = options.glyphs.dash
    attempt = f"{row.attempt}/{model.limits.tries}" if row.attempt is not None else dash
    run = dash if row.run_ns is None else _took(row.run_ns, options)
    items = count(row.items if row.items is not None else _items_of(model, row.mini_batch), options)
    where = f"{row.why} {row.worker}" if row.why not in ("late", "") else f"{row.worker} {row.why}"
    return [
        (f" {sign} ", style),
        (right(figure(row.mini_batch, 7, options), 7, options) + "  ", "strong"),
        (left(row.state, 9, options) + "  ", "text"),
        (right(attempt, 3, options) + "  ", "text"),
        (left(clock(row.since, options), 8, options), "text"),
        (right(run, 9, options), "warn" if row.why == "late" else "text"),
        (right(items, 7, options) + "  ", "text"),
        (middle(where.strip(), width - 55, options), "dim" if row.state == "waiting" else "text"),
    ]


def _items_of(model: Model, mini_batch: int) -> int | None:
    """Items of a mini-batch that nobody counted: as many as fit, fewer in the last one."""
    size = model.mini_batch_size
    if size is None or model.items is None or not model.listed:
        return size
    return max(min(size, model.items - mini_batch * size), 0)


def _took(run_ns: int, options: Options) -> str:
    seconds = run_ns / 1e9
    return span_in(seconds, 9) if seconds >= 59.95 else duration(seconds, options)


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
