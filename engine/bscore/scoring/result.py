"""What scoring gives back: the rows and the run they came from, or an error that carries the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bscore.core.events import Outcome
from bscore.core.state import Run
from bscore.errors import BscoreError
from bscore.inputs.manifest import Manifest
from bscore.logtree import paths


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """A run that is Completed, and what it returned.

    `rows` is a DataFrame where run() returned DataFrames, else a list; None where the rows went to `output`
    as text, or nothing was kept (summary_only). `job` is the job's directory, `output` the file or folder
    with the rows. `missing` are the positions of items that have no row because their mini-batch was
    abandoned, as (first, stop) counted from 0 in the order of the inputs; empty when nothing is missing.
    """

    rows: Any = field(repr=False)
    run: Run = field(repr=False)
    job: Path
    outcome: Outcome
    output: Path
    missing: tuple[tuple[int, int], ...] = ()


class ScoreError(BscoreError):
    """The run ended Failed, or was Canceled by a request.

    `run` is the run, `job` its directory, `outcome` how it ended, `report` the text of job_result.txt. Rows
    that are safe can be read with `bscore.read_rows(error.job)`.
    """

    def __init__(self, run: Run, job: Path, report: str) -> None:
        self.run = run
        self.job = job
        self.outcome = run.outcome or Outcome.FAILED
        self.report = report
        super().__init__(report or f"Job {job.name}: {self.outcome}. {run.reason}")
        if self.outcome is Outcome.CANCELED:
            self.exit_code = 3


class ScoreInterrupted(KeyboardInterrupt):
    """Ctrl-C, or the stop button of a notebook: the job was Canceled in order and can be resumed.

    `job` is its directory; rows that are safe can be read with `bscore.read_rows(error.job)`.
    """

    def __init__(self, job: Path, run: Run | None) -> None:
        super().__init__(f"Job {job.name} was canceled; go on with: bscore job resume {job.name}")
        self.job = job
        self.run = run


class MissingRowsWarning(UserWarning):
    """The run is Completed, but some items have no rows; `ScoreResult.missing` says which."""


def missing_items(job: Path, run: Run) -> tuple[tuple[int, int], ...]:
    """Positions of the items of abandoned mini-batches, as (first, stop), neighbours joined."""
    pairs = run.abandoned.pairs()
    if not pairs:
        return ()
    with Manifest(job / paths.CHECKPOINT) as manifest:
        return tuple(_positions(manifest, pairs))


def _positions(manifest: Manifest, pairs: Any) -> Iterator[tuple[int, int]]:
    for first, stop in pairs:
        yield manifest.items_before(first), manifest.items_before(stop)
