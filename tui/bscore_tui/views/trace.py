"""One failure: its trace or how the worker ended, what was printed, the attempts of its mini-batch."""

from __future__ import annotations

from bscore_tui.views.cells import labelled, sign_style
from bscore_tui.views.layout import left, middle, wrap
from bscore_tui.views.model import ErrorRow, Model
from bscore_tui.views.pages import ItemRow, TraceFrame, TracePage
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import batch_name, clock, memory, memory_of, percent, plural, span, took


def trace(model: Model, page: TracePage, width: int, _height: int, options: Options) -> Body:
    """The trace as a page of its own."""
    row = next((row for row in model.errors if row.key == page.key), None)
    lines = [[(" ", "text"), *line] for line in trace_lines(page, width - 1, options)]
    targets: dict[int, str] = {}
    if row is not None:
        if page.mini_batch is not None:
            targets[0] = f"mb:{page.mini_batch}"
        if command := again(model, row, page):
            lines += [[], labelled("again", [(command, "text")], options, 10)]
    return Body(lines, targets, 0)


def trace_lines(page: TracePage, width: int, options: Options) -> list[Line]:
    """Frames of the script, libraries folded, the error; of a death its end; what was printed; attempts."""
    lines: list[Line] = []
    if page.at is not None:
        lines += [[(_where(page), "text"), (f" {clock(page.at, options)}", "text")], []]
    if page.died:
        lines += _exit(page, width, options)
    lines += _trace(page, width, options)
    if page.died:
        lines += _last_stack(page, options)
    for name, printed, most in (("stdout", page.before, 5), ("stderr", page.stderr, 5)):
        if printed:
            shown = printed[-most:]
            tail = f"its last {len(shown)} of {plural(len(printed), 'line')}"
            whose = "this try" if page.mini_batch is not None else "this worker"
            lines += [
                [],
                [(f"{name} of {whose}, {tail}", "dim")],
                *[[("  " + text, "text")] for text in shown],
            ]
    if page.items:
        lines += [[], [("items  ", "dim"), (items_text(page.items, options), "text")]]
    return lines + _attempts(page, width, options)


def _where(page: TracePage) -> str:
    where = page.phase if page.mini_batch is None else f"{batch_name(page.mini_batch)}, try {page.attempt}"
    return f"{where}   {page.worker.replace('/', ' ')}"


def _trace(page: TracePage, width: int, options: Options) -> list[Line]:
    if page.text and ("trace" in options.toggled or not page.frames):
        return [[("  " + text, "text")] for text in page.text[1:] or page.text]
    if page.frames:
        return _exception(page.frames, page.error, width, options) + [
            line
            for one in page.earlier
            for line in ([], [(one.link, "dim")], *_exception(one.frames, one.error, width, options))
        ]
    missing = page.pointer.rpartition("@")[0]
    if missing:
        return [[(f"  the file of the traceback is not there: {safe_text(missing, 400)}", "dim")]]
    # A process that is killed leaves none; its last stack is shown where one was taken.
    what = [] if page.died else [[("  " + text, "error")] for text in wrap(page.what, width - 2, 4, options)]
    return what if page.stack else [*what, [("  no traceback was recorded", "dim")]]


def _exception(
    frames: tuple[TraceFrame, ...], error: tuple[str, ...], width: int, options: Options
) -> list[Line]:
    return _frames(frames, options) + [
        [("  " + part, "error")] for text in error for part in wrap(text, width - 2, 4, options)
    ]


