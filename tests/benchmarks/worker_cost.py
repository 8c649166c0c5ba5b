"""Prints the processor time a no-op mini-batch of ten paths costs its worker and its agent.

    python tests/benchmarks/worker_cost.py [mini-batches] [workers]

Everything an agent does is in it: logs, events, frames; and feeding the workers, which is the master's part.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from bscore.core.events import Finished, WorkerReady
from bscore.node.agent import Agent
from bscore.node.messages import Answer, Assign, Batch, StartWorker
from rigs import manifest_of, setup_for, worker_name

IN_FLIGHT = 32
ITEMS = 10


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


class Feeder:
    """Keeps each worker fed, as the master does."""

    def __init__(self, agent: Agent, total: int) -> None:
        self.agent = agent
        self.total = total
        self.created = 0
        self.done = 0
        self.worker_ns = 0
        self.paths = manifest_of(f"/data/input/file_{i:08d}.jpg" for i in range(ITEMS))

    def feed(self, worker: str, count: int) -> Assign | None:
        count = min(count, self.total - self.created)
        if not count:
            return None
        batches = tuple(Batch(self.created + i, 1, ITEMS, len(self.paths)) for i in range(count))
        self.created += count
        return Assign(worker, batches, self.paths * count)

    def run(self, workers: list[str]) -> None:
        self.agent.carry_out([order for name in workers if (order := self.feed(name, IN_FLIGHT))])
        while self.done < self.total:
            wanted: dict[str, int] = {}
            for report in self.agent.poll(5.0).reports:
                if isinstance(report, Answer) and isinstance(report.event, Finished):
                    self.done += 1
                    self.worker_ns += report.event.process_ns
                    wanted[report.event.worker] = wanted.get(report.event.worker, 0) + 1
            orders = [order for name, count in wanted.items() if (order := self.feed(name, count))]
            self.agent.carry_out(orders)


def main(total: int, workers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        setup = setup_for(Path(folder), "def run(mini_batch): return mini_batch", heartbeat_s=5.0)
        agent = Agent(setup)
        names = [worker_name(i) for i in range(workers)]
        agent.carry_out([StartWorker(name) for name in names])
        ready = 0
        while ready < workers:
            ready += sum(isinstance(report, WorkerReady) for report in agent.poll(5.0).reports)
        processes = [psutil.Process(worker.system.pid) for worker in agent.workers.values()]
        before, mine = sum(map(cpu_s, processes)), cpu_s(psutil.Process())
        begun = time.monotonic()
        Feeder(agent, total).run(names)
        wall_s = time.monotonic() - begun
        after, mine_after = sum(map(cpu_s, processes)), cpu_s(psutil.Process())
        agent.close()
    print(f"{total} mini-batches of {ITEMS} paths, {workers} workers: {total / wall_s:,.0f}/s")
    print(f"worker  {(after - before) / total * 1e6:6.1f} us of processor time per mini-batch")
    print(f"agent   {(mine_after - mine) / total * 1e6:6.1f} us (feeding included)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, int(sys.argv[2]) if len(sys.argv) > 2 else 2)
