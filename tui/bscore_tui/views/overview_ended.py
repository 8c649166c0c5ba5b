"""The Overview of a run that is over, or whose master is gone: why, what to do, what is kept."""

from __future__ import annotations

from bscore.logtree.reports import START_ANEW, resume_command
from bscore_tui.views import overview_parts as parts
from bscore_tui.views.cells import labelled
from bscore_tui.views.earlier import in_words
from bscore_tui.views.layout import middle, wrap
from bscore_tui.views.model import GONE, PAST, ErrorRow, Face, Model
from bscore_tui.views.overview_nodes import nodes
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import clock, count, day, nanoseconds, plural, rate, span


def ended(model: Model, width: int, height: int, options: Options) -> Body:
    """The face; `enter` opens the first error."""
    page = parts.Page(width, options)
    page.add([])
    _why(page, model)
    _cause(page, model)
    page.gap()
    _do(page, model)
    page.gap()
    page.add(parts.progress(model, width, options))
    page.add(parts.batches(model, options))
    if model.state == "Completed":
        page.add(_items(model, options))
        page.add(_speed(model, options))
    page.add(_output(model, width, options))
    page.gap()
    changes = _changes(model, width, options)
    model = parts.filtered(model, options)
    parts.findings(page, model, 4)
    if len(model.errors) > 1 or model.state == "Completed":
        room = height - len(page.lines) - len(changes) - 3
        parts.errors(page, model, min(max(room, 1), 3) if height < 26 else 8)
    page.gap()
    for line in changes:
        page.add(line)
    page.gap()
    if height >= 26:
        notes = min(8, len(model.notes))
        nodes(page, model, max(height - len(page.lines) - notes - 2, 1))
        page.gap()
        parts.master(page, model, max(height - len(page.lines) - 1, 1))
    elif height - len(page.lines) >= 2:
        nodes(page, model, height - len(page.lines) - 1)
        if height - len(page.lines) >= 4:
            page.gap()
            parts.master(page, model, height - len(page.lines) - 1)
    return Body(page.lines, page.targets)


def _why(page: parts.Page, model: Model) -> None:
    options = page.options
    if model.face is Face.NOT_RESPONDING:
        when = f"{day(model.last, model.now, options)} {clock(model.last, options)}".strip()
        gap = model.timeline.gap_at(model.at) if model.mode in PAST else None
        silent = f"no sign of life since {when}, {span((model.until - model.last) / 1e6)}"
        silent += f"; resumed at {clock(gap.until, options)}" if gap else ""
        why = model.reason or _master_words(model) + silent
    elif model.state == "Completed":
        why = _completed(model)
    else:
        why = model.reason or options.glyphs.dash
    label = "result" if model.state == "Completed" else "why"
    style = "ok" if model.state == "Completed" else "error"
    for number, text in enumerate(wrap(why, page.width - 11, 3, options)):
        page.add(labelled("" if number else label, [(text, style)], options, 10))
    idle_us = model.timeline.idle_us(model.at)
    if idle_us and model.term > 1:
        ran = span((model.at - (model.started or model.at) - idle_us) / 1e6)
        terms = f"{ran} in {model.term} terms; between them no master for {span(idle_us / 1e6)}"
        page.add(labelled("ran", [(terms, "text")], options, 10))
    if model.damage:
        page.add(labelled("journal", [("! ", "warn"), (model.damage, "text")], options, 10))


def _completed(model: Model) -> str:
    """What a run that is Completed has no rows for."""
    if model.abandoned:
        text = f"{model.abandoned:,} abandoned, within the limits"
        return text + (f"; {model.short:,} done with fewer rows than items" if model.short else "")
    short = f", {model.short:,} of them with fewer rows than items" if model.short else ""
    return f"every mini-batch is done{short}"


def _master_words(model: Model) -> str:
    """`the master, process 4711, is frozen: `; empty where that is not known."""
    if model.silent_master is None:
        return ""
    state = "frozen" if model.silent_master.frozen else "gone"
    return f"the master, process {model.silent_master.pid}, is {state}: "


def _cause(page: parts.Page, model: Model) -> None:
    """The most frequent error of a run that failed."""
    if not model.errors or model.state == "Completed":
        return
    options = page.options
    error = model.errors[0]
    attempts = sum(row.count for row in model.errors if row.is_attempt) + model.other_errors
    share = plural(error.count, "item")
    if error.is_attempt:
        share = f"{error.count:,} of the {plural(attempts, 'failed attempt')}"
    room = page.width - 14 - len(share)
    what = wrap(f"{error.what}   {error.place}".rstrip(), room, 2, options)
    target = f"error:{error.key}"
    selected = options.selected == target
    page.add(
        labelled(
            "cause", [(what[0], "selected" if selected else "strong"), (f"   {share}", "dim")], options, 10
        ),
        target,
    )
    for text in what[1:]:
        page.add(labelled("", [(text, "strong")], options, 10))
    for line in _first(error, options):
        line = [(middle(text, page.width - 11, options), style) for text, style in line]
        page.add(labelled("", line, options, 10))


