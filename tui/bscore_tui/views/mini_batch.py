"""The page of one mini-batch: its attempts, the story of the last one by time from all sources, its items."""

from __future__ import annotations

from bscore_tui.views.cells import mark, short_place, sign_style
from bscore_tui.views.layout import left, middle
from bscore_tui.views.model import BatchRow, Model
from bscore_tui.views.pages import AttemptRow, BatchStory
from bscore_tui.views.styles import Body, Line, Options, apart
from bscore_tui.views.trace import items_text
from bscore_tui.views.words import clock, nanoseconds, span_in, took

_WHO = {"error": "error", "stderr": "warn", "stdout": "text", "log": "text"}


def mini_batch(model: Model, story: BatchStory, width: int, height: int, options: Options) -> Body:
    """The page; attempts and moments can be selected."""
    lines: list[Line] = [_summary(model, story, options), []]
    targets: dict[int, str] = {}
    lines.append([(f"   TRY  {'WORKER':<22} {'START':<10} {'RUN()':>7}  {'CPU':>7}     OUTCOME", "dim")])
    for attempt in story.attempts:
        target = f"log:{attempt.log_path}@{attempt.log_offset}"
        targets[len(lines)] = target
        lost = story.abandoned and attempt is story.attempts[-1]
        lines.append(_attempt(attempt, width, options, sign="x" if lost else "!" if attempt.failed else ""))
    running = _running(model, story)
    if running is not None:
        lines.append(_running_line(running, model, options))
    if not story.attempts and running is None:
        lines.append([("      not tried so far", "dim")])
    lines.append([])
    if story.moments:
        lines.append([(f" STORY of try {story.of_try}, all sources by time", "dim")])
        room = max(height - len(lines) - 3 - min(len(story.items), 1), 5)
        moments = story.moments
        if len(moments) > room and "story" not in options.toggled:
            keep = room - 4
            hidden = len(moments) - keep - 3
            lines += [
                [(" ", "text"), *_moment(moment.at, moment.who, moment.text, options)]
                for moment in moments[:3]
            ]
            lines.append([(f"               {options.glyphs.ellipsis} {hidden} lines, x unfolds", "dim")])
            moments = moments[3 + hidden :]
        for number, moment in enumerate(moments, len(story.moments) - len(moments)):
            target = "" if moment.at is None else apart(f"at:{moment.at}", number)
            if target:
                targets[len(lines)] = target
            first = mark(target, "", options)
            lines.append([first, *_moment(moment.at, moment.who, moment.text, options)])
        lines.append([])
    if "items" in options.toggled:
        lines += [[(" items", "dim")], *_items(story, width, options)]
    elif story.items:
        lines.append(
            [
                (" items    ", "dim"),
                (middle(items_text(story.items, options), width - 24, options), "text"),
                ("     i lists", "dim"),
            ]
        )
    else:
        lines.append([(" items    ", "dim"), ("not in the manifest", "dim")])
    return Body(lines, targets, 1)


def _items(story: BatchStory, width: int, options: Options) -> list[Line]:
    return [[("   " + middle(item.path, width - 4, options), "text")] for item in story.items]


def _summary(model: Model, story: BatchStory, options: Options) -> Line:
    tries = model.limits.tries
    made = len(story.attempts)
    # What was given up and tried again has more attempts than one life has tries.
    of = f" of {tries}" if made <= tries else ""
    if story.abandoned:
        line: Line = [(" x abandoned", "error"), (f" after {made}{of} tries", "text")]
    elif story.done:
        line = [(" done", "ok"), (f" on try {made}{of}", "text")]
    elif _running(model, story) is not None:
        of = of if made < tries else ""
        line = [(" running", "strong"), (f", try {made + 1}{of}", "text")]
    else:
        word = " not finished" if model.ended is not None and model.at >= model.ended else " waiting"
        line = [(word, "strong"), (f", {made}{of} tries failed" if made else "", "text")]
    number = story.item_count if story.item_count is not None else "?"
    spent = sum(attempt.run_ns or 0 for attempt in story.attempts)
    line.append((f"    {number} item{'' if number == 1 else 's'}", "text"))
    return [*line, (f"    {nanoseconds(spent, options)} of run() in all" if made else "", "text")]


def _running(model: Model, story: BatchStory) -> BatchRow | None:
    return next((row for row in model.running_batches if row.mini_batch == story.mini_batch), None)


def _attempt(attempt: AttemptRow, width: int, options: Options, *, sign: str) -> Line:
    worker = left(attempt.worker.replace("/", " "), 22, options)
    run, cpu = took(attempt.run_ns, 7, options), took(attempt.cpu_ns, 7, options)
    text = f"{attempt.attempt:>3}  {worker} {clock(attempt.start, options, 1):<10} {run:>7}  {cpu:>7}     "
    outcome = middle(
        f"{attempt.outcome}  {short_place(attempt.place) if attempt.place else ''}".rstrip(),
        max(width - 4 - len(text), 8),
        options,
    )
    first = mark(f"log:{attempt.log_path}@{attempt.log_offset}", sign, options)
    style = sign_style(sign) if attempt.failed else "ok"
    return [(" ", "text"), first, (" " + text, "text"), (outcome, style)]


def _running_line(row: BatchRow, model: Model, options: Options) -> Line:
    worker = left(row.worker, 22, options)
    passed = span_in((model.at - row.since) / 1e6, 7) if row.since else "?"
    begun = clock(row.since, options, 1)
    text = f"   {row.attempt or '?':>3}  {worker} {begun:<10} {passed:>7}  {'':>7}     running"
    return [(text, "warn" if row.why == "late" else "text"), (" ! late" if row.why == "late" else "", "warn")]


def _moment(at: int | None, who: str, text: str, options: Options) -> Line:
    when = clock(at, options, 3) if at is not None else ""
    return [(f"{when:<12}  ", "dim"), (f"{who:<8} ", "dim"), (text, _WHO.get(who, "text"))]
