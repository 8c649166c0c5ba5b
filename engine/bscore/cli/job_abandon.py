"""`bscore job abandon`: give mini-batches up, so that a run can end with what is done."""

from __future__ import annotations

from pathlib import Path

import click

from bscore.cli.alone import act_without_master, in_rounds, say_ended
from bscore.cli.asking import Ear, ask_master, print_answer
from bscore.cli.home import find_job
from bscore.cli.job_argument import NamedJobCommand, job_argument
from bscore.cli.lasting import narrate
from bscore.core import asking
from bscore.errors import NotRespondingError, UsageError
from bscore.logtree.trees import in_commands
from bscore.master.alone import Acted


@click.command(cls=NamedJobCommand)
@job_argument
@click.option(
    "--mini-batch", "mini_batches", multiple=True, metavar="N", help="Which; may be repeated, or 3,7-9."
)
@click.argument("more", nargs=-1, metavar="[N]...")
@click.option("--remaining", is_flag=True, help="Everything that is not done, running or not.")
def abandon(job_name: str, mini_batches: tuple[str, ...], more: tuple[str, ...], *, remaining: bool) -> None:
    """Give mini-batches up: no more tries, no rows. One that runs is ended with its worker, uncharged.

    With --remaining the run ends with what is done: Completed, or Failed where its thresholds say so.
    Where no master lives, this command takes the job and does it itself, without workers.
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
            f"{arguments!r} names no mini-batches.",
            remedy="Give numbers counted from 0, such as 3 or 7-9, the smaller first.",
        )
    tree = find_job(job_name)
    in_rounds(lambda last: _abandon(tree, arguments, last=last))


def _abandon(tree: Path, arguments: str, *, last: bool) -> bool:
    """One try; False when master and asker missed each other."""
    try:
        print_answer(ask_master(Ear(tree), tree, asking.ABANDON, arguments))
    except NotRespondingError:
        acted = act_without_master(tree, asking.ABANDON, arguments, last=last)
        if acted is None:
            return False
        try:
            print_answer(acted.answer)
        finally:
            _say_what_became(tree, acted)
    return True


def _say_what_became(tree: Path, acted: Acted) -> None:
    if acted.ended is not None:
        say_ended(tree, acted.ended.outcome, acted.ended.reason, acted.abandoned)
        if acted.rows:
            narrate(f"{acted.rows:,} rows are in {acted.ended.output}")
        return
    narrate(
        f"Job {tree.name} is not running; what is left waits, and what was given up stays given up."
        f"\nGo on with: bscore job resume {in_commands(tree)}"
    )
