"""The Overview when nothing finishes any more: what is left, where it hangs, what happens by itself."""

from __future__ import annotations

from bscore_tui.views import overview_parts as parts
from bscore_tui.views.cells import labelled, mark
from bscore_tui.views.end import at_the_latest
from bscore_tui.views.layout import left, middle
from bscore_tui.views.model import BatchRow, Model, WorkerRow
from bscore_tui.views.node_rows import doing
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import count, nanoseconds, plural, span, span_in


def standing(model: Model, width: int, height: int, options: Options) -> Body:
    """The face; the oldest open mini-batch is the first row to be opened."""
    page = parts.Page(width, options)
    page.add([])
    page.add(parts.progress(model, width, options))
    page.add(parts.batches(model, options))
    page.add(parts.items(model, options))
    known = "; ".join(filter(None, ("unknown", at_the_latest(model, options))))
    page.add(labelled("ends", [(f"   {known}", "text")], options, 10))
    page.add([])
    still = span((model.at - model.still_since) / 1e6) if model.still_since else "?"
    median, longest = nanoseconds(model.median_ns, options), nanoseconds(model.longest_ns, options)
    why = f"   no mini-batch finished (median {median}, longest {longest})"
    page.add([(f" STANDS STILL {still}", "error"), (why, "text")])
    for line in parts.next_lines(model, options, 2):
        page.add(line)
    page.gap()
    actions = 3
    _left(page, parts.filtered(model, options), max(height - len(page.lines) - actions, 2))
    page.gap()
    if model.running:
        does = "kill or abandon the selected one / stacks of all / abandon all left"
        page.add(labelled("do", [("a  ", "key"), (does, "text")], options, 10))
    spare = height - len(page.lines) - 2
    if spare >= 3:
        page.gap()
        parts.master(page, parts.filtered(model, options), spare)
    return Body(page.lines, page.targets)


def _left(page: parts.Page, model: Model, most: int) -> None:
    options = page.options
    if not model.running:
        text = f"   no worker runs anything, {plural(model.waiting, 'mini-batch waits', 'mini-batches wait')}"
        if not model.waiting:
            text = "   all that was listed so far is over: it is the listing that stands still"
        page.add(labelled("left", [(text, "text")], options, 10))
        return
    workers = {worker.id.replace("/", " "): worker for worker in model.workers}
    places = [worker.stack for worker in workers.values() if worker.stack]
    same = f"STACK, the same in all {len(places)}" if len(set(places)) == 1 and len(places) > 1 else "STACK"
    last = same if places else "LAST OUTPUT"
    heads = f"      BATCH        FOR  {left('WORKER', 22, options)} {last}"
    page.add(labelled("left", [(heads, "dim")], options, 10))
    room = max(most - 1, 1)
    rows = model.running_batches[: room if len(model.running_batches) <= room else max(room - 1, 1)]
    for row in rows:
        target = page.named(f"mb:{row.mini_batch}")
        sign, style = mark(target, "", options)
        shown = _row(row, model, workers, page.width - 57, options)
        page.add(labelled("", [(sign + " ", style), *shown], options, 10), target)
    hidden = len(model.running_batches) - len(rows)
    if hidden > 0:
        page.add(labelled("", [(f"  {options.glyphs.ellipsis} {hidden} more running", "dim")], options, 10))


def _row(row: BatchRow, model: Model, workers: dict[str, WorkerRow], room: int, options: Options) -> Line:
    for_ = span_in((model.at - row.since) / 1e6, 10) if row.since else "?"
    worker = workers.get(row.worker)
    place = doing(worker, model) if worker else ""
    if worker is not None and worker.stack:
        place = worker.stack
    style = "strong" if worker and worker.stack else "text" if place else "dim"
    return [
        (f"{count(row.mini_batch, options):>9}{for_:>11}  {left(row.worker, 22, options)} ", "text"),
        (middle(place, room, options) or options.glyphs.dash, style),
    ]
