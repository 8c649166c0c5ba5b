"""How soon something happens: python tests/benchmarks/start.py [--rounds N].

From the start of `bscore run` to its first run(), and `bscore --help`, beside the bare interpreter. The
script does nothing; what a real one imports comes on top.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measuring import Runs, adopt_orphans, bscore, environment_of, machine, run_measured, write_list

SCRIPT = """
import sys
from time import monotonic

def init(): pass

def run(mini_batch):
    with open(sys.argv[-1], "a") as file:
        file.write(f"{monotonic()!r}\\n")
    return mini_batch
"""
LIMITS_S = {"first run()": 0.6, "bscore --help": 0.2}


def first_run(runs: Runs, inputs: str, folder: Path) -> float:
    """Seconds from the start of the command to the begin of the first run()."""
    first = folder / "first"
    first.unlink(missing_ok=True)
    command, here = runs.command(inputs, 10, 2, arguments=[str(first)])
    began = time.monotonic()
    run_measured(command, environment_of(here))
    return min(map(float, first.read_text().split())) - began


def main() -> int:
    """Some twenty seconds; exit code 1 when a limit is passed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    adopt_orphans()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="bscore-start-") as name:
        folder = Path(name)
        runs = Runs(folder, SCRIPT)
        inputs = f"@{write_list(folder / 'list', 200)}"
        cases: dict[str, Callable[[], float]] = {
            "first run()": lambda: first_run(runs, inputs, folder),
            "bscore --help": lambda: run_measured(bscore("--help")).wall_s,
            "bare Python": lambda: run_measured([sys.executable, "-c", "pass"]).wall_s,
        }
        times: dict[str, list[float]] = {case: [] for case in cases}
        for measure in cases.values():
            measure()
        for _ in range(rounds):
            for case, measure in cases.items():
                times[case].append(measure())
    good = True
    unit = statistics.median(times["bare Python"])
    for case, values in times.items():
        median, most = statistics.median(values), LIMITS_S.get(case)
        good &= most is None or median <= most
        limit = f"limit {most:.3f} s" if most else ""
        print(f"{case:<16} median {median:.3f} s  best {min(values):.3f} s  {median / unit:5.1f} x  {limit}")
    print(machine())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
