"""One term of a job on the interpreter that was found or built for its script."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from bscore.cli.home import bscore_home
from bscore.core.events import RunEnded
from bscore.environments.resolve import find_interpreter
from bscore.master.job import Job
from bscore.master.observers import Observer
from bscore.master.run import run_job


def run_term(
    job: Job, observers: Sequence[Observer] = (), *, take_over: bool = False, retry_failed: bool = False
) -> RunEnded:
    """Run a job's next term until it ends. Raises what `run_job` raises."""
    interpreter = find_interpreter(job.config, bscore_home(), narrate)
    with interpreter.hold():
        job = with_interpreter(job, interpreter.path)
        return run_job(job, observers, take_over=take_over, retry_failed=retry_failed)


def with_interpreter(job: Job, path: Path) -> Job:
    """The job with the interpreter that was found or built for its script; None stays bscore's own."""
    if str(path) == sys.executable:
        return job
    return replace(job, config=replace(job.config, interpreter=path))


def narrate(text: str) -> None:
    """Say something on stderr."""
    click.echo(text, err=True)
