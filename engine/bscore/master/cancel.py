"""Cancel a job that no living master has: take it, say so in the journal, end it. No worker is started."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from bscore.backends.base import Backend
from bscore.core import events as e
from bscore.core.instructions import End
from bscore.core.policy import is_end, plan
from bscore.core.state import Run
from bscore.errors import UsageError
from bscore.master.acting import act
from bscore.master.carry import Carrier
from bscore.master.driver_log import DriverLog
from bscore.master.ending import end_run
from bscore.master.job import Job
from bscore.master.loop import Master
from bscore.master.overview import Overview
from bscore.master.requests import Request
from bscore.master.signals import Stops
from bscore.master.term import open_term
from bscore.node.messages import AgentSetup, NodeInfo, Order, Poll


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
        """Nothing, at once."""
        return []

    def kill(self, node: str) -> None:
        """Nothing lives."""

    def close(self) -> None:
        """Nothing is open."""


class EndedAlreadyError(UsageError):
    """The run has ended; there is nothing left to cancel."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"Job {run.job} is {run.outcome.value if run.outcome else 'over'} already.")
        self.outcome = run.outcome


def cancel_job(job: Job, request: Request, *, take_over: bool = False) -> e.RunEnded:
    """End a run as Canceled in a term of its own.

    Raises EndedAlreadyError, and BscoreError when a living master has the job.
    """
    with Stops() as stops, DriverLog(job.tree, job.config.script, sys.argv) as driver:
        term = open_term(job, take_over=take_over, list_inputs=False, admit=_admit)
        try:
            overview = Overview(term.job.tree, term.run)
            master = Master(term, NoNodes(), stops, [overview])
            try:
                now = term.clock.now()
                act(term.recorder, Carrier(term.recorder, master.backend, term.manifest), request, now)
                ended = end_run(master, _end(master, now))
            finally:
                overview.close(term.run)
                master.close()
            driver.ended(ended)
        finally:
            term.close()
    return ended


def _admit(run: Run) -> None:
    if run.outcome is not None:
        raise EndedAlreadyError(run)


def _end(master: Master, now: int) -> End:
    planned = is_end(plan(master.run, master.recorder.vitals, master.term.job.config.limits, now))
    assert planned is not None, "a canceled run ends"
    return planned
