"""Large log trees made without running anything: a seeded, consistent history and its files.

generate(Path("tree"), Golden())          # 50 nodes x 8 workers, 1,000,000 mini-batches
python tests/golden_generator.py FOLDER [mini_batches]
"""

from __future__ import annotations

import heapq
import random
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from bscore.core import events as ev
from bscore.core.events import FailureKind, Outcome
from bscore.core.limits import Limits
from bscore.core.rates import Rate
from bscore.logtree import overview, paths
from bscore.logtree.reports import ResultFacts
from bscore.node.clock import Clock
from bscore.node.messages import AgentSetup
from golden_errors import Group, causes_of, new_group, write_reports
from golden_files import PID, MasterFiles, NodeFiles, names

START_US = 1_790_000_000_000_000
_SECOND = 1_000_000
_LOOK_US = 10 * _SECOND


@dataclass(frozen=True)
class Golden:
    """What the tree looks like; `share` below 1 leaves a job that stopped in the middle."""

    nodes: int = 50
    workers: int = 8
    mini_batches: int = 1_000_000
    items_each: int = 1
    retry_share: float = 0.02
    error_groups: int = 30
    lost_workers: int = 5
    slow_node: bool = True
    mean_s: float = 2.0
    heartbeat_s: float = 30.0
    #: Heartbeats from one sample of the resources to the next.
    beats_per_sample: int = 20
    share: float = 1.0
    seed: int = 0
    job: str = "golden"


@dataclass(slots=True)
class _Worker:
    node: str
    process: str
    pid: int
    slowness: float
    queue: deque[int] = field(default_factory=deque)
    began: int = 0
    finished: int = 0
    alive: bool = True

    @property
    def id(self) -> str:
        return f"{self.node}/{self.process}"


