"""`--on-end CMD`: a command of the user's for the end of a job, with the outcome in its environment."""

from __future__ import annotations

import os
import subprocess

import click

from bscore.core.events import Outcome
from bscore.core.state import Run
from bscore.errors import BscoreError
from bscore.logtree.history import read_history
from bscore.logtree.source import LocalSource
from bscore.master.job import Job

NOT_ENDED = "NotResponding"


def run_on_end(command: str, job: Job, exit_code: int) -> None:
    """Run it in a shell and wait; what it makes of that changes nothing about the job."""
    if not command:
        return
    run = _run(job)
    outcome = run.outcome.value if run and run.outcome else NOT_ENDED
    told = {
        "BSCORE_JOB": job.name,
        "BSCORE_OUTCOME": outcome,
        "BSCORE_EXIT_CODE": str(exit_code),
        "BSCORE_OUTPUT": run.output if run and run.outcome is Outcome.COMPLETED else "",
        "BSCORE_TREE": str(job.tree),
    }
    try:
        ended = subprocess.run(["/bin/sh", "-c", command], env=os.environ | told, check=False)
    except OSError as error:
        click.echo(f"The command of --on-end could not be started: {error.strerror}.", err=True)
        return
    if ended.returncode:
        click.echo(f"The command of --on-end ended with exit code {ended.returncode}.", err=True)


def _run(job: Job) -> Run | None:
    try:
        return read_history(LocalSource(job.tree)).run
    except BscoreError:
        return None
