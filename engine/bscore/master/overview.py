"""Writes `logs/job_progress_overview.txt` as the original's overviewer does (reference 4.2)."""

from __future__ import annotations

import random
from pathlib import Path

from bscore.core import events as e
from bscore.core.estimate import estimate
from bscore.core.state import Phase, Run
from bscore.logtree import overview, paths
from bscore.logtree.writer import TreeWriter


class Overview:
    """Looks every ten seconds; says how far the run is, what it waits for and how it ended."""

    def __init__(self, tree: Path, run: Run, node: str = "127.0.0.1") -> None:
        self._writer = TreeWriter(tree)
        self._node = node
        #: When the term began, and when the job did.
        self._started, self._begun = run.last, run.started or run.last
        #: The likely end as the last line said it; None while it is unknown.
        self._end: int | None = None
        self._looked = run.last
        self._looks = 0
        self._over = -1
        self._at = run.last
        self._say(run.last, overview.START if run.term == 1 else f"Resumed: term {run.term}.")
        self._say(run.last, overview.overviewer_started(node))

    def _say(self, at: int, message: str) -> None:
        self._writer.append(
            paths.OVERVIEW, overview.overview_line(at, message).encode("utf-8", "backslashreplace")
        )

    def hear(self, event: e.Event, run: Run) -> None:
        """The end of the listing, and the end of the run."""
        self._at = event.at
        if isinstance(event, e.ListingFinished):
            elapsed_s = (event.at - self._started) / 1e6
            self._say(event.at, overview.scheduling_finished(event.mini_batches, event.items, elapsed_s))
        elif isinstance(event, e.RunEnded):
            self._ended(event, run)

    def _ended(self, event: e.RunEnded, run: Run) -> None:
        self._progress(event.at, run)
        if event.outcome is e.Outcome.FAILED:
            self._say(event.at, overview.progress_stopped([event.reason]))
        self._say(event.at, f"The job is {event.outcome.value}. {event.reason}".rstrip())
        self._say(event.at, f"See {paths.JOB_RESULT} for the result and where to look next.")

    def _progress(self, at: int, run: Run) -> None:
        self._end = _likely_end(run, at)
        elapsed_s = (at - self._begun) / 1e6
        self._say(at, overview.progress(run.over, run.mini_batches, elapsed_s, self._left_s(at)))

    def _left_s(self, at: int) -> float | None:
        return None if self._end is None else (self._end - at) / 1e6

    def tick(self, run: Run, now: int) -> None:
        """Write a line where one is due."""
        self._at = now
        if now - self._looked < overview.POLL_S * 1e6:
            return
        self._looked = now
        self._looks += 1
        if not overview.due(self._looks, self._left_s(now)):
            return
        self._looks = 0
        if run.over == self._over and run.over and run.config:
            waited_s = (now - run.last_progress) / 1e6
            self._say(now, overview.no_progress_check(run.config.limits.no_progress_s, waited_s))
        self._over = run.over
        self._progress(now, run)

    def close(self, run: Run) -> None:
        """The master leaves, whatever the outcome."""
        self._say(max(self._at, run.last), overview.overviewer_stopped(self._node))
        self._writer.close()


def _likely_end(run: Run, now: int) -> int | None:
    """When the last mini-batch will likely be over (microseconds UTC); None while nobody knows, or never."""
    if run.phase is Phase.ENDED and not run.exhausted:
        return None
    return estimate(run, now, random.Random(run.events).random).likely_us
