"""What a mini-batch that does nothing costs: python tests/benchmarks/noop.py [--rounds N] [--mini-batches N].

Ten paths in, ten strings out, two workers. `bscore run` logs and commits everything; the peers log nothing.
Processor time is that of all processes of a command; "net" is without its start-up, a run of 20 mini-batches.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
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

SCRIPT = "def init(): pass\ndef run(mini_batch): return mini_batch\n"
FEW = 20
PEERS = ("pipe_pair", "std_pool", "mp_pool", "joblib_1")


class Bench:
    """All cases, with many mini-batches and with few."""

    def __init__(self, folder: Path, many: int) -> None:
        self._runs = Runs(folder, SCRIPT)
        self._lists = {n: write_list(folder / f"list-{n}", n * 10) for n in (many, FEW)}
        self.pairs: dict[str, tuple[Case, Case]] = {}
        for name, options in (("bscore", []), ("bscore, no sync", ["--commit-interval", "0"])):
            self._add(name, many, lambda n, options=options: self._bscore(n, options))
        for name in PEERS:
            self._add(name, many, lambda n, name=name: run_measured(peer(name, n)))

    def _add(self, name: str, many: int, measure) -> None:  # type: ignore[no-untyped-def]  # a lambda with defaults
        self.pairs[name] = (
            Case(name, lambda: measure(many)),
            Case(f"{name}, {FEW}", lambda: measure(FEW)),
        )

    def _bscore(self, mini_batches: int, options: list[str]) -> Cost:
        command, here = self._runs.command(f"@{self._lists[mini_batches]}", 10, 2, options)
        cost = run_measured(command, environment_of(here))
        assert len(rows_of(here)) == mini_batches * 10
        return cost


def report(bench: Bench, many: int) -> None:
    """One line per case; ratios to multiprocess.Pool."""
    unit = bench.pairs["mp_pool"]
    print(
        f"{'':<18}{'us/mini-batch':>14}{'net us':>8}{'wall s':>8}{'mb/s':>9}{'net mb/s':>10}   CPU : mp_pool"
    )
    for name, (whole, few) in bench.pairs.items():
        net_s = whole.cpu_s - few.cpu_s
        net_rate = (many - FEW) / max(whole.wall_s - few.wall_s, 1e-9)
        print(
            f"{name:<18}{whole.cpu_s / many * 1e6:>14.1f}{net_s / (many - FEW) * 1e6:>8.1f}"
            f"{whole.wall_s:>8.2f}{many / whole.wall_s:>9,.0f}{net_rate:>10,.0f}"
            f"{whole.cpu_s / unit[0].cpu_s:>8.2f} x (net {net_s / (unit[0].cpu_s - unit[1].cpu_s):.2f} x)"
        )
    ours, without = bench.pairs["bscore"][0], bench.pairs["bscore, no sync"][0]
    print(
        f"Syncing costs {(ours.cpu_s / without.cpu_s - 1) * 100:+.1f} % of the processor time, "
        f"{(ours.wall_s / without.wall_s - 1) * 100:+.1f} % of the wall time."
    )


def main() -> int:
    """About two minutes by default."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mini-batches", type=int, default=20_000)
    given = parser.parse_args()
    adopt_orphans()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="bscore-noop-") as folder:
        bench = Bench(Path(folder), given.mini_batches)
        warm_up(few for _, few in bench.pairs.values())
        interleave([case for pair in bench.pairs.values() for case in pair], given.rounds)
    report(bench, given.mini_batches)
    print(machine())
    return 0


if __name__ == "__main__":
    sys.exit(main())
