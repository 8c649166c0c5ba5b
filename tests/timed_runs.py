"""Runs whose mini-batches take drawn times: idle workers take the next at once, every end is an event."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from heapq import heappop, heappush

from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.core.reduce import reduce
from bscore.core.state import Run

START_US = 1_790_000_000_000_000
MEDIAN_S = 10.0

#: How long mini-batch `n` on worker `w` takes, in seconds.
Times = Callable[[random.Random, int], float]


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


class TimedRun:
    """A run of `workers` on one node; `finishes()` lets one mini-batch end after the other."""

    def __init__(
        self, seed: int, times: Times, mini_batches: int, workers: int, *, listed: bool = True
    ) -> None:
        self.random, self.times, self.workers = random.Random(seed), times, workers
        self.run, self.now, self.mini_batches = Run(), START_US, mini_batches
        self._ends: list[tuple[int, int, int]] = []
        limits = Limits(run_invocation_timeout_s=3600.0)
        self.happen(e.TermStarted(self.now, "timed", 1, 1, "0", "host", "boot", 7, 0))
        self.happen(e.RunConfigured(self.now, "score.py", "ab12", "python", "out", 1, limits))
        self.happen(e.NodeJoined(self.now, "n", "h", workers, 100, workers))
        kind = e.ListingFinished if listed else e.MiniBatchesCreated
        self.happen(kind(self.now, mini_batches, mini_batches))
        for number in range(workers):
            name = self.name(number)
            self.happen(e.WorkerStarting(self.now, name, 1))
            self.happen(e.WorkerReady(self.now, name, 1_000, "3.11"))
            self._take(number)

    @staticmethod
    def name(number: int) -> str:
        return f"n/process{number:03d}"

    def happen(self, event: e.Event) -> None:
        reduce(self.run, event)

    def _take(self, worker: int) -> None:
        run = self.run
        if run.next_new < run.mini_batches:
            took_us = round(self.times(self.random, worker) * 1e6)
            heappush(self._ends, (self.now + took_us, worker, took_us))
            self.happen(e.Assigned(self.now, self.name(worker), ((run.next_new, 1),)))

    @property
    def next_end(self) -> int:
        """When the next mini-batch will end; now where none runs."""
        return self._ends[0][0] if self._ends else self.now

    def finishes(self) -> Iterator[int]:
        """How many are over, after each that ends; the last time is the end of the run."""
        while self._ends:
            self.now, worker, took_us = heappop(self._ends)
            name, ns = self.name(worker), took_us * 1000
            first = self.run.workers[name].queue[0]
            at, start = self.now, self.now - took_us
            self.happen(e.Finished(at, name, first, 1, start, ns, ns, ns, 1, 1, 1, 9, 0, 0, -1))
            if not self.run.over % 50:
                self.happen(e.Committed(at, self.run.events, 9 * self.run.over, self.run.over, 0))
            self._take(worker)
            yield self.run.over

    def play_to(self, over: int) -> Run:
        """The run when so many are over."""
        for count in self.finishes():
            if count >= over:
                break
        return self.run
