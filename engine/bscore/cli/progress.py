"""What a foreground run says on stderr: a progress bar on a terminal, otherwise plain lines."""

from __future__ import annotations

import sys
from typing import TextIO

from bscore.core import events as e
from bscore.core.state import Phase, Run

BAR_INTERVAL_US = 100_000
LINE_INTERVAL_US = 10_000_000
_BAR_CELLS = 24


def percent(run: Run) -> str:
    """How much is over, rounded down; how many it is so far while the inputs are still listed."""
    if not run.listing_finished:
        return f"{run.over:,} of at least {run.mini_batches:,} mini-batches"
    if not run.mini_batches:
        return "no mini-batches"
    return f"{run.over * 100 // run.mini_batches} %  {run.over:,} of {run.mini_batches:,} mini-batches"


def rate_text(run: Run, now: int) -> str:
    """Items per second since the term began to score; empty before."""
    if not run.first_assigned or now <= run.first_assigned:
        return ""
    seconds = (now - run.first_assigned) / 1e6
    return f"{run.done_items / seconds:,.0f} items/s" if run.done_items else ""


def trouble_text(run: Run) -> str:
    """Failures so far, in a few words; empty for none."""
    words = []
    failed = sum(run.failures.values())
    if failed:
        words.append(f"{failed:,} failed attempt{'s' if failed > 1 else ''}")
    if len(run.abandoned):
        words.append(f"{len(run.abandoned):,} abandoned")
    return ", ".join(words)


def bar_line(run: Run, now: int, width: int) -> str:
    """One line that fits into `width` cells."""
    if run.phase is Phase.PREPARING:
        starting = len(run.workers)
        text = (
            f"Preparing: {starting} worker{'s' if starting != 1 else ''} starting, {run.items:,} items listed"
        )
        return text[: width - 1]
    filled = run.over * _BAR_CELLS // run.mini_batches if run.listing_finished and run.mini_batches else 0
    bar = "━" * filled + "─" * (_BAR_CELLS - filled)
    parts = [bar, percent(run), rate_text(run, now), trouble_text(run)]
    line = "  ".join(part for part in parts if part)
    return line[: width - 1]


class ProgressBar:
    """Redraws one line on a terminal, ten times a second at most."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._drawn_at = 0
        self._shown = ""

    def hear(self, event: e.Event, run: Run) -> None:
        """Print a new kind of error once, above the bar."""
        text = new_error_text(event, run)
        if text:
            self._clear()
            self._stream.write(text + "\n")
            self._stream.flush()

    def tick(self, run: Run, now: int) -> None:
        """Redraw where something changed."""
        if now - self._drawn_at < BAR_INTERVAL_US:
            return
        self._drawn_at = now
        line = bar_line(run, now, _columns(self._stream))
        if line != self._shown:
            self._stream.write(f"\r{line}\x1b[K")
            self._stream.flush()
            self._shown = line

    def close(self, run: Run) -> None:
        """Take the bar away; the summary follows."""
        self._clear()
        self._stream.flush()

    def _clear(self) -> None:
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._shown = ""


class ProgressLines:
    """One plain line every ten seconds in which something changed."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._said_at = 0
        self._said = ""

    def hear(self, event: e.Event, run: Run) -> None:
        """Print a new kind of error once."""
        text = new_error_text(event, run)
        if text:
            self._print(text)

    def tick(self, run: Run, now: int) -> None:
        """Say how far it is."""
        if not self._said_at:
            self._said_at = now
        if now - self._said_at < LINE_INTERVAL_US:
            return
        self._said_at = now
        line = "  ".join(part for part in (percent(run), rate_text(run, now), trouble_text(run)) if part)
        if line != self._said:
            self._said = line
            self._print(line)

    def close(self, run: Run) -> None:
        """Say the last state."""
        line = "  ".join(part for part in (percent(run), trouble_text(run)) if part)
        if line != self._said:
            self._print(line)

    def _print(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


def new_error_text(event: e.Event, run: Run) -> str:
    """The first occurrence of an error, in words; empty for anything else."""
    if isinstance(event, e.InitFailed):
        group = next(reversed(run.errors.values()), None)
        if group is None or group.count != 1 or group.first_at != event.at:
            return ""
        return _printable(
            f"init() failed in {event.worker}: {event.error_type}: {event.message} ({event.place})"
        )
    if not isinstance(event, e.AttemptFailed):
        return ""
    group = next(reversed(run.errors.values()), None)
    if (
        group is None
        or group.count != 1
        or group.first_at != event.at
        or group.error_type != event.error_type
    ):
        return ""
    where = f" at {event.place}" if event.place else ""
    what = f"{event.error_type}: {event.message}" if event.error_type else event.message
    return _printable(
        f"mini-batch {event.mini_batch}, attempt {event.attempt}: {what}{where}  [{event.trace}]"
    )


def _printable(text: str) -> str:
    """Text of a script, safe for a terminal: no control characters."""
    return "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)


def _columns(stream: TextIO) -> int:
    import os

    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 80
