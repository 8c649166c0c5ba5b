"""The job as it is now, whatever moment is shown: what commands can still do with it."""

from __future__ import annotations

from dataclasses import dataclass

from bscore.core.lasting_failure import fails_again
from bscore.core.state import Run
from bscore.logtree.source import Source
from bscore.observe import Pulse
from bscore_tui.reading.aftermath import aftermath
from bscore_tui.reading.build import state_of

_ALIVE = ("Preparing", "Running", "Finalizing")


@dataclass(frozen=True, slots=True)
class Present:
    """What decides which commands help."""

    state: str
    #: Mini-batches not over, and abandoned ones.
    left: int = 0
    abandoned: int = 0
    #: No resume would help: it would fail again, rows of it are gone, or a frozen master holds it.
    hopeless: bool = False

    @property
    def is_alive(self) -> bool:
        """Whether a master takes requests."""
        return self.state in _ALIVE


def present_of(run: Run, pulse: Pulse, source: Source) -> Present:
    """Look at a run, and for one that nobody works on at what stands beside its journal."""
    beside = aftermath(source, run, pulse)
    frozen = beside.master is not None and beside.master.frozen
    return Present(
        state_of(run, pulse),
        left=max(run.mini_batches - run.over, 0),
        abandoned=len(run.abandoned),
        hopeless=frozen or bool(beside.lost_rows) or fails_again(run),
    )
