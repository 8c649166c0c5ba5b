"""Jobs for the faces of the Overview that a demo does not show: preparing, standing still, failed.

Each is a real job of `bscore run` with a small script; `make.py` draws them.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PARTS = 400

_PREPARING = """\
import time


def init():
    for shard in range(1, 6):
        print(f"Downloading shards  {shard}/5", flush=True)
        time.sleep(30)


def run(mini_batch):
    return mini_batch
"""

_STANDING = """\
import os
import time

PRICES = "https://prices.example/v2?part="


def fetch(part):
    print("GET " + PRICES + part, flush=True)
    while part >= "part-0389":
        time.sleep(1)
    time.sleep(0.02)
    return 4.2


def run(mini_batch):
    return [f"{path} {fetch(os.path.basename(path))}" for path in mini_batch]
"""

_FAILED = """\
import csv
import os
import time


def price_of(row):
    return float(row["price"]) * float(row["amount"])


def run(mini_batch):
    rows = []
    for path in mini_batch:
        with open(path) as file:
            for row in csv.DictReader(file, delimiter=";"):
                rows.append(f"{os.path.basename(path)} {price_of(row):.2f}")
        print("scored " + os.path.basename(path), flush=True)
        time.sleep(0.01)
    return rows
"""


@dataclass(frozen=True)
class FaceJob:
    """A job that shows a face: its script, its options, and what its Overview says by then."""

    name: str
    script: str
    options: tuple[str, ...]
    shown: str


JOBS = (
    FaceJob("preparing", _PREPARING, ("--mini-batch-size", "5"), "PREPARING"),
    FaceJob(
        "standing",
        _STANDING,
        ("--mini-batch-size", "2", "--set", "run_invocation_timeout=600"),
        "STANDS STILL",
    ),
    FaceJob("failed", _FAILED, ("--mini-batch-size", "5", "--set", "error_threshold=20"), "Failed"),
)


def start(job: FaceJob, home: Path, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """Write its files below the home and start it there."""
    folder = home / "jobs" / job.name
    data = folder / "2026-04-11"
    data.mkdir(parents=True)
    for number in range(PARTS):
        # The last parts come from another export, whose columns have other names.
        price = "preis" if number >= PARTS * 3 // 4 else "price"
        (data / f"part-{number:04d}.csv").write_text(f"id;amount;{price}\n{number};2;4.2\n")
    (folder / "score.py").write_text(job.script)
    command = [
        sys.executable, "-m", "bscore.cli", "run", "--script", "score.py", "--input", "2026-04-11",
        "--output", "results", "--workers", "4", "--name", f"{job.name}-0411", *job.options,
    ]  # fmt: skip
    return subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
