"""Runs whose mini-batches take drawn times: idle workers take the next at once, every end is an event."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count as numbers

from bscore.core import events as e
from bscore.core.attempts import attempt_of
from bscore.core.limits import Limits
from bscore.core.reduce import reduce
from bscore.core.state import Run, WorkerState

START_US = 1_790_000_000_000_000
MEDIAN_S = 10.0

#: How long mini-batch `n` on worker `w` takes, in seconds.
Times = Callable[[random.Random, int], float]
#: After how many seconds an attempt fails and whether its worker dies of it, from which attempt it is and the
#: how many-th of its worker; None for one that succeeds.
Fails = Callable[[random.Random, int, int], tuple[float, bool] | None]


def constant(_random: random.Random, _worker: int) -> float:
    return MEDIAN_S


def log_normal(sigma: float) -> Times:
    return lambda random, _worker: MEDIAN_S * math.exp(sigma * random.gauss(0, 1))


def tailed(sigma: float) -> Times:
    """One in a hundred takes fifty times as long."""
    usual = log_normal(sigma)
    return lambda random, worker: usual(random, worker) * (50 if random.random() < 0.01 else 1)


def one_slow(sigma: float, factor: float) -> Times:
    """Worker 0 takes `factor` times as long."""
    usual = log_normal(sigma)
    return lambda random, worker: usual(random, worker) * (1 if worker else factor)


def never(_random: random.Random, _attempt: int, _nth: int) -> None:
    return None


def raising_once(share: float, after_s: float) -> Fails:
    """So many mini-batches raise at their first attempt."""
    return lambda random, attempt, _nth: (
        (after_s, False) if attempt == 1 and random.random() < share else None
    )


def dying_at(nth: int, after_s: float) -> Fails:
    """A worker dies of its nth mini-batch."""
    return lambda _random, _attempt, number: (after_s, True) if number == nth else None


def dying(share: float, after_s: float) -> Fails:
    """So many attempts kill their worker."""
    return lambda random, _attempt, _nth: (after_s, True) if random.random() < share else None


class TimedRun:
    """A run of `workers` on one node; `finishes()` lets one mini-batch end after the other."""

    def __init__(
        self,
        seed: int,
        times: Times,
        mini_batches: int,
        workers: int,
        *,
        listed: bool = True,
        fails: Fails = never,
        start_s: float = 0.0,
    ) -> None:
        self.random, self.times, self.workers = random.Random(seed), times, workers
        self.run, self.now, self.mini_batches = Run(), START_US, mini_batches
        self._fails, self._start_us = fails, round(start_s * 1e6)
        #: (when, number of the entry, worker, how long it ran, how it fails); 0 long: the worker gets ready.
        self._ends: list[tuple[int, int, int, int, tuple[float, bool] | None]] = []
        self._entries, self._begun = numbers(), Counter[int]()
        limits = Limits(run_invocation_timeout_s=3600.0)
        self.happen(e.TermStarted(self.now, "timed", 1, 1, "0", "host", "boot", 7, 0))
        self.happen(e.RunConfigured(self.now, "score.py", "ab12", "python", "out", 1, limits))
        self.happen(e.NodeJoined(self.now, "n", "h", workers, 100, workers))
        kind = e.ListingFinished if listed else e.MiniBatchesCreated
        self.happen(kind(self.now, mini_batches, mini_batches))
        for number in range(workers):
            self.happen(e.WorkerStarting(self.now, self.name(number), 1))
        self.now += self._start_us
        for number in range(workers):
            self._get_ready(number)

    @staticmethod
    def name(number: int) -> str:
        return f"n/process{number:03d}"

    def happen(self, event: e.Event) -> None:
        reduce(self.run, event)

    def _get_ready(self, worker: int) -> None:
        self.happen(e.WorkerReady(self.now, self.name(worker), 1_000, "3.11"))
        self._take(worker)

    def _take(self, worker: int) -> None:
        run = self.run
        if run.waiting:
            mini_batch = run.returned[0] if run.returned else run.next_new
            took_us = round(self.times(self.random, worker) * 1e6)
            self._begun[worker] += 1
            failure = self._fails(self.random, attempt_of(run, mini_batch), self._begun[worker])
            if failure:
                took_us = round(failure[0] * 1e6)
            self._push(self.now + took_us, worker, took_us, failure)
            self.happen(e.Assigned(self.now, self.name(worker), ((mini_batch, 1),)))

    def _push(self, at: int, worker: int, took_us: int, failure: tuple[float, bool] | None = None) -> None:
        heappush(self._ends, (at, next(self._entries), worker, took_us, failure))

    def freeze(self, seconds: float) -> None:
        """The master stands still for so long: what ends meanwhile is heard of at the end of it."""
        until = self.now + round(seconds * 1e6)
        self._ends = sorted((max(at, until), *rest) for at, *rest in self._ends)

    @property
    def next_end(self) -> int:
        """When the next mini-batch will end; now where none runs."""
        return self._ends[0][0] if self._ends else self.now

    def finishes(self) -> Iterator[int]:
        """How many are over, after each that ends; the last time is the end of the run."""
        while self._ends:
            self.now, _, worker, took_us, failure = heappop(self._ends)
            if not took_us:
                self._get_ready(worker)
            elif failure:
                self._fail(worker, took_us, died=failure[1])
            else:
                self._finish(worker, took_us)
                yield self.run.over

    def _finish(self, worker: int, took_us: int) -> None:
        name, ns = self.name(worker), took_us * 1000
        first = self.run.workers[name].queue[0]
        at, start, attempt = self.now, self.now - took_us, attempt_of(self.run, first)
        self.happen(e.Finished(at, name, first, attempt, start, ns, ns, ns, 1, 1, 1, 9, 0, 0, -1))
        if not self.run.over % 50:
            self.happen(e.Committed(at, self.run.events, 9 * self.run.over, self.run.over, 0))
        self._take(worker)

    def _fail(self, worker: int, took_us: int, *, died: bool) -> None:
        name, ns, run = self.name(worker), took_us * 1000, self.run
        first = run.workers[name].queue[0]
        kind = e.FailureKind.DIED if died else e.FailureKind.EXCEPTION
        self.happen(
            e.AttemptFailed(
                self.now, name, first, attempt_of(run, first), kind, self.now - took_us, ns, ns, ns, 1,
                "", "no", "", "", "", 3 if died else None, None, 0, 0, -1,
            )
        )  # fmt: skip
        if died:
            self.happen(e.WorkerGone(self.now, name, 3, None, "exit code 3", init_failed=False))
            self._replace()
        for one in list(run.workers.values()):
            if one.state is WorkerState.IDLE:
                self._take(int(one.id[-3:]))

    def _replace(self) -> None:
        """Another worker starts where there is work for it."""
        if self.run.mini_batches - self.run.over > len(self.run.workers):
            number = self.run.nodes["n"].next_process
            self.happen(e.WorkerStarting(self.now, self.name(number), 1))
            self._push(self.now + self._start_us, number, 0)

    def play_to(self, over: int) -> Run:
        """The run when so many are over."""
        for count in self.finishes():
            if count >= over:
                break
        return self.run
