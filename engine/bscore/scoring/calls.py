"""`bscore.score`: a function, a script or a job YAML scored from Python, on this machine's processors."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bscore.cli.home import find_job
from bscore.cli.lasting import narrate
from bscore.cli.progress import progress_on_stderr
from bscore.cli.term import run_term
from bscore.core.events import Event, Outcome
from bscore.core.state import Run
from bscore.errors import UsageError
from bscore.logtree import paths
from bscore.logtree.history import read_history
from bscore.logtree.source import LocalSource
from bscore.master.job import Job, discarded_unless_begun, load_job
from bscore.master.observers import Observer
from bscore.master.run import run_job
from bscore.scoring.given import Given, make_job
from bscore.scoring.notebook import NotebookProgress, in_notebook
from bscore.scoring.result import (
    MissingRowsWarning,
    ScoreError,
    ScoreInterrupted,
    ScoreResult,
    missing_positions,
)
from bscore.scoring.row_reader import read_frames
from bscore.scoring.words import words_of_python

PathText = str | os.PathLike[str]


def score(
    job_file: PathText | None = None,
    *,
    run: Callable[..., Any] | None = None,
    init: Callable[[], Any] | None = None,
    shutdown: Callable[[], Any] | None = None,
    script: PathText | None = None,
    code: PathText | None = None,
    inputs: Any = None,
    items: str | None = None,
    output: PathText | None = None,
    model: PathText | Mapping[str, PathText] | None = None,
    python: PathText | None = None,
    arguments: Sequence[str] = (),
    step: str | None = None,
    name: str | None = None,
    workers: int | None = None,
    mini_batch_size: int | None = None,
    ordered: bool = True,
    progress: bool | None = None,
    **options: object,
) -> ScoreResult:
    """Score all inputs and wait for the end: `bscore.score(run=fn, inputs=[...], workers=4).rows`.

    What is scored: `run`, a function that takes a mini-batch and returns a list or a DataFrame, with `init`
    and `shutdown`, which each worker calls once; lambdas, closures and what a notebook defines are shipped
    (dill). A global that init() sets is seen by run(). A second parameter of run() gets the mini-batch's
    context, unless it has a default of its own. Or `script`, or `job_file` (a deployment or parallel job
    YAML), as `bscore run` takes them, with `code`, `python`, `arguments` and `step`.

    `inputs`: one text or Path is a folder, file, pattern, `@list` or URL, as `--input`. A DataFrame comes to
    run() as DataFrames of `mini_batch_size` rows. Of any other iterable, run() gets lists of
    `mini_batch_size` items: paths, made absolute, where one of the first 1,000 is a Path, or all of them are
    texts that name an existing file or folder, or a URL; else values, just as they are. Texts with a `/` of
    which some exist and some do not are refused. `items`, 'paths' or 'values', decides it instead.

    `model` is a file or folder, found below AZUREML_MODEL_DIR, or several by the names that
    `Model.get_model_path` takes.

    `options` are all documented options by name (`error_threshold=5`, `run_invocation_timeout=600`,
    `environment_variables={"A": "b"}`).
    `progress`: None shows it in terminals and notebooks; `ordered`: rows in the order of the inputs, else as
    they were finished. With `output`, a folder, the rows become text there, as with `bscore run`, and
    `rows` is None. Without it rows keep their types: builtins, numpy values and arrays, dates, Decimal, UUID,
    pandas Timestamps; other objects are refused.

    The job has a directory like any other: `bscore job show`, `bscore-tui` and `bscore job resume` know it,
    the function included. Run from another thread than the main one it handles no signals.

    Raises UsageError before anything runs, ScoreError for a run that is Failed or was Canceled by a request,
    ScoreInterrupted (a KeyboardInterrupt) after Ctrl-C or the stop button, and warns with MissingRowsWarning
    where items have no rows.
    """
    named = {"max_concurrency_per_instance": workers, "mini_batch_size": mini_batch_size}
    options |= {option: value for option, value in named.items() if value is not None}
    functions = {"run": run, "init": init, "shutdown": shutdown}
    given = Given(
        job_file,
        functions,
        script,
        code,
        inputs,
        items,
        output,
        model,
        python,
        arguments,
        step,
        name,
        options,
    )
    with words_of_python():
        job, notes = make_job(given)
        with discarded_unless_begun(job):
            finished = _run(job, _observer(job, progress, notes))
    return _finish(job, finished, ordered=ordered)


def read_rows(job: PathText = "last", *, ordered: bool = True) -> Any:
    """The rows of a job that `score` began, finished by whomever; of one that has not ended what is safe.

    `job` is a name, a unique beginning, `last` or a directory. Raises NotFoundError, UsageError for a job
    whose rows are text, TreeError for damaged rows.
    """
    tree = find_job(os.fspath(job)) if isinstance(job, str) else Path(job).absolute()
    found = load_job(tree)
    if not found.config.typed_rows:
        raise UsageError(
            f"The rows of job {found.name} are text.", remedy=f"Read {found.final} with pandas, or as lines."
        )
    return _read(found, read_history(LocalSource(tree)).run, ordered=ordered)


class _Keeper:
    """Keeps the run, so that it is known when it has ended."""

    def __init__(self) -> None:
        self.run: Run | None = None

    def hear(self, event: Event, run: Run) -> None:
        self.run = run

    def tick(self, run: Run, now: int) -> None:
        """Nothing to do."""

    def close(self, run: Run) -> None:
        self.run = run


def _observer(job: Job, progress: bool | None, notes: Sequence[str]) -> list[Observer]:
    notebook, terminal = in_notebook(), sys.stderr is not None and sys.stderr.isatty()
    if progress is False or (progress is None and not notebook and not terminal):
        return []
    for note in notes:
        narrate(f"note: {note}")
    if notebook:
        return [NotebookProgress(job.tree)]
    narrate(f"Job {job.name}  ·  watch it with: bscore-tui {job.name}")
    return [progress_on_stderr(job.tree)]


def _run(job: Job, observers: Sequence[Observer]) -> Run:
    """Run the job's first term; raises what an interrupt means to the caller."""
    keeper = _Keeper()
    everyone = [keeper, *observers]
    try:
        if job.config.function is not None:
            run_job(job, everyone)
        else:
            run_term(job, everyone)
    except KeyboardInterrupt:
        raise ScoreInterrupted(job.tree, keeper.run) from None
    assert keeper.run is not None
    return keeper.run


