"""Looks for an earlier run of the script, in a thread of its own: no start and no mini-batch waits for it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from threading import Thread

from bscore.core.estimate import earlier_run
from bscore.core.events import EarlierRunFound, FindingMade
from bscore.core.state import Run
from bscore.logtree.earlier import earlier_runs

#: Earlier runs looked into until one of them has finished enough.
_LOOKED_INTO = 5


class EarlierSearch:
    """One search for a run; `take` gives what was found, once."""

    def __init__(self, tree: Path, run: Run) -> None:
        self._tree, self._run = tree, run
        self._found: EarlierRunFound | FindingMade | None = None

    def begin(self) -> None:
        """Search, unless the run can already say by itself how long mini-batches take, or was told."""
        run = self._run
        if run.config and run.config.script and run.earlier is None and not any(run.histogram):
            about = (run.config.script, run.started)
            Thread(target=self._search, args=about, daemon=True).start()

    def _search(self, script: str, started: int) -> None:
        try:
            self._look(script, started)
        except Exception as error:  # noqa: BLE001  # nothing but an estimate hangs on it, which is said
            text = f"The search for an earlier run broke with {type(error).__name__}: {error}."
            self._found = FindingMade(0, "earlier-search", text)

    def _look(self, script: str, started: int) -> None:
        # With other arguments a script may do quite another amount of work.
        found = earlier_runs(self._tree, script, started, same_arguments=True)
        for earlier in islice(found, _LOOKED_INTO):
            told = earlier_run(earlier.tree.name, earlier.run, started)
            if told is not None:
                self._found = told
                return

    def take(self, now: int) -> EarlierRunFound | FindingMade | None:
        """What was found since the last call, told `now` (microseconds UTC); None for nothing, or not yet.

        A search that broke is a finding.
        """
        found, self._found = self._found, None
        return replace(found, at=now) if found else None
