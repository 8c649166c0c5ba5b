"""What a foreground run says on stderr: a progress bar on a terminal, otherwise plain lines."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

from bscore.cli.lasting import Lasting
from bscore.cli.output import terminal_text
from bscore.core import events as e
from bscore.core.counted import counted
from bscore.core.error_words import error_words
from bscore.core.estimate import Confidence
from bscore.core.rates import rate
from bscore.core.state import Phase, Run
from bscore.logtree.overview import iso
from bscore.logtree.source import LocalSource, Source
from bscore.observe import Raised, chain_of, end_of, read_trace
from bscore.observe.chain import HEAD

BAR_INTERVAL_US = 100_000
LINE_INTERVAL_US = 10_000_000
END_INTERVAL_US = 3_000_000
MAX_TRACE_LINES = 12
MAX_MESSAGE_LINES = 6
#: Exceptions before the final one, and lines of the frames of each.
MAX_CAUSES = 4
_CAUSE_LINES = 4
#: Beginnings of the codes of findings that are said at once.
_SAID = ("inputs-", "columns-", "script-")
_BAR_CELLS = 24
_COLUMNS = 80


def percent(run: Run) -> str:
    """How much is done, rounded down; how many it is so far while the inputs are still listed."""
    done = len(run.done)
    if not run.listing_finished:
        return f"{done:,} of at least {run.mini_batches:,} mini-batches"
    if not run.mini_batches:
        return "no mini-batches"
    return f"{done * 100 // run.mini_batches} %  {done:,} of {run.mini_batches:,} mini-batches"


def rate_text(run: Run) -> str:
    """Items finished per second in this term; empty before any."""
    so_far = rate(run)
    return f"{so_far.items:,.0f} items/s" if so_far else ""


def trouble_text(run: Run) -> str:
    """Failures so far, in a few words; empty for none."""
    words = []
    failed = sum(run.failures.values())
    if failed:
        words.append(f"{failed:,} failed attempt{'s' if failed > 1 else ''}")
    if len(run.abandoned):
        words.append(f"{len(run.abandoned):,} abandoned")
    return ", ".join(words)


def bar_line(run: Run, width: int, end: str = "") -> str:
    """One line that fits into `width` cells; `end` says when it will be over.

    What does not fit is left out whole: half a number would be another one.
    """
    if run.phase is Phase.PREPARING:
        return _fitting(width - 1, [preparing_text(run), "Preparing"], [end])
    cells = min(_BAR_CELLS, width // 4)
    filled = len(run.done) * cells // run.mini_batches if run.listing_finished and run.mini_batches else 0
    bar = "━" * filled + "─" * (cells - filled)
    whole = percent(run)
    done = [joined(bar, whole), whole, whole.partition("  ")[0]]
    return _fitting(width - 1, done, [end, trouble_text(run), rate_text(run)])


def _fitting(cells: int, first: list[str], more: list[str]) -> str:
    """The longest of several ways to begin, and behind it what there is room for, the first before others."""
    line = next((text for text in first if len(text) <= cells), "")
    for text in more:
        longer = joined(line, text)
        line = longer if len(longer) <= cells else line
    return line


def preparing_text(run: Run) -> str:
    """What there is before the first worker is ready."""
    starting = len(run.workers)
    return f"Preparing: {starting} worker{'s' if starting != 1 else ''} starting, {run.items:,} items listed"


def joined(*parts: str) -> str:
    """What there is to say, side by side."""
    return "  ".join(part for part in parts if part)


class ProgressBar:
    """Redraws one line on a terminal, ten times a second at most."""

    def __init__(self, tree: Path, stream: TextIO | None = None) -> None:
        self._source = LocalSource(tree)
        self._out = Lasting(stream or sys.stderr)
        self._drawn_at = 0
        self._shown = ""
        self._end = EndText()

    def hear(self, event: e.Event, run: Run) -> None:
        """Print a new kind of error once, above the bar; also what somebody asked for."""
        for line in news(event, run, self._source):
            self.say(line)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self._clear()
        self._out.write(text + "\n")

    def tick(self, run: Run, now: int) -> None:
        """Redraw where something changed."""
        if now - self._drawn_at < BAR_INTERVAL_US:
            return
        self._drawn_at = now
        line = bar_line(run, _columns(self._out.stream), self._end.text(run, now))
        if line != self._shown:
            self._out.write(f"\r{line}\x1b[K")
            self._shown = line

    def close(self, run: Run) -> None:
        """Take the bar away; the summary follows."""
        self._clear()

    def _clear(self) -> None:
        if self._shown:
            self._out.write("\r\x1b[K")
            self._shown = ""


class ProgressLines:
    """One plain line every ten seconds in which something changed."""

    def __init__(self, tree: Path, stream: TextIO | None = None) -> None:
        self._source = LocalSource(tree)
        self._out = Lasting(stream or sys.stderr)
        self._said_at = 0
        self._said = ""
        self._end = EndText()

    def hear(self, event: e.Event, run: Run) -> None:
        """Print a new kind of error once; also what somebody asked for."""
        for line in news(event, run, self._source):
            self.say(line)

    def tick(self, run: Run, now: int) -> None:
        """Say how far it is."""
        if not self._said_at:
            self._said_at = now
        if now - self._said_at < LINE_INTERVAL_US:
            return
        self._said_at = now
        line = joined(percent(run), rate_text(run), self._end.text(run, now), trouble_text(run))
        if line != self._said:
            self._said = line
            self.say(line)

    def close(self, run: Run) -> None:
        """Say the last state."""
        line = joined(percent(run), trouble_text(run))
        if line != self._said:
            self.say(line)

    def say(self, text: str) -> None:
        """Print a line."""
        self._out.write(text + "\n")


def progress_on_stderr(tree: Path) -> ProgressBar | ProgressLines:
    """The bar where stderr is a terminal that can draw it."""
    draws = sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return ProgressBar(tree) if draws else ProgressLines(tree)


class EndText:
    """When the run will be over, in words; estimated anew every few seconds."""

    def __init__(self) -> None:
        self._asked_at = 0
        self._text = ""

    def text(self, run: Run, now: int) -> str:
        """Empty while nobody can know."""
        # To say that it is unknown costs nothing.
        if now - self._asked_at < (END_INTERVAL_US if self._text else BAR_INTERVAL_US):
            return self._text
        self._asked_at = now
        ends = end_of(run, now)
        if ends.latest_us is not None:
            self._text = f"ends by {iso(ends.latest_us)[11:19]} UTC at the latest"
        elif ends.low_us is None or ends.high_us is None or run.exhausted:
            self._text = ""
        else:
            low, high = (_left(at - now) for at in (ends.low_us, ends.high_us))
            about = "about " if ends.confidence is Confidence.ROUGH else ""
            source = f" (durations of {ends.earlier})" if ends.earlier else ""
            self._text = f"{about}{low if low == high else f'{low} to {high}'} left{source}"
        return self._text


def _left(microseconds: int) -> str:
    seconds = max(round(microseconds / 1e6), 0)
    if seconds < 90:
        return f"{seconds} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def news(event: e.Event, run: Run, source: Source) -> list[str]:
    """What a person wants to hear of at once, line by line; nothing for most events."""
    if isinstance(event, e.RequestTaken):
        again = " Press Ctrl-C again to end at once." if event.who == "Ctrl-C" else ""
        said = f"{event.what}, asked for by {event.who}: {event.answer}{again}"
        return [terminal_text(said)] if event.answer else []
    if isinstance(event, e.FindingMade) and event.code.startswith(_SAID):
        return [terminal_text(event.text)]
    failures = e.AttemptFailed | e.InitFailed | e.ShutdownFailed
    if not isinstance(event, failures) or not _is_new(event, run):
        return []
    what = error_words(event.error_type, event.message)
    if isinstance(event, e.InitFailed):
        step = "The script cannot be imported" if event.loading else "init() failed"
        head = f"{step} in {event.worker}: {what}"
    elif isinstance(event, e.ShutdownFailed):
        head = f"shutdown() failed in {event.worker}: {what}"
    else:
        head = f"mini-batch {event.mini_batch}, attempt {event.attempt} on {event.worker}: {what}"
    frames = trace_lines(source, event.trace)
    if event.place and not frames:
        head += f" at {event.place}"
    lines = [*head.splitlines()[:MAX_MESSAGE_LINES], *frames]
    if event.trace:
        lines.append(f"    [{event.trace}]")
    return [terminal_text(line) for line in lines]


def _is_new(event: e.AttemptFailed | e.InitFailed | e.ShutdownFailed, run: Run) -> bool:
    """Whether this event has just begun a group of its own."""
    group = next(reversed(run.errors.values()), None)
    return (
        group is not None
        and group.count == 1
        and group.first_at == event.at
        and group.worker == event.worker
        and group.error_type == event.error_type
    )


def trace_lines(source: Source, trace: str) -> list[str]:
    """The script's own frames at a pointer, indented; the innermost ones where there are many.

    Behind those of the final exception come the exceptions that led to it, with their last frames.
    """
    final, *causes = chain_of(read_trace(source, trace).decode("utf-8", "replace").splitlines()[1:])
    lines = _frames(final, MAX_TRACE_LINES)
    for raised in causes[:MAX_CAUSES]:
        # One that was never raised has no frames, and so no head above its message.
        said = next((line for line in raised.lines if not line.startswith((" ", "\t", HEAD))), "")
        lines += [f"    {raised.joint} {said}", *_frames(raised, _CAUSE_LINES)]
    if len(causes) > MAX_CAUSES:
        lines.append(f"    … {len(causes) - MAX_CAUSES} more exceptions before")
    return lines


def _frames(raised: Raised, most: int) -> list[str]:
    """The indented lines of one exception, the last ones of many."""
    lines = [line for line in raised.lines if line.startswith((" ", "\t")) and line.strip()]
    hidden = len(lines) - most
    return [
        *([f"    … {counted(hidden, 'more line')}"] if hidden > 0 else []),
        *(f"    {line.rstrip()}" for line in lines[-most:]),
    ]


def _columns(stream: TextIO | None) -> int:
    """Cells of a line; a terminal that nobody gave a size says 0."""
    try:
        found = os.get_terminal_size(stream.fileno()).columns if stream else 0
    except (OSError, ValueError):
        found = 0
    return found or _COLUMNS
