"""Histories of runs: a small world that carries out the plan and draws what happens next from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bscore.core import events as e
from bscore.core import instructions as i
from bscore.core.asking import Reply, reply
from bscore.core.attempts import attempt_of
from bscore.core.check import check
from bscore.core.limits import Limits
from bscore.core.policy import plan
from bscore.core.ranges import as_pairs, from_pairs
from bscore.core.reduce import reduce
from bscore.core.state import Phase, Run, WorkerState
from bscore.core.vitals import Vitals

START_US = 1_790_000_000_000_000


@dataclass
class World:
    """A run among simulated nodes. `chances` are per step, by name of what may happen."""

    seed: int
    nodes: int = 2
    workers: int = 2
    mini_batches: int = 40
    items_each: int = 3
    limits: Limits = field(default_factory=Limits)
    chances: dict[str, float] = field(default_factory=dict)
    checked: bool = True

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.run = Run()
        self.vitals = Vitals()
        self.now = START_US
        self.history: list[e.Event] = []
        self.created = 0
        self.ended: i.End | None = None
        self.killed: list[str] = []

    def happen(self, event: e.Event) -> None:
        """Record one event."""
        reduce(self.run, event)
        self.history.append(event)
        if self.checked:
            check(self.run)

    def begin_term(self) -> None:
        """A master takes the run, with its nodes."""
        term = self.run.term + 1
        self.happen(e.TermStarted(self.now, "job", term, 1, "0", "host", "boot", 7, len(self.history)))
        self.happen(e.RunConfigured(self.now, "score.py", "ab12", "python", "out", 3, self.limits))
        for number in range(self.nodes):
            self.happen(e.NodeJoined(self.now, f"10.0.0.{number}", "h", 2, 100, self.workers))
            self.vitals.heard[f"10.0.0.{number}"] = self.now

    def carry_out(self) -> None:
        """Ask the plan and do what it says at once."""
        self.follow(plan(self.run, self.vitals, self.limits, self.now))

    def ask(self, what: str, arguments: str = "") -> Reply:
        """Somebody asks the master, who answers and does it."""
        answer = reply(self.run, what, arguments, "ada")
        self.happen(
            e.RequestTaken(self.now, what, arguments, "ada", "lap", "7", answer.answer, answer.granted)
        )
        self.follow(answer.instructions)
        return answer

    def follow(self, instructions: Iterable[i.Instruction]) -> None:
        """Do what is said at once; a killed worker is gone at some later step."""
        for instruction in instructions:
            match instruction:
                case i.End():
                    self.ended = instruction
                case i.Start(worker):
                    self.happen(e.WorkerStarting(self.now, worker, 100))
                case i.Give(worker, pairs):
                    self.happen(e.Assigned(self.now, worker, pairs))
                case i.TakeBack(worker, pairs):
                    self.happen(e.WithdrawalAsked(self.now, worker, pairs))
                    self._give_back(worker, list(from_pairs(pairs)))
                case i.Abandon(mini_batch, items, reason):
                    known = self.items_each if items < 0 else items
                    self.happen(e.MiniBatchAbandoned(self.now, mini_batch, known, reason))
                case i.AbandonRest(reason):
                    self._abandon_rest(reason)
                case i.Kill(worker, reason):
                    self._kill(worker, reason)
                case i.BlameInit(worker, text, place, trace):
                    kind = e.FailureKind.TIMEOUT
                    self.happen(e.InitFailed(self.now, worker, kind, "TimeoutError", text, place, trace))
                case i.Find(code, text):
                    self.happen(e.FindingMade(self.now, code, text))
                case i.LoseNode(node, reason):
                    self.happen(e.NodeLost(self.now, node, reason))

    def _abandon_rest(self, reason: str) -> None:
        run = self.run
        items = run.items - run.done_items - run.abandoned_items
        self.happen(e.RemainingAbandoned(self.now, run.mini_batches - run.over, items, reason))

    def _kill(self, worker: str, reason: str) -> None:
        self.happen(e.WorkerStopping(self.now, worker, reason))
        self.killed.append(worker)

    def _bury(self) -> None:
        for worker in self.killed:
            if worker in self.run.workers:
                self.happen(e.WorkerGone(self.now, worker, None, 9, "killed by order", init_failed=False))
        self.killed.clear()

    def _ask_something(self) -> None:
        draw = self.random
        number = f"{draw.randrange(self.mini_batches + 2)}-{draw.randrange(self.mini_batches + 2)}"
        worker = draw.choice([*self.run.workers, "process9"])
        self.ask(*draw.choice([("abandon", number), ("restart-worker", worker), ("stack", worker)]))

    def _give_back(self, worker: str, ids: list[int]) -> None:
        kept = [m for m in ids if self.run.in_flight.get(m) == worker and self.random.random() < 0.8]
        self.happen(e.Withdrawn(self.now, worker, as_pairs(kept)))

    def step(self) -> None:
        """Let some time pass and one thing happen, then carry out the plan."""
        self.now += self.random.choice((10, 1_000, 60_000))
        self._list()
        if self.killed and self.random.random() < 0.5:
            self._bury()
        if "asked" in self.chances and self._chance("asked"):
            self._ask_something()
        worker = self._someone()
        if worker is not None:
            self._let_happen(worker)
        if self._chance("commit"):
            self.commit()
        for node in self.vitals.heard:
            self.vitals.heard[node] = self.now
        self.carry_out()

    def _list(self) -> None:
        if self.run.listing_finished:
            return
        self.created = min(self.mini_batches, self.created + self.random.randint(1, 10))
        items = self.created * self.items_each
        done = self.created == self.mini_batches
        kind = e.ListingFinished if done else e.MiniBatchesCreated
        self.happen(kind(self.now, self.created, items))

    def _someone(self) -> str | None:
        live = [
            w
            for w in self.run.workers.values()
            if w.state is WorkerState.STARTING or (w.queue and w.id not in self.killed)
        ]
        return self.random.choice(live).id if live else None

    def _let_happen(self, name: str) -> None:
        worker = self.run.workers[name]
        if worker.state is WorkerState.STARTING:
            if self._chance("init_fails"):
                self.happen(
                    e.InitFailed(self.now, name, e.FailureKind.EXCEPTION, "ImportError", "no", "s.py:1", "")
                )
                self.happen(e.WorkerGone(self.now, name, 1, None, "init() failed", init_failed=True))
            else:
                self.happen(e.WorkerReady(self.now, name, 1_000, "3.11"))
        elif self._chance("node_lost"):
            self.happen(e.NodeLost(self.now, worker.node, "gone"))
            self.happen(e.NodeBack(self.now, worker.node))
        elif self._chance("dies"):
            self.fail(name, e.FailureKind.DIED)
            self.happen(e.WorkerGone(self.now, name, None, 9, "killed", init_failed=False))
        elif self._chance("raises"):
            self.fail(name, e.FailureKind.EXCEPTION)
        else:
            self.finish(name)

    def finish(self, name: str, run_ns: int | None = None, succeeded: int | None = None) -> None:
        """The worker's running mini-batch is done."""
        mini_batch = self.run.workers[name].queue[0]
        took = self.random.choice((20_000, 4_000_000, 900_000_000)) if run_ns is None else run_ns
        short = self._chance("short") if succeeded is None else False
        got = self.items_each - short if succeeded is None else succeeded
        attempt = attempt_of(self.run, mini_batch)
        start = self.now - took // 1000
        self.happen(
            e.Finished(
                self.now, name, mini_batch, attempt, start, took, took, took, self.items_each, got, got,
                got * 9, 0, 0, -1,
            )
        )  # fmt: skip

    def fail(self, name: str, kind: e.FailureKind, error_type: str = "ValueError", message: str = "") -> None:
        """The worker's running mini-batch fails."""
        mini_batch = self.run.workers[name].queue[0]
        attempt = attempt_of(self.run, mini_batch)
        text = message or f"bad file '/data/{mini_batch:04d}.png' at {mini_batch}"
        self.happen(
            e.AttemptFailed(
                self.now, name, mini_batch, attempt, kind, self.now - 5, 5_000, 5_000, 5_000, self.items_each,
                error_type, text, "score.py:3 in run", "logs/user/error/x@0", f"/data/{mini_batch:04d}.png",
                None, None, 0, 0, -1,
            )
        )  # fmt: skip

    def commit(self) -> None:
        """Everything up to now is safe."""
        rows = self.run.rows - sum(part.rows for part in self.run.parts if part.term != self.run.term)
        self.happen(e.Committed(self.now, self.run.events, rows * 9, rows, 0))

    def _chance(self, name: str) -> bool:
        return self.random.random() < self.chances.get(name, 0.0)

    def play(self, most: int = 100_000) -> Run:
        """From the start to the end; masters die on the way where the chances say so."""
        self.begin_term()
        for _ in range(most):
            if self.ended is not None:
                break
            self.step()
            if self._chance("master_dies"):
                self.ended = None
                self.begin_term()
        else:
            raise AssertionError(f"no end after {most} steps: {self.run.phase}")
        self.commit()
        self.happen(e.RunEnded(self.now, self.ended.outcome, self.ended.reason, "out"))
        assert self.run.phase is Phase.ENDED
        return self.run


TROUBLE = {
    "raises": 0.1,
    "dies": 0.05,
    "short": 0.05,
    "commit": 0.2,
    "init_fails": 0.05,
    "node_lost": 0.01,
    "master_dies": 0.01,
}


def troubled(seed: int, **changes: object) -> World:
    """A world in which everything may happen."""
    return World(seed, chances=dict(TROUBLE), **changes)  # type: ignore[arg-type]  # keywords of World


def seeds(count: int) -> Iterator[int]:
    """Seeds for parametrised tests."""
    return iter(range(count))
