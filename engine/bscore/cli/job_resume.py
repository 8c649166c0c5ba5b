"""`bscore job resume`: the next term of a job."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from bscore.cli.foreground import go, manner_of, manner_options
from bscore.cli.home import find_job
from bscore.cli.job_argument import NamedJobCommand, job_argument
from bscore.cli.lasting import narrate
from bscore.core.counted import counted
from bscore.core.events import Outcome
from bscore.core.state import Run
from bscore.errors import BscoreError, UsageError
from bscore.inputs.check import check_inputs
from bscore.logtree import paths
from bscore.logtree.history import read_history
from bscore.logtree.journal import terms
from bscore.logtree.source import LocalSource
from bscore.logtree.trees import in_commands
from bscore.master.job import Job, load_job
from bscore.master.reporting import write_result
from bscore.outputs.checks import check_output
from bscore.spec.config import JobConfig
from bscore.spec.regular import remove_folder
from bscore.spec.script_check import check_script


@click.command(cls=NamedJobCommand)
@job_argument
@click.option("--take-over", is_flag=True, help="Do not wait for a master on another host that looks alive.")
@click.option(
    "--retry-failed",
    is_flag=True,
    help="Also try again what was given up after all its tries, as after a repair of the script.",
)
@manner_options
def resume(job_name: str, *, take_over: bool, retry_failed: bool, **given: Any) -> int:
    """Go on with a job: finish what is left; every item's rows stand in the output exactly once."""
    manner = manner_of(given)
    tree = find_job(job_name)
    job = load_job(tree)
    source = LocalSource(tree)
    if any(term.term for term in terms(source)):
        run = read_history(source).run
        if run.outcome is Outcome.COMPLETED and run.abandoned and retry_failed:
            raise UsageError(
                f"Job {job.name} is Completed without "
                f"{counted(len(run.abandoned), 'mini-batch')} that had to be given up; "
                "its output has its name and is never changed.",
                remedy="Score their items in a new job. With an error_threshold such a job is Failed, and "
                "can be resumed.",
            )
        if run.outcome is Outcome.COMPLETED:
            return _completed_already(job, run)
        if run.abandoned and not retry_failed:
            given_up = f"Mini-batches given up before: {len(run.abandoned)}."
            narrate(f"{given_up} They stay so; --retry-failed tries them again.")
    else:
        run = Run()
        check_output(job.config.output, job.config.output_file_name, job.mark)
    if not run.exhausted:
        _check_script(job.config)
        _check_inputs(job, run)
    return go(job, manner, take_over=take_over, retry_failed=retry_failed)


def _check_script(config: JobConfig) -> None:
    """Raise UsageError for a script that is gone or broken by now, before a worker is started for it."""
    if config.function is None:
        check_script(config.code, config.script)


def _check_inputs(job: Job, run: Run) -> None:
    """Raise UsageError where nothing is left of the inputs: a disk that is not mounted is no lost item."""
    inputs, first = () if job.config.listed else job.config.inputs, None
    for text in inputs:
        try:
            check_inputs([text])
        except BscoreError as error:
            first = first or error
        else:
            return
    if first is not None:
        remedy = "Put them back, or mount their disk."
        if run.outcome is None and run.term:
            remedy += f" To do without them: bscore job abandon {in_commands(job.tree)} --remaining"
        raise UsageError(f"Nothing is left of the inputs of job {job.name}: {first.message}", remedy=remedy)


def _completed_already(job: Job, run: Run) -> int:
    if not (job.tree / paths.JOB_RESULT).exists():
        # Its master was killed with nothing but this left to do.
        write_result(job.tree, run)
    with contextlib.suppress(OSError):
        remove_folder(job.tree / paths.SPOOL)
    rows = f"its rows are in {run.output}"
    if not Path(run.output).exists():
        rows = f"its output was removed or moved since: {run.output} is not there"
    narrate(f"Job {job.name} is Completed already; {rows}.")
    return 0
