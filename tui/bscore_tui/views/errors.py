"""Errors by cause: the groups, what the selected one is, and its trace with what stands around it."""

from __future__ import annotations

from bscore_tui.views.batches import matches
from bscore_tui.views.cells import attempts_of, brief, error_line, labelled, mark
from bscore_tui.views.layout import beside, crop, fit, left, right, wrap
from bscore_tui.views.model import ErrorRow, Model
from bscore_tui.views.pages import TracePage
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.trace import again, trace_lines
from bscore_tui.views.words import batch_name, clock, plural

#: Messages of one group that are shown, the rest of them in the last row.
MAX_MESSAGES = 4
ORDERS = ("", "last", "first", "where")


def errors(model: Model, width: int, height: int, options: Options, page: TracePage | None = None) -> Body:
    """The list; below it (from 100 columns beside it) the selected group, with its trace if that was read."""
    rows = _rows(model, options)
    lines: list[Line] = [_summary(model), []]
    if not rows:
        nothing = "nothing that holds the filter" if model.errors else "no error so far"
        return Body([*lines, [(f"   {nothing}", "dim")], *_warnings(model, width, options)], {}, 2)
    chosen = next((row for row in rows if f"error:{row.key}" == options.selected), rows[0])
    if width >= 100:
        return _beside(model, rows, chosen, page, width, options)
    what = width - 47
    heads = f"{'ATTEMPTS':>9}  {left('WHAT', what, options)}  {'WHERE':<14} {'NODES':<9}{'LAST':>9}"
    lines.append([(heads, "dim")])
    targets: dict[int, str] = {}
    detail, warnings = _detail(model, chosen, width, options), _warnings(model, width, options)
    room = max(height - len(lines) - len(detail) - len(warnings) - 2, min(len(rows), 3))
    for row in rows if len(rows) <= room else rows[: room - 1]:
        target = f"error:{row.key}"
        targets[len(lines)] = target
        sign = mark(target, "", options)
        lines.append([(" " + sign[0], sign[1]), *error_line(row, width - 2, options, what=what)])
    if len(rows) > room:
        more = plural(len(rows) - room + 1, "more kind", "more kinds")
        lines.append([(f"    {options.glyphs.ellipsis} {more}", "dim")])
    lines += [[], *detail, *_also(model, options), *warnings]
    return Body(lines, targets, 3)


def _rows(model: Model, options: Options) -> list[ErrorRow]:
    rows = [
        row
        for row in model.errors
        if matches(f"{row.what} {row.place} {row.folder} {' '.join(row.nodes)}", options.filter)
    ]
    if options.sort == "last":
        rows.sort(key=lambda row: row.last_at, reverse=True)
    elif options.sort == "first":
        rows.sort(key=lambda row: row.first_at)
    elif options.sort == "where":
        rows.sort(key=lambda row: row.place)
    if options.reverse:
        rows.reverse()
    return rows


def _summary(model: Model) -> Line:
    attempts = sum(row.count for row in model.errors if row.is_attempt) + model.other_errors
    limit = model.limits.error_threshold
    allowed = "no limit" if limit is None else f"limit {limit:,}" if limit else "none may"
    failed = f"{plural(model.failed_items, 'item')} failed, {allowed}"
    text = f" {plural(len(model.errors), 'group')}, {plural(attempts, 'attempt')}; {failed}"
    return [(text, "text"), (f"   x {model.abandoned:,} abandoned" if model.abandoned else "", "error")]


def _also(model: Model, options: Options) -> list[Line]:
    """What fits into no group; no line for none."""
    if not model.other_errors:
        return []
    text = f"{plural(model.other_errors, 'attempt')} of other kinds, in no group"
    return [labelled("also", [(text, "text")], options, 10)]