class _Generator:
    """One pass over simulated time: an event, its record, its lines."""

    def __init__(self, root: Path, golden: Golden) -> None:
        self.golden = golden
        self.random = random.Random(golden.seed)
        self.root = root
        self.master = MasterFiles(root, golden.items_each)
        self.node_ids = [f"10.0.{number // 250}.{number % 250 + 4}" for number in range(golden.nodes)]
        self.files: dict[str, NodeFiles] = {}
        self.live: dict[str, list[_Worker]] = {node: [] for node in self.node_ids}
        self.heap: list[tuple[int, int, _Worker]] = []
        self.order = 0
        self.returned: deque[int] = deque()
        self.tries: dict[int, int] = {}
        self.next_new = 0
        self.done = self.abandoned = self.retried = self.rows = self.nbytes = self.deaths = 0
        self.groups = [new_group(number) for number in range(golden.error_groups)]
        total = golden.mini_batches
        every = total // (golden.lost_workers + 1)
        self.losses = [every * (number + 1) for number in range(golden.lost_workers)]
        self.next_commit = self.next_look = self.next_beat = START_US
        self.beats = 0

    def generate(self) -> None:
        self._begin()
        at = START_US
        stop = self.golden.mini_batches * self.golden.share
        while self.heap and self.done + self.abandoned < stop:
            at, _, worker = heapq.heappop(self.heap)
            self._periodic(at)
            if worker.alive:
                self._answer(worker, at)
        if self.golden.share >= 1:
            self._end(at + 5000)
        self.master.close()
        for files in self.files.values():
            files.close()

    def _begin(self) -> None:
        golden, happen = self.golden, self.master.happen
        # What writes into a job's directory never makes it.
        self.root.mkdir(parents=True, exist_ok=True)
        happen(ev.TermStarted(START_US, golden.job, 1, ev.FORMAT, "0.1.0", "host-a", "b00t", PID, 0))
        output = f"{paths.OUTPUT}/predictions.csv"
        size = golden.items_each
        happen(ev.RunConfigured(START_US, "score.py", "9f86d081", "python3.9", output, size, Limits()))
        self.master.say(START_US, overview.START)
        self.master.say(START_US, overview.overviewer_started(self.node_ids[0]))
        clock = Clock(START_US)
        for number, node in enumerate(self.node_ids):
            happen(ev.NodeJoined(START_US, node, f"host-{number}", 16, 64310, golden.workers))
            setup = _setup(self.root, node, golden.job)
            self.files[node] = NodeFiles(self.root, node, setup, clock, golden.seed + number)
        created = 0
        for part in range(1, 11):
            created = golden.mini_batches * part // 10
            happen(ev.MiniBatchesCreated(START_US + part * 1000, created, created * size))
        happen(ev.ListingFinished(START_US + 11_000, created, created * size))
        self.master.say(START_US + 11_000, overview.scheduling_finished(created, created * size, 0.011))
        for node in self.node_ids:
            for _ in range(golden.workers):
                self._start(node, START_US + 20_000)

    def _start(self, node: str, at: int) -> None:
        number = len(self.live[node])
        slow = self.golden.slow_node and node == self.node_ids[-1]
        worker = _Worker(node, f"process{number:03}", 4000 + self.order, 4.1 if slow else 1.0)
        self.live[node].append(worker)
        self.master.happen(ev.WorkerStarting(at, worker.id, 0))
        self.master.happen(ev.WorkerStarting(at, worker.id, worker.pid))
        self.files[node].start(worker.process, worker.pid, at)
        self._wake(worker, at + 1_500_000 + self.random.randrange(_SECOND))

    def _wake(self, worker: _Worker, at: int) -> None:
        self.order += 1
        heapq.heappush(self.heap, (at, self.order, worker))

    def _answer(self, worker: _Worker, at: int) -> None:
        """The worker is ready, or through with the first of its queue."""
        if worker.queue:
            self._over(worker, at)
        elif not worker.began:
            self.master.happen(ev.WorkerReady(at, worker.id, 1_500_000_000, "3.9.18"))
            self.files[worker.node].printed(worker.process, "model loaded\n")
        self._feed(worker, at)
        if self.losses and self.done >= self.losses[0] and worker.queue:
            self.losses.pop(0)
            self._die(worker, at + 1000)

    def _feed(self, worker: _Worker, at: int) -> None:
        given: list[int] = []
        while len(worker.queue) + len(given) < 2:
            if self.returned:
                given.append(self.returned.popleft())
            elif self.next_new < self.golden.mini_batches:
                given.append(self.next_new)
                self.next_new += 1
            else:
                break
        for mini_batch in given:
            self.master.happen(ev.Assigned(at, worker.id, ((mini_batch, 1),)))
        worker.queue.extend(given)
        worker.began = at
        if worker.queue:
            seconds = self.random.lognormvariate(0, 0.4) * self.golden.mean_s * worker.slowness
            self._wake(worker, at + max(int(seconds * _SECOND), 1000))

    def _over(self, worker: _Worker, at: int) -> None:
        mini_batch = worker.queue.popleft()
        tries = self.tries.get(mini_batch, 0)
        if self.random.random() < (self.golden.retry_share if not tries else 0.3):
            self._fail(worker, mini_batch, at)
            return
        size = self.golden.items_each
        elapsed_ns = (at - worker.began - 150) * 1000 + 77
        worker.finished += 1
        printed = "" if worker.finished % 100 else f"{worker.finished} mini-batches\n"
        stdout = self.files[worker.node].printed(worker.process, printed)
        data = "".join(f"{name} {mini_batch % 10}\n" for name in names(mini_batch, size)).encode()
        event = ev.Finished(
            at, worker.id, mini_batch, tries + 1, worker.began, elapsed_ns, elapsed_ns * 9 // 10,
            elapsed_ns - 90_000, size, size, size, len(data), stdout, 0, 0,
        )  # fmt: skip
        self.tries.pop(mini_batch, None)
        self.done += 1
        self.rows += size
        self.nbytes += len(data)
        self.master.happen(event)
        self.master.rows(data)
        self.files[worker.node].finished(worker.process, event)

    def _fail(self, worker: _Worker, mini_batch: int, at: int, died: bool = False) -> None:
        tries = self.tries[mini_batch] = self.tries.get(mini_batch, 0) + 1
        self.retried += tries == 1
        group = (
            self.groups[int(len(self.groups) * self.random.random() ** 2)] if self.groups else new_group(0)
        )
        if died:
            group = Group(FailureKind.DIED, "", "killed by signal 9, often out of memory", 0)
        files = self.files[worker.node]
        trace = "" if died else files.trace(worker.process, at, group.error_type, group.message, group.line)
        elapsed_ns = (at - worker.began) * 1000
        event = ev.AttemptFailed(
            at, worker.id, mini_batch, tries, group.kind, worker.began, elapsed_ns, elapsed_ns // 2,
            elapsed_ns, self.golden.items_each, group.error_type, group.message,
            group.place, trace,
            names(mini_batch, self.golden.items_each)[0], None, 9 if died else None, 0, 0, 0,
        )  # fmt: skip
        self.master.happen(event)
        files.failed(worker.process, event)
        group.count_in(event)
        if tries < 3:
            self.returned.appendleft(mini_batch)
            return
        self.master.happen(
            ev.MiniBatchAbandoned(at, mini_batch, self.golden.items_each, "3 of 3 tries failed")
        )
        del self.tries[mini_batch]
        self.abandoned += 1

    def _die(self, worker: _Worker, at: int) -> None:
        self._fail(worker, worker.queue.popleft(), at, died=True)
        self.master.happen(
            ev.WorkerGone(at, worker.id, None, 9, "killed by signal 9, often out of memory", False)
        )
        self.returned.extendleft(reversed(worker.queue))
        worker.queue.clear()
        worker.alive = False
        self.deaths += 1
        self.files[worker.node].end(worker.process, at, -9)
        self._start(worker.node, at)

    def _periodic(self, at: int) -> None:
        if at >= self.next_commit:
            self.master.commit(at, self.nbytes, self.rows)
            self.next_commit = at + _SECOND
        if at >= self.next_look:
            elapsed_s = (at - START_US) / 1e6
            self.master.look(at, self.done + self.abandoned, self.golden.mini_batches, elapsed_s)
            self.next_look = at + _LOOK_US
        if at >= self.next_beat:
            self._beat(at)
            self.next_beat = at + int(self.golden.heartbeat_s * _SECOND)

    def _beat(self, at: int) -> None:
        for node, workers in self.live.items():
            running = {w.process: (w.queue[0] if w.queue else -1, w.began) for w in workers if w.alive}
            self.files[node].heartbeat(at, running, self.golden.heartbeat_s)
            if not self.beats % self.golden.beats_per_sample:
                self.files[node].resources(at, list(running))
        self.beats += 1

    def _end(self, at: int) -> None:
        master, golden = self.master, self.golden
        for workers in self.live.values():
            for worker in workers:
                if worker.alive:
                    master.happen(ev.WorkerStopping(at, worker.id, "no more work"))
                    master.happen(ev.WorkerGone(at, worker.id, 0, None, "asked to stop", False))
                    self.files[worker.node].end(worker.process, at, 0)
        master.commit(at, self.nbytes, self.rows)
        master.happen(ev.Finalizing(at, self.nbytes, self.rows))
        output = f"{paths.OUTPUT}/predictions.csv"
        master.happen(ev.RunEnded(at, Outcome.COMPLETED, "", output))
        processed, elapsed_s = self.done + self.abandoned, (at - START_US) / 1e6
        master.say(at, overview.progress(processed, golden.mini_batches, elapsed_s, 0.0))
        master.say(at, overview.overviewer_stopped(self.node_ids[0]))
        size = golden.items_each
        causes = causes_of(self.groups)
        facts = ResultFacts(
            golden.job, Outcome.COMPLETED, "", START_US, at, golden.mini_batches, self.done, self.abandoned,
            self.retried, golden.mini_batches * size, self.done * size, self.abandoned * size, self.rows,
            output, causes=causes, other_failures=self.deaths, workers_gone=self.deaths,
            rate=Rate(self.done * size / elapsed_s, self.done / elapsed_s),
        )  # fmt: skip
        write_reports(master, facts)


def _setup(root: Path, node: str, job: str) -> AgentSetup:
    return AgentSetup(
        node, job, 1, str(root), "", "python3.9", "", "score.py", (), {}, "", "", append_row=True,
        dataframe_header=False, to_csv={}, limits=Limits(),
    )  # fmt: skip


def generate(root: Path, golden: Golden) -> None:
    """Write the tree below `root`, which must be empty or absent."""
    _Generator(root, golden).generate()


if __name__ == "__main__":
    generate(Path(sys.argv[1]), Golden(mini_batches=int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000))
