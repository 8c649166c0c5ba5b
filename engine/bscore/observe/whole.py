"""A run read once: as it is now, or as it was."""

from __future__ import annotations

from dataclasses import dataclass

from bscore.core.state import Run
from bscore.logtree.history import read_history
from bscore.logtree.source import Source
from bscore.observe.life import Life, Pulse
from bscore.observe.past import Past


@dataclass(frozen=True, slots=True)
class Observed:
    """A run, where its last record stands, and whether its master lives."""

    run: Run
    path: str
    offset: int
    pulse: Pulse


def read_run(source: Source) -> Observed:
    """The run as it is now. Raises TreeError where there is no readable journal."""
    history = read_history(source)
    pulse = Life(source).look(history.run.outcome is not None)
    return Observed(history.run, history.path, history.offset, pulse)


def state_at(source: Source, at: int) -> Observed:
    """The run as it was at `at` (microseconds UTC). Raises TreeError as `read_run`."""
    run, path, offset = Past(source).at(at)
    return Observed(run, path, offset, Pulse.UNKNOWN if run.outcome is None else Pulse.ENDED)