def _warnings(model: Model, width: int, options: Options) -> list[Line]:
    """A gap, how often was warned, and the most frequent warning; no line for none."""
    if not model.warnings:
        return []
    text = plural(model.warnings, "time")
    if model.warning:
        kinds = f"of {model.warning_kinds:,} kinds, most often " if model.warning_kinds > 1 else ""
        text += f" {kinds}{model.warning}"
    parts = wrap(text, width - 11, 2, options)
    return [
        [],
        *(
            labelled("" if number else "warnings", [(part, "text")], options, 10)
            for number, part in enumerate(parts)
        ),
    ]


def _detail(model: Model, row: ErrorRow, width: int, options: Options) -> list[Line]:
    lines: list[Line] = [
        [
            (f" {crop(row.what, width - 20, options)}", "title"),
            (f"   {counted(row)}", "text"),
        ],
        [],
    ]
    where = f"in {row.phase}" if row.first_mini_batch is None else batch_name(row.first_mini_batch)
    nodes = ", ".join(row.nodes[:4]) + (f" and {len(row.nodes) - 4} more" if len(row.nodes) > 4 else "")
    label, _, items = row.items.partition(" ")
    if not items or label not in ("item", "items"):
        label, items = "items", row.items
    facts = [
        ("raised", row.place or "?"),
        ("first", f"{clock(row.first_at, options)}  {where}  {row.worker.replace('/', ' ')}"),
        ("last", clock(row.last_at, options)),
        ("nodes", nodes or "?"),
        (label, items),
        ("printed", f"{row.printed.rpartition('/')[2]}, the last item on stdout" if row.printed else ""),
        ("common", "; ".join(row.common)),
        ("again", again(model, row)),
    ]
    most = 2 if width < 80 else 1
    for name, text in facts:
        style = "strong" if name == "raised" else "text"
        rows = 2 if name == "items" else most
        for number, part in enumerate(wrap(text, width - 11, rows, options, ends=True) if text else ()):
            lines.append(labelled("" if number else name, [(part, style)], options, 10))
    return lines + _messages(row, options)


def _messages(row: ErrorRow, options: Options) -> list[Line]:
    """How often which message came, where they differ; counts that add up."""
    shown = row.messages if len(row.messages) <= MAX_MESSAGES else row.messages[: MAX_MESSAGES - 1]
    rest = row.count - sum(number for number, _ in shown)
    rows = [*shown, (rest, "other messages")] if shown and rest else shown
    return [
        labelled("" if place else "messages", [(f"{number:>6,}  {text}", "text")], options, 10)
        for place, (number, text) in enumerate(rows)
    ]


def counted(row: ErrorRow) -> str:
    """`8 attempts`, or `3 items` where nothing was tried."""
    return plural(row.count, row.counts)


def _beside(
    model: Model, rows: list[ErrorRow], chosen: ErrorRow, page: TracePage | None, width: int, options: Options
) -> Body:
    at = 48 if width < 160 else 60
    lines: list[Line] = [[("   ATT.  WHAT" + " " * (at - 21) + "LAST", "dim")]]
    targets: dict[int, str] = {}
    for row in rows:
        target = f"error:{row.key}"
        targets[len(lines) + 2] = target
        sign, style = mark(target, "", options)
        what = left(brief(row.what, options), at - 23, options)
        text = f"{right(attempts_of(row, options), 5, options)}  {what} "
        lines.append([(f" {sign} ", style), (text, "text"), (clock(row.last_at, options), "text")])
    lines += [[]]
    lines += _detail(model, chosen, at - 2, options)[2:]
    lines += _also(model, options) + _warnings(model, at - 2, options)
    if page is not None and page.key == chosen.key:
        detail = trace_lines(page, width - at - 1, options)
    else:
        detail = [
            [(chosen.what, "title"), (f"   {counted(chosen)}", "text")],
            [("  reading the trace", "dim")],
        ]
    narrow = [fit(line, at - 2, options) for line in lines]
    body = beside(narrow, detail, at, width - 1, options)
    return Body([_summary(model), [], *body], targets, 3)