def _exit(page: TracePage, width: int, options: Options) -> list[Line]:
    """Why the worker ended, and how much memory there was."""
    reason = wrap(page.what.removeprefix("WorkerDied: "), width - 9, 4, options)
    lines: list[Line] = [
        [(("" if number else "exit").ljust(8), "dim"), (text, "error")] for number, text in enumerate(reason)
    ]
    then = page.memory
    if then is None or page.at is None:
        return [*lines, [("memory  ", "dim"), ("no sample from the minute before", "dim")], []]
    parts = [f"{memory(then.process_mb, options)}"] if then.process_mb is not None else []
    if then.node_mb is not None:
        share = percent(then.node_mb, then.total_mb) if then.total_mb else None
        used = f" ({int(share)} %)" if share is not None else ""
        parts.append(f"node {memory_of(then.node_mb, then.total_mb, options)}{used}")
    ago = span((page.at - then.at) / 1e6)
    return [*lines, [("memory  ", "dim"), (", ".join(parts), "text"), (f"   {ago} before", "dim")], []]


def _last_stack(page: TracePage, options: Options) -> list[Line]:
    """Where it stood when its stack was taken last."""
    if not page.stack or page.stack_at is None or page.at is None:
        return []
    ago = span((page.at - page.stack_at) / 1e6)
    return [[], [(f"stack taken {ago} before", "dim")], *_frames(page.stack, options)]


def _attempts(page: TracePage, width: int, options: Options) -> list[Line]:
    """The attempts of its mini-batch."""
    if not page.attempts:
        return []
    lines: list[Line] = [[], [("TRY  WORKER                    TIME       AFTER  OUTCOME", "dim")]]
    for attempt in page.attempts:
        worker = left(attempt.worker.replace("/", " "), 24, options)
        spent = took(attempt.run_ns, 8, options)
        text = f"{attempt.attempt:>2}  {worker}  {clock(attempt.at, options)} {spent:>8}  "
        outcome = middle(attempt.outcome, max(width - 51, 8), options)
        # A failed try may come right as long as another one follows.
        sign = "" if not attempt.failed else "x" if attempt is page.attempts[-1] else "!"
        style = sign_style(sign) if sign else "ok"
        lines.append([(sign or " ", style), (text, "text"), (outcome, style)])
    return lines


def _frames(frames: tuple[TraceFrame, ...], options: Options) -> list[Line]:
    lines: list[Line] = []
    own = [index for index, frame in enumerate(frames) if not frame.library]
    last = own[-1] if own else -1
    folded: list[TraceFrame] = []
    for index, frame in enumerate(frames):
        if frame.library:
            folded.append(frame)
            continue
        lines += _folded(folded, options)
        folded = []
        name = frame.path.rpartition("/")[2]
        lines.append(
            [
                (f"  {name}:{frame.line}", "strong"),
                (f" in {frame.function}" if frame.function else "", "text"),
            ]
        )
        if frame.code:
            sign, style = (">", "selected") if index == last else (" ", "text")
            lines.append([(f"{sign}     ", style), (frame.code, style if index == last else "text")])
    return lines + _folded(folded, options)


def _folded(frames: list[TraceFrame], options: Options) -> list[Line]:
    if not frames:
        return []
    path = "/".join(frames[0].path.split("/")[-3:])
    what = plural(len(frames), "frame")
    return [
        [(f"  {path} {options.glyphs.ellipsis} {what} of libraries folded", "dim"), ("   x unfolds", "dim")]
    ]


def items_text(items: tuple[ItemRow, ...], options: Options) -> str:
    """`part-055300.csv … part-055309.csv in /data/2026-04-11/ (10)`."""
    first, last = items[0].path, items[-1].path
    folder, _, name = first.rpartition("/")
    if len(items) == 1:
        return first
    other = last.rpartition("/")[2] if last.startswith(folder + "/") else last
    where = f" in {folder}/" if folder else ""
    return f"{name} {options.glyphs.ellipsis} {other}{where} ({len(items)})"


def again(model: Model, row: ErrorRow, page: TracePage | None = None) -> str:
    """The command that runs a failing mini-batch here; empty where it was no run that failed.

    It is that of the failure that is shown, else the first one.
    """
    if not row.is_attempt:
        return ""
    number = page.mini_batch if page is not None and page.at else row.first_mini_batch
    if number is None:
        return f"bscore job debug {model.called}"
    return f"bscore job debug {model.called} --mini-batch {number}"
