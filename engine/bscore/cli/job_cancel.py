"""`bscore job cancel`: end a run; what is committed is kept. Works without a living master too."""

from __future__ import annotations

import time
from pathlib import Path

import click

from bscore.cli.asking import Ear, EndedError, ask_master, print_answer
from bscore.cli.home import find_job
from bscore.cli.job_argument import job_argument
from bscore.core import asking
from bscore.core.events import Outcome, RunEnded
from bscore.errors import BscoreError, NotRespondingError
from bscore.master import requests
from bscore.master.cancel import EndedAlreadyError, cancel_job
from bscore.master.job import load_job

#: Workers are killed and the last commit point is made; reports over a long journal take their time.
_END_S = 600.0
_ROUNDS = 5
#: Between two tries, when master and canceller missed each other.
_MISSED_S = 1.0


@click.command()
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
        for number in range(1, _ROUNDS + 1):
            if _cancel(tree, take_over=take_over, no_wait=no_wait, last=number == _ROUNDS):
                break
    except (EndedError, EndedAlreadyError) as error:
        # Whoever was second to cancel has what he wanted.
        if error.outcome is not Outcome.CANCELED:
            raise
        click.echo(f"Job {tree.name} is Canceled already.", err=True)
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
            ear.wait(lambda event: isinstance(event, RunEnded), _MISSED_S)
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
    _say_ended(tree, ear.run.outcome, ear.run.reason)
    return True


def _cancel_without_master(tree: Path, *, take_over: bool, last: bool) -> bool:
    job = load_job(tree)
    try:
        ended = cancel_job(job, requests.make(asking.CANCEL), take_over=take_over)
    except EndedAlreadyError:
        raise
    except BscoreError as error:
        # Somebody else has taken it meanwhile: a resume, or another canceller; or the master is frozen.
        if last or take_over:
            raise BscoreError(
                f"{error.message} It does not answer.",
                remedy="Let it go on (kill -CONT), or end it (kill -KILL); then cancel again.",
            ) from error
        time.sleep(_MISSED_S)
        return False
    click.echo(f"Job {tree.name} had no living master; it was taken and ended here.", err=True)
    _say_ended(tree, ended.outcome, ended.reason)
    return True


def _say_ended(tree: Path, outcome: Outcome | None, reason: str) -> None:
    words = outcome.value if outcome else "over"
    click.echo(f"Job {tree.name} is {words}. {reason}\nGo on with: bscore job resume {tree.name}", err=True)
