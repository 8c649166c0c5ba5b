"""Looks for an earlier run of the script, in a thread of its own: no start and no mini-batch waits for it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from threading import Thread

from bscore.core.estimate import earlier_run
from bscore.core.events import EarlierRunFound
from bscore.core.state import Run
from bscore.logtree.earlier import earlier_runs

#: Earlier runs looked into until one of them has finished enough.
_LOOKED_INTO = 5


class EarlierSearch:
    """One search; `take` gives what was found, once."""

    def __init__(self, tree: Path, run: Run) -> None:
        self._found: EarlierRunFound | None = None
        script = run.config.script if run.config else ""
        if script and run.earlier is None and not any(run.histogram):
            Thread(target=self._search, args=(tree, script, run.started), daemon=True).start()

    def _search(self, tree: Path, script: str, started: int) -> None:
        for earlier in islice(earlier_runs(tree, script, started), _LOOKED_INTO):
            found = earlier_run(earlier.tree.name, earlier.run, started)
            if found is not None:
                self._found = found
                return

    def take(self) -> EarlierRunFound | None:
        """What was found since the last call; None for nothing, or not yet."""
        found, self._found = self._found, None
        return found
