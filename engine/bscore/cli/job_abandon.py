"""`bscore job abandon`: give mini-batches up, so that a run can end with what is done."""

from __future__ import annotations

import click

from bscore.cli.asking import Ear, ask_master, print_answer
from bscore.cli.home import find_job
from bscore.cli.job_argument import job_argument
from bscore.core import asking
from bscore.errors import UsageError


@click.command()
@job_argument
@click.option(
    "--mini-batch", "mini_batches", multiple=True, metavar="N", help="Which; may be repeated, or 3,7-9."
)
@click.argument("more", nargs=-1, metavar="[N]...")
@click.option("--remaining", is_flag=True, help="Everything that is not done, running or not.")
def abandon(job_name: str, mini_batches: tuple[str, ...], more: tuple[str, ...], *, remaining: bool) -> None:
    """Give mini-batches up: no more tries, no rows. One that runs is ended with its worker, uncharged.

    With --remaining the run ends with what is done: Completed, or Failed where its thresholds say so.
    """
    given = [text.strip() for text in (*mini_batches, *more)]
    if remaining == bool(given):
        raise UsageError(
            "Which mini-batches?" if not given else "--remaining leaves none to be named.",
            remedy="Give --mini-batch 3 --mini-batch 7-9, or --remaining.",
        )
    arguments = asking.REMAINING if remaining else ",".join(given)
    if not remaining and asking.ids_of(arguments) is None:
        raise UsageError(
            f"{arguments!r} names no mini-batches.", remedy="Give numbers counted from 0, such as 3 or 7-9."
        )
    tree = find_job(job_name)
    print_answer(ask_master(Ear(tree), tree, asking.ABANDON, arguments))
