"""bscore.score beside joblib and ProcessPoolExecutor: python tests/benchmarks/python_api.py [--rounds N].

A1: mini-batches of ten paths that do nothing. A2: mini-batches that burn 5 ms of processor time.
A3: DataFrames of 1,000 rows x 10 numbers in, 1,000 x 2 out. Each case is one call from an imported process,
workers started and rows in memory at its end; ours also logs, commits and keeps them. Two workers.
Start-up counts. Wall time; the peers take turns within every round, the ratio is to ProcessPoolExecutor.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pandas as pd
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from measuring import machine

import bscore

WORKERS = 2
Work = Callable[[Any], Any]


def no_op(batch: Any) -> Any:
    return batch


def busy(batch: Any) -> Any:
    until = time.process_time() + 0.005
    while time.process_time() < until:
        pass
    return batch


def two_columns(frame: Any) -> Any:
    return frame[["c0", "c1"]] * 2


def ours(work: Work, inputs: Any, size: int) -> int:
    return len(
        bscore.score(run=work, inputs=inputs, mini_batch_size=size, workers=WORKERS, progress=False).rows
    )


def executor(work: Work, inputs: Any, size: int) -> int:
    with ProcessPoolExecutor(WORKERS) as pool:
        return _collected(pool.map(work, _cut(inputs, size)))


def joblib_one(work: Work, inputs: Any, size: int) -> int:
    return _joblib(work, inputs, size, 1)


def joblib_auto(work: Work, inputs: Any, size: int) -> int:
    return _joblib(work, inputs, size, "auto")


def _joblib(work: Work, inputs: Any, size: int, batch_size: Any) -> int:
    parallel = Parallel(WORKERS, batch_size=batch_size, return_as="generator")
    try:
        return _collected(parallel(delayed(work)(batch) for batch in _cut(inputs, size)))
    finally:
        get_reusable_executor().shutdown(wait=True)


def _cut(inputs: Any, size: int) -> Any:
    cut = inputs.iloc if isinstance(inputs, pd.DataFrame) else inputs
    return (cut[first : first + size] for first in range(0, len(inputs), size))


def _collected(parts: Any) -> int:
    parts = list(parts)
    if isinstance(parts[0], pd.DataFrame):
        return len(pd.concat(parts))
    return len([row for part in parts for row in part])


PEERS = {"bscore.score": ours, "ProcessPool": executor, "joblib, 1": joblib_one, "joblib, auto": joblib_auto}


def cases(share: float) -> dict[str, tuple[Work, Any, int]]:
    """Work, inputs and size of a mini-batch of each case."""
    some = int(2000 * share)
    paths = [f"/data/input/images/file_{i:08d}.jpg" for i in range(int(200_000 * share))]
    rows = 1000 * some
    frame = pd.DataFrame({f"c{i}": [float(i)] * rows for i in range(10)})
    return {
        "A1 no-op": (no_op, paths, 10),
        "A2 5 ms": (busy, paths[: 10 * some], 10),
        "A3 DataFrames": (two_columns, frame, 1000),
    }


def main() -> int:
    """About three minutes by default."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--share", type=float, default=1.0, help="of 20,000 and 2,000 mini-batches")
    given = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="bscore-python-api-") as home:
        os.environ["BSCORE_HOME"] = home
        for name, (work, inputs, size) in cases(given.share).items():
            _measure(name, work, inputs, size, given.rounds)
    print(machine())
    return 0


def _measure(name: str, work: Work, inputs: Any, size: int, rounds: int) -> None:
    took: dict[str, list[float]] = {peer: [] for peer in PEERS}
    ours(no_op, [1], 1)
    for _ in range(rounds):
        for peer, measure in PEERS.items():
            began = time.monotonic()
            assert measure(work, inputs, size) == len(inputs)
            took[peer].append(time.monotonic() - began)
    unit = statistics.median(took["ProcessPool"])
    mini_batches = len(inputs) // size
    for peer, walls in took.items():
        wall_s = statistics.median(walls)
        print(
            f"{name:<15}{peer:<14}{wall_s:>7.2f} s {mini_batches / wall_s:>9,.0f}/s {wall_s / unit:>7.2f} x"
        )


if __name__ == "__main__":
    sys.exit(main())
