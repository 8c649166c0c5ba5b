"""What scoring gives back: the rows and the run they came from, or an error that carries the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bscore.core.events import Finished, Outcome
from bscore.core.ranges import Ranges
from bscore.core.state import Run
from bscore.errors import BscoreError
from bscore.inputs.manifest import Manifest
from bscore.logtree import paths
from bscore.logtree.journal import read_term
from bscore.logtree.source import LocalSource


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """A run that is Completed, and what it returned.

    `rows` is a DataFrame where run() returned DataFrames, else a list; None where the rows went to `output`
    as text, or nothing was kept (summary_only). `job` is the job's directory, `output` the file or folder
    with the rows. `missing` are the positions of items that have no row: their mini-batch was abandoned, or
    run() returned nothing for it. `short` are the positions of mini-batches for which run() returned fewer
    elements than items; only run() knows which of those items have none. Both are (first, stop) pairs counted
    from 0 in the order of the inputs, and empty when no row is missing.
    """

    rows: Any = field(repr=False)
    run: Run = field(repr=False)
    job: Path
    outcome: Outcome
    output: Path
    missing: tuple[tuple[int, int], ...] = ()
    short: tuple[tuple[int, int], ...] = ()


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
    """The run is Completed, but some items have no rows; `ScoreResult.missing` and `.short` say where."""


_Positions = tuple[tuple[int, int], ...]


def missing_positions(job: Path, run: Run) -> tuple[_Positions, _Positions]:
    """`missing` and `short` of a run that one term has scored (ScoreResult)."""
    empty, short = _short_mini_batches(job, run)
    missing = Ranges([*run.abandoned.pairs(), *empty.pairs()])
    if not missing and not short:
        return (), ()
    with Manifest(job / paths.CHECKPOINT) as manifest:
        return _positions(manifest, missing), _positions(manifest, short)


def _positions(manifest: Manifest, mini_batches: Ranges) -> _Positions:
    return tuple(
        (manifest.items_before(first), manifest.items_before(stop)) for first, stop in mini_batches.pairs()
    )


def _short_mini_batches(job: Path, run: Run) -> tuple[Ranges, Ranges]:
    """Mini-batches that were done without a row, and with fewer than items; read until all are found."""
    empty, short = Ranges(), Ranges()
    for event, _ in read_term(LocalSource(job), paths.JOURNAL) if run.short else ():
        if isinstance(event, Finished) and event.succeeded < event.items:
            (short if event.succeeded else empty).add(event.mini_batch)
            if len(empty) + len(short) == run.short:
                break
    return empty, short
