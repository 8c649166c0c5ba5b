"""Carry out a request where no living master has the job: take it, say so in the journal, end what is to end.

No worker is started. What is asked of workers cannot be carried out here.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bscore.backends.base import Backend
from bscore.core import events as e
from bscore.core.asking import CANCEL
from bscore.core.instructions import End
from bscore.core.policy import is_end, plan
from bscore.core.state import Run
from bscore.errors import NotRespondingError, StorageError, UsageError
from bscore.master.acting import act
from bscore.master.carry import Carrier
from bscore.master.driver_log import DriverLog
from bscore.master.ending import drop_empty_part, end_run
from bscore.master.job import Job
from bscore.master.loop import Master, drop_spool
from bscore.master.overview import Overview
from bscore.master.requests import Request
from bscore.master.signals import Stops
from bscore.master.term import Step, Term, open_term, start_listing
from bscore.node.messages import AgentSetup, NodeInfo, Order, Poll
from bscore.outputs.publish import no_step


class NoNodes(Backend):
    """A backend without nodes: nothing can be started on it, nothing is ever heard of it."""

    def nodes(self) -> list[NodeInfo]:
        """None."""
        return []

    def start_agent(self, setup: AgentSetup) -> None:
        """Never asked for: there is no node."""
        raise AssertionError(setup.node)

    def lease(self, node: str, orders: Sequence[Order]) -> None:
        """Nobody is there to carry anything out."""

    def poll(self, timeout_s: float, wake: Sequence[int] = ()) -> list[Poll]:
        """Nothing, once one of `wake` is readable or the time is over."""
        select.select(wake, (), (), timeout_s)
        return []

    def kill(self, node: str) -> None:
        """Nothing lives."""

    def close(self) -> None:
        """Nothing is open."""


class EndedAlreadyError(UsageError):
    """The run has ended; there is nothing left to act on."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"Job {run.job} is {run.outcome.value if run.outcome else 'over'} already.")
        self.outcome = run.outcome


@dataclass(frozen=True, slots=True)
class Acted:
    """The answer to a request, and how the run ended where it did."""

    answer: e.RequestTaken
    ended: e.RunEnded | None
    #: Mini-batches given up in all, and rows that are committed.
    abandoned: int
    rows: int


def act_alone(
    job: Job,
    request: Request,
    say: Callable[[str], None],
    *,
    take_over: bool = False,
    step: Step = no_step,
) -> Acted:
    """Answer a request in a term of its own, and end the run where that is what follows.

    A run that is not to end is left as it would be by a master that died: a resume goes on with it. `say` is
    told in words what takes long, `step` the name of each step after it was done.
    Raises EndedAlreadyError, and BscoreError when a living master has the job.
    """
    with Stops() as stops, DriverLog(job.tree, job.config.script, sys.argv) as driver:
        opening = driver.opening(step)
        # To end a job as Canceled nothing is written to its output, whoever has that by now.
        reserve = request.what != CANCEL
        term = open_term(
            job, take_over=take_over, list_inputs=False, reserve=reserve, admit=_admit, step=opening
        )
        try:
            overview = Overview(term.job.tree, term.run)
            master = Master(term, NoNodes(), stops, [overview])
            try:
                answer = act(
                    term.recorder,
                    Carrier(term.recorder, master.backend, term.manifest),
                    request,
                    term.clock.now(),
                )
                term.recorder.flush()
                step("answered")
                end = _end(master, say)
                if end is None:
                    _leave(master)
                    ended = None
                else:
                    ended = end_run(master, end, step)
                    drop_spool(term)
                    driver.ended(ended)
            finally:
                overview.close(term.run)
                master.close()
        except StorageError as error:
            # It has not ended, and nobody works on it.
            error.exit_code = NotRespondingError.exit_code
            raise
        finally:
            term.close()
    return Acted(answer, ended, len(term.run.abandoned), term.run.committed_rows)


def _admit(run: Run) -> None:
    if run.outcome is not None:
        raise EndedAlreadyError(run)


def _end(master: Master, say: Callable[[str], None]) -> End | None:
    """How the run has to end; None where work is left that a resume does."""
    run, term = master.run, master.term
    planned = is_end(plan(run, master.recorder.vitals, term.job.config.limits, term.clock.now()))
    if planned is not None or not run.rest_given_up:
        return planned
    _list_the_rest(term, say)
    return master.until_end()


def _list_the_rest(term: Term, say: Callable[[str], None]) -> None:
    """How much was given up is known once everything is listed, and percentages are judged then."""
    say(f"The inputs are listed to their end first; {term.run.mini_batches:,} mini-batches are known.")
    term.listing = start_listing(term.job, resume=True)


def _leave(master: Master) -> None:
    """What was recorded is safe, and nothing else of this term is left."""
    master.term.committer.finish(master.term.clock.now())
    drop_empty_part(master)
