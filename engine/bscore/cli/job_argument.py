"""The JOB of commands, as their first word or as -n/--name, completed by the shell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    try:
        names = [*(tree.name for tree in all_jobs()), "last"]
    except BscoreError:
        return []
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


class NamedJobCommand(click.Command):
    """A command of one job, which -n/--name names as well as the first word does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; what --name says stands in the place of JOB."""
        if not ctx.resilient_parsing:
            args = self._with_job(ctx, args)
        return super().parse_args(ctx, args)

    def _with_job(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = self.make_parser(ctx).parse_args(list(args))[0]
        name, first = given.get("named"), _first_word(given)
        if not isinstance(name, str) or name == first:
            return args
        takes_more = sum(isinstance(one, click.Argument) for one in self.params) > 1
        if first is not None and not takes_more:
            ctx.fail(f"Two jobs are named: {first} and --name {name}. Leave one of them out.")
        return [name, *args]


def _first_word(given: Mapping[str, Any]) -> str | None:
    word = given.get("job_names") or given.get("job_name")
    word = word[0] if isinstance(word, tuple) else word
    return word if isinstance(word, str) else None


def name_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add -n/--name, which a NamedJobCommand reads."""
    add = click.option(
        "-n",
        "--name",
        "named",
        metavar="JOB",
        expose_value=False,
        shell_complete=complete_jobs,
        help="The job, in place of the first word.",
    )
    return add(command)


def job_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument JOB, passed on as `job_name`, and -n/--name beside it."""
    add = click.argument("job_name", metavar="JOB", shell_complete=complete_jobs)
    return add(name_option(command))
