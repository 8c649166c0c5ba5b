"""What many workers cost: python tests/benchmarks/workers.py [--rounds N] [--workers N] [--python PATH].

First their start: from the orders to all of them ready, each with the imports of MODULES, by exec and from a
template (processor time, wall time, memory as PSS), then one more after one was killed. Then no-op
mini-batches with 1 to 14 workers, beside the standard library's Pool. `--python` names an interpreter that
has MODULES, if this one has not.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from measuring import (
    Runs,
    adopt_orphans,
    environment_of,
    machine,
    rows_of,
    run_measured,
    write_list,
)
from scoring import no_op

sys.path.insert(0, str(Path(__file__).parents[1]))

MODULES = "pandas,sklearn.ensemble"
NO_OP = "def init(): pass\ndef run(mini_batch): return mini_batch\n"
COUNTS = (1, 2, 4, 8, 14)
GOALS = {"cpu": 0.12, "wall": 0.2, "pss": 0.15, "next": 0.1}


def start_once(start: str, workers: int, python: str, modules: str) -> dict[str, float]:
    """One agent in this process: its workers' start, measured."""
    from bscore.core import events as e
    from rigs import Rig

    source = "".join(f"import {name}\n" for name in modules.split(",")) + NO_OP
    with tempfile.TemporaryDirectory(prefix="bscore-workers-") as folder:
        began = time.monotonic()
        with Rig(Path(folder), source, start=start, interpreter=python) as rig:
            first = rig.start(workers, ready=False)
            rig.until(lambda: len(rig.found(e.WorkerReady)) == workers, 300)
            wall_s = time.monotonic() - began
            pids = [worker.system.pid for worker in rig.agent.workers.values()]
            pss = sum(map(_pss_mb, [*pids, *rig.agent._starting.pids()]))
            cpu_s = sum(map(_cpu_s, [*pids, *rig.agent._starting.pids()]))
            os.kill(rig.agent.workers[first].system.pid, signal.SIGKILL)
            rig.until(lambda: rig.found(e.WorkerGone))
            again = time.monotonic()
            rig.start(1, ready=False)
            rig.until(lambda: len(rig.found(e.WorkerReady)) == workers + 1, 300)
            next_s = time.monotonic() - again
    return {"cpu": cpu_s, "wall": wall_s, "pss": pss, "next": next_s}


def _pss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _cpu_s(pid: int) -> float:
    """Of the process and of the children it has reaped."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def starts(workers: int, python: str, modules: str, rounds: int) -> None:
    """Both ways, interleaved; medians and their ratio."""
    seen: dict[str, list[dict[str, float]]] = {"exec": [], "template": []}
    for _ in range(rounds):
        for start, found in seen.items():
            command = [sys.executable, __file__, "--once", start, "--workers", str(workers)]
            command += ["--python", python, "--modules", modules]
            with tempfile.TemporaryFile("w+") as out:
                run_measured(command, stdout=out)
                out.seek(0)
                found.append(json.load(out))
    print(f"{workers} workers that import {modules}")
    print(f"{'':<10}{'CPU s':>8}{'wall s':>8}{'PSS MiB':>9}{'one more s':>12}")
    medians = {
        start: {name: statistics.median(one[name] for one in found) for name in GOALS}
        for start, found in seen.items()
    }
    for start, of in medians.items():
        print(f"{start:<10}{of['cpu']:>8.2f}{of['wall']:>8.2f}{of['pss']:>9.0f}{of['next']:>12.3f}")
    ratios = {name: medians["template"][name] / medians["exec"][name] for name in GOALS}
    print(
        f"{'ratio':<10}{ratios['cpu']:>8.3f}{ratios['wall']:>8.3f}{ratios['pss']:>9.3f}{ratios['next']:>12.3f}"
    )
    print(
        "goal      "
        + "".join(f"{'≤ ' + str(goal):>{w}}" for goal, w in zip(GOALS.values(), (8, 8, 9, 12), strict=True))
    )


def pool(workers: int, mini_batches: int) -> None:
    """The standard library's Pool on the same mini-batches, one at a time."""
    inputs = [
        [f"/data/input/images/file_{i * 10 + k:08d}.jpg" for k in range(10)] for i in range(mini_batches)
    ]
    with multiprocessing.get_context("fork").Pool(workers) as processes:
        for _ in processes.imap_unordered(no_op, inputs, 1):
            pass


def no_ops(mini_batches: int, rounds: int) -> None:
    """Processor time and throughput of no-op mini-batches by number of workers, beside the Pool's."""
    with tempfile.TemporaryDirectory(prefix="bscore-workers-") as name:
        folder = Path(name)
        runs = Runs(folder, NO_OP)
        inputs = f"@{write_list(folder / 'list', mini_batches * 10)}"
        seen: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for _ in range(rounds):
            for workers in COUNTS:
                command, here = runs.command(inputs, 10, workers)
                cost = run_measured(command, environment_of(here))
                assert len(rows_of(here)) == mini_batches * 10
                seen.setdefault(("bscore", workers), []).append((cost.cpu_s, cost.wall_s))
                peer = [sys.executable, __file__, "--pool", str(workers), "--mini-batches", str(mini_batches)]
                cost = run_measured(peer)
                seen.setdefault(("Pool", workers), []).append((cost.cpu_s, cost.wall_s))
    print(f"{mini_batches} no-op mini-batches, start-up included")
    print(f"{'workers':<9}{'us':>8}{'mb/s':>9}{'Pool us':>9}{'Pool mb/s':>11}{': 1 worker':>12}")
    alone = statistics.median(cpu for cpu, _ in seen["bscore", 1])
    for workers in COUNTS:
        line = f"{workers:<9}"
        for who, widths in (("bscore", (8, 9)), ("Pool", (9, 11))):
            cpu = statistics.median(cpu for cpu, _ in seen[who, workers])
            wall = statistics.median(wall for _, wall in seen[who, workers])
            line += f"{cpu / mini_batches * 1e6:>{widths[0]}.1f}{mini_batches / wall:>{widths[1]},.0f}"
        ours = statistics.median(cpu for cpu, _ in seen["bscore", workers])
        print(f"{line}{ours / alone:>10.2f} x")


def main() -> int:
    """Some minutes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--modules", default=MODULES)
    parser.add_argument("--mini-batches", type=int, default=20_000)
    parser.add_argument("--once", help=argparse.SUPPRESS)
    parser.add_argument("--pool", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=["starts", "no-ops"])
    given = parser.parse_args()
    if given.once:
        print(json.dumps(start_once(given.once, given.workers, given.python, given.modules)))
        return 0
    if given.pool:
        pool(given.pool, given.mini_batches)
        return 0
    adopt_orphans()
    print(machine())
    if given.only != "no-ops":
        starts(given.workers, given.python, given.modules, given.rounds)
    if given.only != "starts":
        no_ops(given.mini_batches, given.rounds)
    print(machine())
    return 0


if __name__ == "__main__":
    sys.exit(main())
