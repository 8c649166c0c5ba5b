"""The blocks of the Overview: each is some rows behind a label, left out where there is nothing to say."""

from __future__ import annotations

from dataclasses import replace

from bscore_tui.views.batches import matches, row_text
from bscore_tui.views.cells import (
    attempts_of,
    brief,
    error_line,
    labelled,
    mark,
    nodes_of,
    short_place,
    sign_style,
)
from bscore_tui.views.end import end_rows
from bscore_tui.views.layout import bar, left, middle, note_in, right, wrap
from bscore_tui.views.model import Model
from bscore_tui.views.styles import Line, Options, apart, opened
from bscore_tui.views.words import (
    clock,
    count,
    nanoseconds,
    percent,
    percent_text,
    plural,
    rate,
    span,
)

#: From so many rows of the whole screen the master's records stand on the Overview.
TALL_ROWS = 26


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

    def named(self, target: str) -> str:
        """The target for a row, told apart from those of rows that open the same."""
        same = sum(opened(known) == target for known in self.targets.values())
        return apart(target, same) if same else target

    def gap(self) -> None:
        """An empty line, never two."""
        if self.lines and self.lines[-1]:
            self.lines.append([])


def filtered(model: Model, options: Options) -> Model:
    """The model with only those rows of errors, nodes, findings and records that hold the filter."""
    word = options.filter
    if not word:
        return model
    return replace(
        model,
        errors=tuple(row for row in model.errors if matches(f"{row.what} {row.place}", word)),
        nodes=tuple(row for row in model.nodes if matches(f"{row.id} {row.host}", word)),
        findings=tuple(row for row in model.findings if matches(f"{row.text} {row.remedy}", word)),
        notes=tuple(row for row in model.notes if matches(row.text, word)),
        running_batches=tuple(row for row in model.running_batches if matches(row_text(row), word)),
    )


def progress(model: Model, width: int, options: Options) -> Line:
    """The bar with what is done, abandoned and left, and the percentage that is done, rounded down."""
    total = model.mini_batches if model.listed else None
    value = percent(model.done, total) if total else None if total is None else 100.0
    text = "listing" if value is None else percent_text(value, options)
    counts = None if total is None else (model.done, model.abandoned, total)
    cells = width - 12
    return [(" ", "text"), *bar(counts, cells, options.glyphs), (right(text, 10, options), "strong")]


def batches(model: Model, options: Options) -> Line:
    """How many mini-batches are where."""
    waiting = model.waiting + (model.running if model.ended is not None else 0)
    rest = ("not finished" if model.ended is not None else "waiting", waiting)
    middle: list[tuple[str, int | None, int]] = [
        ("done", model.done, 9), ("running", 0 if model.ended else model.running, 6), (rest[0], rest[1], 9),
        ("abandoned", model.abandoned, 6),
    ]  # fmt: skip
    line: Line = []
    for name, number, width in middle:
        wrong = name == "abandoned" and number
        unknown = name == "running" and number and model.silent
        text = f"{'x ' if wrong else '? ' if unknown else ''}{count(number, options)}"
        style = "error" if wrong else "unknown" if unknown else "text"
        line += [(right(text, width, options), style), (f" {name}", "dim")]
    return labelled("batches", line, options, 10)


def items(model: Model, options: Options) -> Line:
    """Items over, the rate, and how many failed of how many allowed."""
    total = count(model.items, options)
    of = f"{right(count(model.done_items + model.abandoned_items, options), 9, options)} of {total}"
    if not model.listed:
        of += " so far"
    speed = rate(model.items_s, options)
    if model.ended is None and model.items_s is not None:
        speed = f"{speed} lately"
    limit = model.limits.error_threshold
    failed = f"{model.failed_items:,} failed, {'no limit' if limit is None else f'limit {limit:,}'}"
    sign, style = ("x ", "error") if model.failed_items else ("", "text")
    number, _, words = (sign + failed).partition(" failed")
    line: Line = [
        (left(of, 24, options), "text"),
        (right(speed, 16, options), "text"),
        (right(number, 11, options), style),
        (f" failed{words}", style if sign else "dim"),
    ]
    return labelled("items", line, options, 10)


