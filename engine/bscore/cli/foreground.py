"""One term of a job in this process, with what it says on the terminal; and the options of how to run it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from bscore.cli.detached import exec_monitor, need_monitor, start_detached
from bscore.cli.echo import Echo
from bscore.cli.lasting import narrate
from bscore.cli.on_end import OnEnd
from bscore.cli.outcome import exit_code, print_summary
from bscore.cli.progress import progress_on_stderr
from bscore.cli.term import run_term
from bscore.errors import BscoreError, UsageError
from bscore.logtree.history import read_history
from bscore.logtree.source import LocalSource
from bscore.logtree.trees import called, in_commands
from bscore.master.job import Job
from bscore.master.observers import Observer

_OPTIONS = (
    click.option("--echo", is_flag=True, help="Show what the script prints, line by line, on stderr."),
    click.option(
        "--detach", is_flag=True, help="Run in a session of its own, print the job's name on stdout, leave."
    ),
    click.option("--watch", is_flag=True, help="Run detached and open the monitor."),
    click.option(
        "--on-end",
        metavar="CMD",
        default="",
        help="A shell command for the end; it finds BSCORE_JOB, BSCORE_OUTCOME, BSCORE_EXIT_CODE, "
        "BSCORE_OUTPUT, BSCORE_TREE.",
    ),
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a job is run: here or detached, what is shown of it, what follows it."""

    echo: bool = False
    detach: bool = False
    watch: bool = False
    on_end: str = ""


def manner_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --echo, --detach, --watch, --on-end; `manner_of` reads them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def manner_of(given: dict[str, Any]) -> Manner:
    """The manner that the command line asks for. Raises UsageError before anything is made."""
    manner = Manner(given["echo"], given["detach"], given["watch"], given["on_end"])
    if manner.echo and (manner.detach or manner.watch):
        raise UsageError(
            "A detached job has no terminal to echo to.",
            remedy="Leave --echo out; 'bscore-tui' shows what the script prints under Logs.",
        )
    if manner.watch:
        need_monitor()
    return manner


def go(job: Job, manner: Manner, *, take_over: bool = False, retry_failed: bool = False) -> int:
    """Run a job's next term in this manner; returns the exit code of the command."""
    if not manner.detach and not manner.watch:
        return run_in_foreground(
            job, take_over=take_over, retry_failed=retry_failed, echo=manner.echo, on_end=manner.on_end
        )
    start_detached(job, take_over=take_over, retry_failed=retry_failed, on_end=manner.on_end)
    name = called(job.tree, os.environ)
    if manner.watch:
        exec_monitor(name)
    narrate(f"Job {job.name} runs detached  ·  watch it with: bscore-tui {in_commands(job.tree)}")
    click.echo(name)
    return 0


def run_in_foreground(
    job: Job, *, take_over: bool = False, retry_failed: bool = False, echo: bool = False, on_end: str = ""
) -> int:
    """Run a job's next term with progress on stderr; returns the exit code."""
    narrate(f"Job {job.name}  ·  watch it with: bscore-tui {in_commands(job.tree)}")
    progress = progress_on_stderr(job.tree)
    observers: list[Observer] = [Echo(job.tree, progress.say)] if echo else []
    end = OnEnd(on_end, job)
    try:
        ended = run_term(
            job, [*observers, progress], take_over=take_over, retry_failed=retry_failed, step=end.step
        )
    except BscoreError as error:
        end.run(error.exit_code)
        raise
    except KeyboardInterrupt:
        if end.begun and _has_ended(job):
            print_summary(job)
        end.run(130)
        raise
    print_summary(job)
    code = exit_code(ended.outcome)
    end.run(code)
    return code


def _has_ended(job: Job) -> bool:
    try:
        return read_history(LocalSource(job.tree)).run.outcome is not None
    except BscoreError:
        return False
