"""How much of the processor time reaches the script: python tests/benchmarks/busy.py [--rounds N].

2,000 mini-batches that each burn 5 ms of processor time, two workers. "In script" is the part of all
processes' time that run() itself used, "net" the same without start-up (a run of 20 mini-batches);
"utilisation" is how much of the workers' wall time, from the first begin to the last end of run(), was spent
inside run().
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from measuring import (
    Case,
    Cost,
    Runs,
    adopt_orphans,
    environment_of,
    interleave,
    machine,
    peer,
    rows_of,
    run_measured,
    warm_up,
    write_list,
)

BUSY_S = 0.005
FEW = 20
WORKERS = 2
SCRIPT = f"""
from time import monotonic, process_time

def init(): pass

def run(mini_batch):
    begin, cpu = monotonic(), process_time()
    while process_time() < cpu + {BUSY_S}:
        pass
    return [f"{{begin!r}} {{monotonic()!r}} {{process_time() - cpu!r}}"]
"""
PEERS = ("pipe_pair", "mp_pool", "joblib_1")


@dataclass(slots=True)
class Share:
    """What each round said of one case."""

    useful_s: list[float] = field(default_factory=list)
    utilisation: list[float] = field(default_factory=list)

    def take(self, lines: list[str]) -> None:
        """One line per run(): begin, end, processor time."""
        spans = [tuple(map(float, line.strip('"').split())) for line in lines]
        first, last = min(span[0] for span in spans), max(span[1] for span in spans)
        inside = sum(end - begin for begin, end, _ in spans)
        self.useful_s.append(sum(span[2] for span in spans))
        self.utilisation.append(inside / WORKERS / (last - first))


class Bench:
    """All cases, with many mini-batches and with few."""

    def __init__(self, folder: Path, many: int) -> None:
        self._runs = Runs(folder, SCRIPT)
        self._folder = folder
        self._lists = {n: write_list(folder / f"list-{n}", n) for n in (many, FEW)}
        self.rows: list[tuple[Case, Case, Share]] = []
        self._few = Share()
        for name in ("bscore", *PEERS):
            share = Share()
            measure = (
                self._bscore if name == "bscore" else lambda n, share, name=name: self._peer(name, n, share)
            )
            self.rows.append(
                (
                    Case(name, lambda measure=measure, share=share: measure(many, share)),
                    Case(f"{name}, {FEW}", lambda measure=measure: measure(FEW, self._few)),
                    share,
                )
            )

    def _bscore(self, mini_batches: int, share: Share) -> Cost:
        command, here = self._runs.command(f"@{self._lists[mini_batches]}", 1, WORKERS)
        cost = run_measured(command, environment_of(here))
        share.take(rows_of(here))
        return cost

    def _peer(self, name: str, mini_batches: int, share: Share) -> Cost:
        said = self._folder / "said"
        with said.open("w") as file:
            cost = run_measured(peer(name, mini_batches, BUSY_S), stdout=file)
        share.take(said.read_text().splitlines())
        return cost


def report(bench: Bench, many: int) -> None:
    """One line per case."""
    print(
        f"{'':<12}{'CPU s':>8}{'in script':>11}{'net':>8}{'overhead us':>13}{'net us':>8}"
        f"{'utilisation':>13}{'wall s':>8}"
    )
    for whole, few, share in bench.rows:
        useful_s = statistics.median(share.useful_s)
        few_s = few.cpu_s - FEW * useful_s / many
        over_s = whole.cpu_s - useful_s
        net_s = over_s - few_s
        print(
            f"{whole.name:<12}{whole.cpu_s:>8.2f}{useful_s / whole.cpu_s:>11.1%}"
            f"{useful_s / (useful_s + net_s):>8.1%}"
            f"{over_s / many * 1e6:>13.0f}{net_s / many * 1e6:>8.0f}"
            f"{statistics.median(share.utilisation):>13.1%}{whole.wall_s:>8.2f}"
        )


def main() -> int:
    """About two minutes by default."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mini-batches", type=int, default=2000)
    given = parser.parse_args()
    adopt_orphans()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="bscore-busy-") as folder:
        bench = Bench(Path(folder), given.mini_batches)
        try:
            warm_up(row[1] for row in bench.rows)
            interleave([case for row in bench.rows for case in row[:2]], given.rounds)
        except subprocess.CalledProcessError as error:
            print(error.stderr.decode(errors="replace"), file=sys.stderr)
            raise
    report(bench, given.mini_batches)
    print(machine())
    return 0


if __name__ == "__main__":
    sys.exit(main())
