"""The Overview before the first mini-batch has finished: what is under way, what it waits for."""

from __future__ import annotations

from bscore_tui.views import overview_parts as parts
from bscore_tui.views.cells import labelled
from bscore_tui.views.end import end_rows
from bscore_tui.views.layout import wrap
from bscore_tui.views.model import Model, WorkerRow
from bscore_tui.views.overview_nodes import nodes
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import count, duration, rate, span


def preparing(model: Model, width: int, height: int, options: Options) -> Body:
    """The face, and below it what is there already."""
    page = parts.Page(width, options)
    page.add([])
    waited = span((model.at - model.started) / 1e6) if model.started else "?"
    title: Line = [
        (" PREPARING ", "title"),
        (waited, "strong"),
        ("    no mini-batch has finished yet", "dim"),
    ]
    page.add(title)
    page.add([])
    if model.started is None and model.reason:
        for text in wrap(model.reason, width - 4, 2, options):
            page.add([("   ", "text"), (text, "text")])
        return Body(page.lines, page.targets)
    for sign, label, line in _steps(model, options):
        style = "accent" if sign == ">" else "ok" if sign == options.glyphs.done else "dim"
        page.add([(f" {sign} ", style), *labelled(label, line, options, 16)])
        if label == "init()" and (printed := _last_output(model)):
            page.add([("   ", "text"), *labelled("", [(printed, "dim")], options, 16)])
    page.add([])
    page.add(_items(model, options))
    for label, row in _outlook(model, width - 19, 1 if height < parts.TALL_ROWS else 2, options):
        page.add([("   ", "text"), *labelled(label, [(row, "text")], options, 16)])
    page.add([])
    model = parts.filtered(model, options)
    parts.findings(page, model, 4)
    parts.errors(page, model, 4)
    notes = min(6, len(model.notes)) if height >= 26 else 0
    nodes(page, model, max(height - len(page.lines) - (notes + 1 if notes else 0) - 1, 1))
    if notes or height - len(page.lines) >= 5:
        page.gap()
        parts.master(page, model, max(height - len(page.lines) - 1, 1))
    return Body(page.lines, page.targets)


def _outlook(model: Model, room: int, most: int, options: Options) -> list[tuple[str, str]]:
    """When it will end, where an earlier run says it; and which limits are nearest."""
    groups = [
        ("ends", end_rows(model, room, most, options) if model.ends else []),
        ("next", parts.next_rows(model, 2)),
    ]
    return [("" if number else name, row) for name, rows in groups for number, row in enumerate(rows)]


def _steps(model: Model, options: Options) -> list[tuple[str, str, Line]]:
    workers = model.workers
    ready = [worker for worker in workers if worker.state != "starting"]
    inputs = count(model.items, options) if model.items is not None else "no"
    if model.listed:
        listing = (
            options.glyphs.done,
            f"{inputs} items in {count(model.mini_batches, options)} mini-batches",
        )
    else:
        speed = f" ({rate(model.listing_items_s, options)})" if model.listing_items_s else ""
        listing = (">", f"{inputs} items so far, still listing{speed}")
    steps: list[tuple[str, str, Line]] = [(listing[0], "inputs", [(listing[1], "text")])]
    steps.append(
        (
            options.glyphs.done if model.interpreter or workers else " ",
            "environment",
            [(model.interpreter or ("ready" if workers else "?"), "text" if workers else "dim")],
        )
    )
    steps.append(_init(model, workers, ready, options))
    busy = [worker for worker in workers if worker.state == "busy"]
    if busy:
        longest = max(model.at - worker.since for worker in busy)
        limit = f"    limit {duration(model.limits.attempt_s, options)}"
        text = f"{len(busy)} running, longest {span(longest / 1e6)}{limit}"
        steps.append((">", "first run()", [(text, "text")]))
    else:
        steps.append((" ", "first run()", [(options.glyphs.dash, "dim")]))
    return steps


def _last_output(model: Model) -> str:
    """What a worker that still starts printed last, and when."""
    known = [
        worker for worker in model.workers if worker.state == "starting" and worker.last_output is not None
    ]
    if not known:
        return ""
    last = max(known, key=lambda worker: worker.last_output_at or 0)
    ago = "" if last.last_output_at is None else f" {span((model.at - last.last_output_at) / 1e6)} ago"
    return f"last output{ago}: {last.last_output}"


def _init(
    model: Model, workers: tuple[WorkerRow, ...], ready: list[WorkerRow], options: Options
) -> tuple[str, str, Line]:
    wanted = sum(node.wanted for node in model.nodes if node.live)
    total = max(wanted, len(workers)) if not model.listed else max(len(workers), 1)
    starting = [worker for worker in workers if worker.state == "starting"]
    text = f"{len(ready)} of {total} workers ready"
    if starting:
        longest = max(model.at - worker.since for worker in starting)
        text += f", longest {span(longest / 1e6)}    limit {duration(model.limits.init_s, options)}"
    sign = options.glyphs.done if ready and not starting else ">" if starting else " "
    return sign, "init()", [(text, "text")]


def _items(model: Model, options: Options) -> Line:
    if model.listed:
        text = f"0 of {count(model.items, options)}"
    else:
        text = f"0 of at least {count(model.items or 0, options)}       percent, end: unknown while listing"
    return [("   ", "text"), *labelled("items", [(text, "text")], options, 16)]
