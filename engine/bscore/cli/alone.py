"""Act on a job that no living master has: this process takes it, or says why it cannot."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bscore.cli.job_facts import read_facts
from bscore.cli.job_ways import signals_for
from bscore.cli.lasting import narrate
from bscore.core.events import Outcome
from bscore.errors import HeldError, NotRespondingError, TermLostError
from bscore.logtree.reports import resume_command
from bscore.logtree.trees import in_commands
from bscore.master import requests
from bscore.master.alone import Acted, act_alone
from bscore.master.job import load_job

_ROUNDS = 5
#: Between two tries, when master and asker missed each other.
MISSED_S = 1.0


def in_rounds(one_try: Callable[[bool], bool]) -> None:
    """Try until it is done, as masters die and begin; `one_try` is told whether it is the last."""
    for number in range(1, _ROUNDS + 1):
        if one_try(number == _ROUNDS):
            return


def act_without_master(
    tree: Path, what: str, arguments: str = "", *, take_over: bool = False, last: bool
) -> Acted | None:
    """Take the job and do what is asked for; None when somebody else has it meanwhile.

    Raises EndedAlreadyError when the run has ended, NotRespondingError when a master has the job that does
    not answer.
    """
    job = load_job(tree)
    request = requests.make(what, arguments)
    try:
        acted = act_alone(job, request, narrate, take_over=take_over)
    except (HeldError, TermLostError) as error:
        # Somebody else has taken it meanwhile: a resume, or another asker; or the master is frozen.
        signals = signals_for(read_facts(tree))
        if last or take_over or signals:
            signals = signals or "Let it go on (kill -CONT), or end it (kill -KILL)"
            raise NotRespondingError(
                f"{error.message} It does not answer.", remedy=f"{signals}; then ask again."
            ) from error
        time.sleep(MISSED_S)
        return None
    if acted.ended is not None:
        narrate(f"Job {tree.name} had no living master; it was taken and ended here.")
    return acted


def say_ended(tree: Path, outcome: Outcome | None, reason: str, abandoned: int = 0) -> None:
    """Print how a run ended, and how to go on where that is possible."""
    words = outcome.value if outcome else "over"
    text = f"Job {tree.name} is {words}. {reason}".rstrip()
    if outcome is not Outcome.COMPLETED:
        text += f"\nGo on with: {resume_command(in_commands(tree), words, abandoned)}"
    narrate(text)
