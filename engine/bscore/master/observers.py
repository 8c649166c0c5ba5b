"""Who may watch a run from inside the master: told of events and of the passing of time, changes nothing."""

from __future__ import annotations

from typing import Protocol

from bscore.core.events import Event
from bscore.core.state import Run


class Observer(Protocol):
    """Hears every event but the two of each mini-batch, and a tick at every wake-up of the master."""

    def hear(self, event: Event, run: Run) -> None:
        """An event that was just made part of the run."""

    def tick(self, run: Run, now: int) -> None:
        """The master has done one round; `now` in microseconds UTC."""

    def close(self, run: Run) -> None:
        """The run has ended, or the master gives up."""
