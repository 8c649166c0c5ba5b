"""`bscore job cancel`: end a run; what is committed is kept. Works without a living master too."""

from __future__ import annotations

from pathlib import Path

import click

from bscore.cli.alone import MISSED_S, act_without_master, in_rounds, say_ended
from bscore.cli.asking import Ear, EndedError, ask_master, print_answer
from bscore.cli.home import find_job
from bscore.cli.job_argument import NamedJobCommand, job_argument
from bscore.cli.lasting import narrate
from bscore.core import asking
from bscore.core.events import Outcome, RunEnded
from bscore.errors import NotRespondingError
from bscore.master.alone import EndedAlreadyError

#: Workers are killed and the last commit point is made; reports over a long journal take their time.
_END_S = 600.0


@click.command(cls=NamedJobCommand)
@job_argument
@click.option("--no-wait", is_flag=True, help="Do not wait until the run has ended.")
@click.option(
    "--take-over", is_flag=True, help="Do not wait for a master on another host that looks alive or died."
)
def cancel(job_name: str, *, no_wait: bool, take_over: bool) -> int:
    """End a run as Canceled. What is committed stays; 'bscore job resume' goes on from there.

    Where no master lives, this command takes the job and ends it itself.
    """
    tree = find_job(job_name)
    try:
        in_rounds(lambda last: _cancel(tree, take_over=take_over, no_wait=no_wait, last=last))
    except (EndedError, EndedAlreadyError) as error:
        # Whoever was second to cancel has what he wanted.
        if error.outcome is not Outcome.CANCELED:
            raise
        narrate(f"Job {tree.name} is Canceled already.")
    return 0


def _cancel(tree: Path, *, take_over: bool, no_wait: bool, last: bool) -> bool:
    """One try; False when master and canceller missed each other."""
    if take_over:
        return _cancel_without_master(tree, take_over=True, last=last)
    ear = Ear(tree)
    try:
        answer = ask_master(ear, tree, asking.CANCEL)
        if not answer.granted and not last:
            # It came while the run was being ended, or between two masters.
            ear.wait(lambda event: isinstance(event, RunEnded), MISSED_S)
            return False
        print_answer(answer)
    except NotRespondingError:
        return _cancel_without_master(tree, take_over=False, last=last)
    if no_wait:
        return True
    if ear.run.outcome is None and ear.wait(lambda event: isinstance(event, RunEnded), _END_S) is None:
        if ear.is_dead():
            return False
        raise NotRespondingError(f"The run has not ended within {_END_S:.0f} seconds.")
    say_ended(tree, ear.run.outcome, ear.run.reason)
    return True


def _cancel_without_master(tree: Path, *, take_over: bool, last: bool) -> bool:
    acted = act_without_master(tree, asking.CANCEL, take_over=take_over, last=last)
    if acted is None or acted.ended is None:
        return False
    say_ended(tree, acted.ended.outcome, acted.ended.reason)
    return True
