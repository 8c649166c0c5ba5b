"""`bscore run`: a scoring script over files, in the foreground."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from bscore.cli.home import bscore_home, jobs_root
from bscore.cli.job_options import check_before, config_of, job_options
from bscore.cli.outcome import exit_code, print_summary
from bscore.cli.progress import ProgressBar, ProgressLines
from bscore.core.events import RunEnded
from bscore.environments.resolve import find_interpreter
from bscore.master.job import Job, create_job
from bscore.master.observers import Observer
from bscore.master.run import run_job

_EPILOG = """\b
Examples:
  bscore run --script score.py --input images/ --output results --workers 4
  bscore run --script score.py --input 'data/**/*.csv' --output out --set error_threshold=5
  bscore run deployment.yml --input images/ --output results --model model/
  bscore run --script score.py --input @files.txt --output out -- --threshold 0.5
"""


@click.command(epilog=_EPILOG)
@job_options
def run(**given: Any) -> int:
    """Run a scoring script over files and wait for its end.

    JOB_FILE is a batch deployment or parallel job YAML; without one give --script. What stands behind --
    goes to the script.
    """
    config, notes = config_of(given)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    check_before(config)
    interpreter = find_interpreter(config, bscore_home(), _narrate)
    for note in interpreter.notes:
        _narrate(f"note: {note}")
    return run_in_foreground(create_job(jobs_root(), config))


def with_interpreter(job: Job, path: Path) -> Job:
    """The job with the interpreter that was found or built for its script; None stays bscore's own."""
    if str(path) == sys.executable:
        return job
    return replace(job, config=replace(job.config, interpreter=path))


def _narrate(text: str) -> None:
    click.echo(text, err=True)


def run_in_foreground(job: Job, *, take_over: bool = False) -> int:
    """Run a job's next term with progress on stderr; returns the exit code."""
    click.echo(f"Job {job.name}  ·  watch it with: bscore-tui {job.name}", err=True)
    observer: Observer = ProgressBar() if sys.stderr.isatty() else ProgressLines()
    interpreter = find_interpreter(job.config, bscore_home(), _narrate)
    with interpreter.hold():
        ended: RunEnded = run_job(with_interpreter(job, interpreter.path), [observer], take_over=take_over)
    print_summary(job)
    return exit_code(ended.outcome)