def _first(error: ErrorRow, options: Options) -> list[Line]:
    where = f"in {error.phase or f'mini-batch {error.first_mini_batch:,}'}"
    who = f", {error.worker.replace('/', ' ')}" if error.worker else ""
    lines: list[Line] = [[(f"first {clock(error.first_at, options)} {where}{who}", "text")]]
    if error.items:
        lines.append([(error.items, "text")])
    if error.printed:
        lines.append([(f"{error.printed} is the last item on stdout", "text")])
    nodes = "" if not error.nodes else f"on {len(error.nodes)} nodes, "
    nodes = "on one node, " if len(error.nodes) == 1 else nodes
    folder = f"only in {error.folder}/, " if error.folder and error.count > 1 else ""
    if error.count > 1:
        lines.append([(f"then  {nodes}{folder}last {clock(error.last_at, options)}", "text")])
    return lines


def steps_of(model: Model) -> list[str]:
    """What helps now, the first thing first."""
    steps: list[str] = []
    # No run of the script brings a missing input back.
    tried = (row.first_mini_batch for row in model.errors if row.is_attempt)
    first = next((number for number in tried if number is not None), None)
    if model.damage == GONE or model.mode in PAST:
        return []
    lost = model.lost_rows if model.state != "Completed" else ""
    if lost:
        steps.append(f"put {lost} back, or run the job anew: nothing can go on without its rows")
    elif model.face is Face.NOT_RESPONDING:
        resume = f"bscore job resume {model.called}"
        if model.silent_master is not None and model.silent_master.frozen:
            steps.append(f"kill -CONT {model.silent_master.pid}   lets it go on")
            resume = f"kill -KILL {model.silent_master.pid}   ends it; then: {resume}"
        steps.append(resume)
    elif model.state != "Completed":
        if first is not None:
            steps.append(f"bscore job debug {model.called} --mini-batch {first}")
        repair = f"repair {model.script}, then " if model.errors and model.script else ""
        go_on = repair + resume_command(model.called, model.state, model.abandoned)
        steps.append(START_ANEW if model.fails_again else go_on)
    elif first is not None and model.failed_items:
        steps.append(f"bscore job debug {model.called} --mini-batch {first}")
    return steps


def _do(page: parts.Page, model: Model) -> None:
    options = page.options
    for number, step in enumerate(steps_of(model), 1):
        label = "do" if number == 1 else ""
        for row, text in enumerate(wrap(step, page.width - 14, 2, options)):
            sign = "   " if row else f"{number}  "
            page.add(labelled("" if row else label, [(sign, "key"), (text, "text")], options, 10))


def _changes(model: Model, width: int, options: Options) -> list[Line]:
    """What is different since the job before; no line where nothing is known of one."""
    if model.earlier is None:
        return []
    label = "changed" if model.earlier.script_changed or model.earlier.options else "before"
    rows = wrap(in_words(model.earlier, model.script, model.now, options), width - 11, 2, options)
    return [
        labelled("" if number else label, [(row, "text")], options, 10) for number, row in enumerate(rows)
    ]


def _items(model: Model, options: Options) -> Line:
    failed = f"{'x ' if model.failed_items else ''}{model.failed_items:,} failed"
    text = f"{count(model.items, options)} in all, "
    return labelled(
        "items", [("   " + text, "text"), (failed, "error" if model.failed_items else "text")], options, 10
    )


def _speed(model: Model, options: Options) -> Line:
    known = [] if model.items_s is None else [f"{rate(model.items_s, options, 'items')} while it scored"]
    if model.median_ns is not None:
        known.append(f"run() {nanoseconds(model.median_ns, options)} median")
    text = "   " + ("    ".join(known) or options.glyphs.dash)
    return labelled("speed", [(text, "text")], options, 10)


def _output(model: Model, width: int, options: Options) -> Line:
    if model.state == "Completed":
        text = f"   {model.rows:,} rows" + (f" in {model.output}" if model.output else "")
    else:
        text = f"   not published; {_kept(model)}"
    return labelled("output", [(middle(text, width - 12, options), "text")], options, 10)


def _kept(model: Model) -> str:
    """What a resume finds of the rows, as far as that can be seen from here."""
    if model.lost_rows:
        return "rows of finished mini-batches were removed or cut"
    batches = plural(model.done, "mini-batch", "mini-batches")
    if model.lost_rows is None:
        return f"{batches} kept, if the part files are there"
    return f"{plural(model.done, 'finished mini-batch', 'finished mini-batches')} kept for resume"
