"""`logs/job_progress_overview.txt`: its lines and how often one is written (reference 4.2). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bscore.logtree.grammar import second_text

#: How often the overviewer looks.
POLL_S = 10.0
#: From this estimate on, only every `RARE_POLLS`th look writes a line.
FAR_S = 300.0
RARE_POLLS = 12

START = "Start the simulator."
NOTHING_YET = "No task has been processed yet."


def iso(at: int) -> str:
    """Microseconds since 1970 as `2021-04-15T22:03:32.226929` (UTC)."""
    second, us = divmod(at, 1_000_000)
    return f"{second_text(second).replace(' ', 'T')}.{us:06d}"


def duration(seconds: float) -> str:
    """Seconds as the original writes them: `5:02:14`, `1 day, 3:00:00`."""
    return str(timedelta(seconds=round(max(seconds, 0.0))))


def overview_line(at: int, message: str) -> str:
    """One line of the overview, newline included."""
    return f"{iso(at)} {' '.join(message.splitlines())}\n"


def overviewer_started(node: str) -> str:
    """Said once a term, with the id of the master's node."""
    return f"The overviewer on {node} started."


def overviewer_stopped(node: str) -> str:
    """Said when the master ends, whatever the outcome."""
    return f"The overviewer on {node} stopped."


def scheduling_finished(mini_batches: int, items: int, elapsed_s: float) -> str:
    """Said once the inputs are listed."""
    return (
        f"Scheduling finished. Scheduled {mini_batches} mini batches in {round(elapsed_s)} seconds."
        f" There are {mini_batches} tasks with {items} items."
    )


def progress(processed: int, total: int, elapsed_s: float, left_s: float | None) -> str:
    """How far it is: `processed` of `total` mini-batches, done or abandoned; `left_s` None for unknown."""
    if not processed:
        return NOTHING_YET
    done = f"Processed {processed} of {total} mini batches in {duration(elapsed_s)}."
    return done if left_s is None else f"{done} Estimated remaining time {duration(left_s)}."


def no_progress_check(limit_s: float, waited_s: float) -> str:
    """A look that found nothing new, after `waited_s` seconds without."""
    return (
        f"No progress update in {round(limit_s)} seconds. No progress update in this check."
        f" Wait {round(waited_s)} seconds since last update."
    )


def progress_stopped(reasons: Sequence[str]) -> str:
    """Why nothing more will be processed."""
    return f"Progress update stopped for reasons: {list(reasons)!r}."


def due(looks_since_line: int, left_s: float | None) -> bool:
    """Whether this look writes a line; `looks_since_line` counts it (1 is the first after a line)."""
    return looks_since_line >= RARE_POLLS or left_s is None or left_s < FAR_S
