"""The page of one worker: what it does now, how it did so far, the ends of its files."""

from __future__ import annotations

from bscore_tui.views.cells import labelled, state_text
from bscore_tui.views.layout import wrap
from bscore_tui.views.model import Model, WorkerRow, find
from bscore_tui.views.pages import WorkerPage
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import clock, count, memory, nanoseconds, percent_text, plural, rate, span

#: States of a worker of which only the past is known.
_NOT_THERE = ("gone", "unknown")


def worker(model: Model, page: WorkerPage, width: int, height: int, options: Options) -> Body:
    """The page; its mini-batch can be opened."""
    row = find(model, page.worker)
    lines: list[Line] = []
    targets: dict[int, str] = {}
    if row is None:
        lines.append([(f" {page.worker.replace('/', ' ')}: not known at this moment", "dim")])
    else:
        lines += _state(row, model, width, options)
        if row.mini_batch is not None:
            targets[len(lines)] = f"mb:{row.mini_batch}"
        lines += _facts(row, page, model, options)
    room = max(height - len(lines) - 3, 6)
    blocks = [("stdout", page.stdout), ("stderr", page.stderr), ("log", page.log)]
    filled = [(name, text) for name, text in blocks if text]
    for name, text in filled:
        share = max(room // len(filled) - 2, 2)
        age = ""
        if name != "log" and page.output_at is not None:
            age = f", last {span((model.now - page.output_at) / 1e6)} ago"
        lines += [[], [(f" {name}{age}", "dim")], *[[("   " + line, "text")] for line in text[-share:]]]
    if not filled:
        lines += [[], [(" nothing printed so far", "dim")]]
    return Body(lines, targets, 1)


def _state(row: WorkerRow, model: Model, width: int, options: Options) -> list[Line]:
    """Its state and since when, and why where that is known."""
    style = {"!": "warn", "x": "error", "?": "unknown"}.get(row.sign, "strong")
    title: Line = [
        (f" {row.sign} {state_text(row)}" if row.sign else f" {row.state}", style),
        (f" for {span((model.until - row.since) / 1e6)}, since {clock(row.since, options)}", "text"),
    ]
    title.append((f"    pid {row.pid}" if row.pid else "", "text"))
    lines = [title]
    for number, text in enumerate(wrap(row.cause, width - 11, 3, options) if row.cause else ()):
        lines.append(labelled("" if number else "why", [(text, "text")], options, 10))
    return lines


def _facts(row: WorkerRow, page: WorkerPage, model: Model, options: Options) -> list[Line]:
    lines: list[Line] = []
    if row.mini_batch is not None:
        limit = model.limits.attempt_s
        left = (
            ""
            if limit is None or model.silent
            else f", killed in {span(limit - (model.at - row.since) / 1e6)}"
        )
        text = f"mini-batch {row.mini_batch:,}, try {row.attempt} of {model.limits.tries}{left}"
        lines.append(
            labelled(
                "ran" if model.silent else "runs",
                [(text, "text"), (f"   {row.queued} more given to it" if row.queued else "", "dim")],
                options,
                10,
            )
        )
    elif row.state not in _NOT_THERE:
        lines.append(labelled("runs", [("nothing", "dim")], options, 10))
    if row.stack:
        text = f"{row.stack}   taken {span((model.at - (row.stack_at or model.at)) / 1e6)} ago"
        lines.append(labelled("stack", [(text, "strong")], options, 10))
    did = f"{count(row.done, options)} done, {plural(row.failed, 'attempt')} failed"
    speed = f"    {rate(row.items_s, options, 'items')}, median {nanoseconds(row.median_ns, options)}"
    lines.append(labelled("so far", [(did, "text"), (speed, "text")], options, 10))
    init = nanoseconds(row.init_ns, options)
    used = f"memory {memory(row.memory_mb, options)}"
    if row.state not in _NOT_THERE:
        used = f"cpu {percent_text(row.cpu_percent, options, 0)}    {used}"
    if page.memory_peak is not None:
        peak = page.memory_peak
        used += f", peak {memory(peak.mb, options)} at {clock(peak.at, options)}"
    used += f"    init() {init}"
    label = "used" if row.state in _NOT_THERE else "uses"
    lines.append(labelled(label, [(used, "text")], options, 10))
    return lines
