"""The JOB argument of commands, completed by the shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from click.shell_completion import CompletionItem

from bscore.cli.home import all_jobs, find_job
from bscore.core import asking
from bscore.errors import BscoreError
from bscore.logtree.history import read_history
from bscore.logtree.source import LocalSource

_MOST = 200


def complete_jobs(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of jobs that begin so, the newest first, and `last`."""
    if "/" in incomplete or incomplete.startswith((".", "~")):
        return [CompletionItem(incomplete, type="dir")]
    names = [*(tree.name for tree in all_jobs()), "last"]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)][:_MOST]


def complete_workers(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Living workers of the job that was named before."""
    try:
        run = read_history(LocalSource(find_job(ctx.params.get("job_name") or "last"))).run
    except BscoreError:
        return []
    found = []
    for name in run.workers:
        process = name.rpartition("/")[2]
        shown = name if name.startswith(incomplete) else process
        if shown.startswith(incomplete) and not asking.find_worker(run, shown)[1]:
            found.append(CompletionItem(shown))
    return found[:_MOST]


def job_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument JOB, passed on as `job_name`."""
    add = click.argument("job_name", metavar="JOB", shell_complete=complete_jobs)
    return add(command)