def ends(model: Model, width: int, most: int, options: Options) -> list[Line]:
    """Between which moments it will end, how far that can be trusted and why, in at most so many rows."""
    if model.state == "Finalizing":
        rows = ["publishing the output"]
    else:
        rows = end_rows(model, width - 13, most, options)
    return [
        labelled("" if number else "ends", [("   " + row, "dim" if number else "text")], options, 10)
        for number, row in enumerate(rows)
    ]


def next_lines(model: Model, options: Options, most: int) -> list[Line]:
    """What happens by itself if nothing changes."""
    return [
        labelled("" if number else "next", [("   " + row, "text")], options, 10)
        for number, row in enumerate(next_rows(model, most))
    ]


def next_rows(model: Model, most: int) -> list[str]:
    """`in 0:18  time-out kills 10.0.0.7 process002 (try 1 of 3)`, the nearest first."""
    return [f"in {span((event.at - model.at) / 1e6)}  {event.text}" for event in model.next_events[:most]]


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
    return [[("  ", "text"), (left(name, 8, options), "dim"), (text, "text")] for name, text in rows]


def findings(page: Page, model: Model, most: int) -> None:
    """Diagnoses with their remedies, at most so many rows; what is long goes on where that leaves room."""
    options = page.options
    first = True
    rows = 0
    spare = max(most - sum(2 if finding.remedy else 1 for finding in model.findings), 0)
    for finding in model.findings:
        need = 2 if finding.remedy else 1
        if rows + need > most:
            break
        text, *more = wrap(finding.text, page.width - 12, 1 + spare, options)
        spare -= len(more)
        label = "findings" if first else ""
        target = page.named(finding.target)
        sign, style = mark(target, "!", options)
        line: Line = [(sign + " ", style), (text, "text")]
        page.add(labelled(label, line, options, 10), target)
        for further in more:
            page.add(labelled("", [("  " + further, "text")], options, 10))
        if finding.remedy:
            page.add(labelled("", [("  " + finding.remedy, "dim")], options, 10))
        rows += need + len(more)
        first = False
    if rows:
        page.gap()


def errors(page: Page, model: Model, most: int) -> None:
    """The most frequent errors."""
    if not model.errors:
        return
    options, wide = page.options, page.width >= 100
    if wide:
        heads = [("ATTEMPTS", 8, True), ("WHAT", page.width - 71, False), ("WHERE", 20, False)]
        text = "  ".join((right if is_right else left)(name, size, options) for name, size, is_right in heads)
        page.add(labelled("errors", [(text + "   NODES     FIRST      LAST", "dim")], options, 10))
    for number, row in enumerate(model.errors[:most]):
        label = "errors" if not number and not wide else ""
        target = page.named(f"error:{row.key}")
        sign, style = mark(target, "", options)
        if wide:
            size = page.width - 71
            text = f"{attempts_of(row, options):>7}  {left(brief(row.what, options), size, options)}  "
            place = middle(short_place(row.place), 20, options)
            text += f"{left(place, 20, options)}  {nodes_of(row, options):>6}  "
            text += f"{clock(row.first_at, options):>8}  {clock(row.last_at, options):>8}"
            page.add(labelled(label, [(sign, style), (text, "text")], options, 10), target)
        else:
            line = error_line(row, page.width, options, first=sign)
            page.add(labelled(label, line, options, 8), target)
    hidden = len(model.errors) - most
    if hidden > 0:
        more = f"{options.glyphs.ellipsis} {plural(hidden, 'more kind', 'more kinds')} of error"
        page.add(labelled("", [(f"  {more}", "dim")], options, 10))
    page.gap()


def master(page: Page, model: Model, most: int) -> None:
    """The last notable records of the master, the newest first."""
    options = page.options
    for number, note in enumerate(model.notes[:most]):
        label = "master" if not number else ""
        target = apart(note.target or (f"log:{note.path}@{note.offset}" if note.path else ""), note.name)
        sign, style = (
            mark(target, "", options)
            if target == options.selected
            else (note.level or " ", _level(note.level))
        )
        line: Line = [(clock(note.at, options) + " ", "dim"), (sign + " ", style)]
        room = page.width - 10 - 12
        page.add(labelled(label, [*line, (note_in(note.text, room, options), "text")], options, 10), target)


def _level(level: str) -> str:
    return {"E": "error", "W": "warn"}.get(level, "text")


def sign(sign: str) -> tuple[str, str]:
    """A sign with its style and a blank behind it."""
    return (sign or " ") + " ", sign_style(sign)