def _finish(job: Job, run: Run, *, ordered: bool) -> ScoreResult:
    if run.outcome is Outcome.CANCELED and run.canceled_by.startswith("Ctrl-C"):
        raise ScoreInterrupted(job.tree, run)
    if run.outcome is not Outcome.COMPLETED:
        report = (job.tree / paths.JOB_RESULT).read_text(errors="backslashreplace").rstrip("\n")
        raise ScoreError(run, job.tree, report)
    missing, short = missing_positions(job.tree, run)
    if run.failed_items:
        warnings.warn(_missing_text(job, run), MissingRowsWarning, stacklevel=3)
    rows = _read(job, run, ordered=ordered) if job.config.typed_rows else None
    output = job.final if job.config.append_row else job.config.output
    return ScoreResult(rows, run, job.tree, Outcome.COMPLETED, output, missing, short)


def _missing_text(job: Job, run: Run) -> str:
    parts = []
    if run.abandoned_items:
        parts.append(f"{run.abandoned_items:,} of {run.items:,} items were abandoned")
    if run.failed_items > run.abandoned_items:
        parts.append(f"for {run.failed_items - run.abandoned_items:,} items run() returned too few elements")
    return (
        f"Job {job.name} has no rows for some items: {', '.join(parts)}. See {job.tree / paths.JOB_RESULT}."
    )


def _read(job: Job, run: Run, *, ordered: bool) -> Any:
    """Rows out of the published file, or out of the parts as far as they are committed."""
    if job.final.exists():
        return read_frames([(job.final, job.final.stat().st_size)], ordered=ordered)
    parts = [(job.part(part.term), part.nbytes) for part in run.parts if part.nbytes]
    return read_frames(parts, ordered=ordered)
