"""Ask the master of a job for something, and hear its answer in the journal. From any process, any host."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bscore.cli.job_facts import read_facts
from bscore.cli.job_ways import command_of, obstacle, ways_out
from bscore.cli.lasting import narrate
from bscore.core.asking import RESTART_WORKER, STACK
from bscore.core.events import Event, RequestTaken, RunEnded
from bscore.core.state import Run
from bscore.errors import NotRespondingError, UsageError
from bscore.logtree.source import LocalSource
from bscore.logtree.trees import in_commands
from bscore.master import requests
from bscore.master.requests import Request
from bscore.observe import Follower, Life, Pulse

_LOOK_S = 0.05
#: So long without an answer from a master that seems to live is said; a frozen one shows after 30 s.
_SAY_S = 5.0
_GIVE_UP_S = 60.0
#: A job without a lease may just be starting; after so long nobody is.
START_S = 10.0


class EndedError(UsageError):
    """The run has ended: nothing can be asked of it any more."""

    def __init__(self, tree: Path, run: Run) -> None:
        outcome = run.outcome.value if run.outcome else "over"
        go_on = command_of(read_facts(tree))
        remedy = f"See what happened with: bscore job show {in_commands(tree)}"
        super().__init__(
            f"Job {tree.name} is {outcome} already; there is nothing to act on.",
            remedy=f"Go on with what is left of it: {go_on}\n{remedy}" if go_on else remedy,
        )
        self.outcome = run.outcome


class Ear:
    """Keeps up with a job's journal and hands out what happens from now on."""

    def __init__(self, tree: Path) -> None:
        self.source = LocalSource(tree)
        self.follower = Follower(self.source, self._hear)
        self.life = Life(self.source)
        self._listens = False
        self._events: list[Event] = []
        self._began_s = time.monotonic()
        self._keep_up()
        self._listens = True

    def _hear(self, event: Event) -> None:
        if self._listens:
            self._events.append(event)

    def _keep_up(self) -> None:
        while self.follower.poll().more:
            continue

    @property
    def run(self) -> Run:
        """The run as far as it was read."""
        return self.follower.run

    def new_events(self) -> list[Event]:
        """What has happened since the last call."""
        self._keep_up()
        events, self._events = self._events, []
        return events

    def is_dead(self) -> bool:
        """Whether nobody works on this run although it has not ended."""
        pulse = self.life.look(self.run.outcome is not None)
        if pulse is Pulse.UNKNOWN and not self.follower.there:
            return time.monotonic() - self._began_s > START_S
        return pulse is Pulse.NOT_RESPONDING

    def wait(self, is_it: Callable[[Event], bool], seconds: float) -> Event | None:
        """The first event that is it; None when it does not come in time or the master is dead."""
        deadline = time.monotonic() + seconds
        while True:
            for event in self.new_events():
                if is_it(event):
                    return event
            if time.monotonic() > deadline or self.is_dead():
                return None
            time.sleep(_LOOK_S)


def ask_master(ear: Ear, tree: Path, what: str, arguments: str = "") -> RequestTaken:
    """Ask, and wait for the answer, granted or not.

    Raises EndedError when the run has ended, NotRespondingError when no master lives.
    """
    if ear.run.outcome is not None:
        raise EndedError(tree, ear.run)
    if ear.is_dead():
        raise not_responding(tree, _so(what))
    request = requests.ask(tree, what, arguments)
    try:
        return _answer(ear, tree, request)
    finally:
        requests.withdraw(tree, request)


def _answer(ear: Ear, tree: Path, request: Request) -> RequestTaken:
    began_s = time.monotonic()
    said = False
    while True:
        events = ear.new_events()
        for event in events:
            if isinstance(event, RequestTaken) and event.request == request.name:
                return event
        if any(isinstance(event, RunEnded) for event in events) or ear.run.outcome is not None:
            raise EndedError(tree, ear.run)
        if ear.is_dead():
            raise not_responding(tree, _so(request.what))
        waited_s = time.monotonic() - began_s
        if waited_s > _GIVE_UP_S:
            raise NotRespondingError(
                f"The master of job {tree.name} lives but has not answered for {waited_s:.0f} seconds.",
                remedy="Its machine may be overloaded or its disk full; ask again later.",
            )
        if waited_s > _SAY_S and not said:
            said = True
            narrate("Waiting for the master's answer (Ctrl-C takes the request back)")
        time.sleep(_LOOK_S)


def _so(what: str) -> str:
    """What it means that no master lives for somebody who asks for this."""
    return "there are no workers" if what in (RESTART_WORKER, STACK) else "nobody can carry this out"


def not_responding(tree: Path, so: str = "nobody can carry this out", why: str = "") -> NotRespondingError:
    """Nobody works on the job, `why` is known or not; what follows from it, and what to do.

    A frozen master holds the job and its workers: nothing else is possible before it is woken or ended.
    """
    facts = read_facts(tree)
    if facts.is_frozen:
        return NotRespondingError(
            f"The master of job {tree.name} does not answer: {facts.master_words}.", remedy=ways_out(facts)
        )
    if facts.damaged:
        return NotRespondingError(f"Job {tree.name} is Damaged, so {so}.", remedy=facts.problem)
    because = f" It gave up: {why}" if why else ""
    name = in_commands(tree)
    why_not = obstacle(tree)
    remedy = f"Go on with: bscore job resume {name}, or end it with: bscore job cancel {name}"
    if why_not:
        remedy = f"Nothing can go on with it: {why_not}. See: bscore job show {name}"
    return NotRespondingError(f"Job {tree.name} has no living master, so {so}.{because}", remedy=remedy)


def print_answer(answer: RequestTaken) -> None:
    """Print what the master answered. Raises UsageError with it where the request was not granted."""
    if not answer.granted:
        raise UsageError(answer.answer)
    narrate(answer.answer)
