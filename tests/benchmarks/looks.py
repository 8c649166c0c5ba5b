"""What a look at a run costs its readers: python tests/benchmarks/looks.py [--rounds N].

The end, who is late and who is slow, of a run of a million mini-batches on 400 workers beside one on 4.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from measuring import machine

sys.path.insert(0, str(Path(__file__).parents[1]))

from bscore.core.estimate import estimate
from bscore.core.standing import late, slow, standing_still
from bscore.core.state import Run
from timed_runs import TimedRun, one_slow

LOOKS: dict[str, Callable[[Run, int], object]] = {
    "estimate": lambda run, now: estimate(run, now, random.Random(1).random),
    "late": late,
    "slow": lambda run, _now: slow(run),
    "standing still": standing_still,
}


def cost_ms(look: Callable[[Run, int], object], run: Run, now: int, rounds: int) -> float:
    """Processor time of one look, the median of some."""
    costs = []
    for _ in range(rounds):
        begun = time.process_time()
        look(run, now)
        costs.append(time.process_time() - begun)
    return statistics.median(costs) * 1000


def main() -> None:
    """Print each look for both runs, and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(machine())
    runs = []
    for workers in (4, 400):
        timed = TimedRun(1, one_slow(0.5, 3.0), 1_000_000, workers)
        runs.append((timed.play_to(20 * workers), timed.now))
    print(f"{'':<16}{'4 workers':>12}{'400 workers':>14}{'ratio':>10}")
    for name, look in LOOKS.items():
        few, many = (cost_ms(look, run, now, rounds) for run, now in runs)
        print(f"{name:<16}{few:>9.2f} ms{many:>11.2f} ms{many / max(few, 1e-4):>8.1f} x")


if __name__ == "__main__":
    main()
