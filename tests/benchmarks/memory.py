"""What a huge job costs its master: python tests/benchmarks/memory.py [--only NAME] [--mini-batches N].

A million files as mini-batches of one item, in 1,000 folders and in one; and a list file of ten million lines
(ten items each) whose files need not exist. Beside a job of 1,000 items: seconds from the command's start to
the first run(), and the proportional set size of the master, sampled ten times a second from outside until
its last moment.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from measuring import Runs, adopt_orphans, clean_environment, environment_of, journal_of, machine, write_list

SCRIPT = """
import sys
from time import monotonic

FIRST = sys.argv[-1]

def init(): pass

def run(mini_batch):
    global FIRST
    if FIRST:
        with open(FIRST, "a") as file:
            file.write(f"{monotonic()!r}\\n")
        FIRST = ""
    return mini_batch
"""
SAMPLE_S = 0.1
MOST_MIB = 24.0
MOST_FIRST_S = 2.0
_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run of `bscore` showed."""

    first_run_s: float
    peak_mib: float
    scoring_mib: float
    wall_s: float
    finalizing_s: float
    journal_mib: float


class Sampler:
    """Samples a process until it ends: highest PSS, and highest before the output was published."""

    def __init__(self, process: subprocess.Popen[bytes], here: Path) -> None:
        self._process = process
        self._here = here
        self.peak_kib = 0
        self.scoring_kib = 0
        self.samples = 0
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def _sample(self) -> None:
        path = f"/proc/{self._process.pid}/smaps_rollup"
        while self._process.poll() is None:
            try:
                with open(path, "rb") as file:
                    found = _PSS.search(file.read())
            except OSError:
                return
            if found:
                self.samples += 1
                self.peak_kib = max(self.peak_kib, int(found[1]))
                if not (self._here / "out" / "predictions.csv").exists():
                    self.scoring_kib = self.peak_kib
            time.sleep(SAMPLE_S)

    def join(self) -> None:
        """Wait for the end of the process."""
        self._thread.join()


def score(runs: Runs, inputs: str, size: int, folder: Path) -> Figures:
    """One run, measured and cleaned up."""
    first = folder / "first"
    first.unlink(missing_ok=True)
    command, here = runs.command(inputs, size, 2, arguments=[str(first)])
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        env=clean_environment() | environment_of(here),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    sampler = Sampler(process, here)
    code = process.wait()
    wall_s = time.monotonic() - began
    sampler.join()
    assert code == 0, f"exit code {code}"
    journal = journal_of(here)
    published = (here / "out" / "predictions.csv").stat().st_ctime
    finalizing_s = time.time() - published
    figures = Figures(
        min(map(float, first.read_text().split())) - began,
        sampler.peak_kib / 1024,
        sampler.scoring_kib / 1024,
        wall_s,
        finalizing_s,
        journal.stat().st_size / 1024**2,
    )
    shutil.rmtree(here)
    return figures


def make_files(root: Path, folders: int, files: int) -> str:
    """A tree of `folders` folders with `files` empty files each."""
    for i in range(folders):
        folder = f"{root}/{i:04}"
        os.makedirs(folder)
        for j in range(files):
            os.close(os.open(f"{folder}/image-{j:07}.png", os.O_CREAT | os.O_WRONLY))
    return str(root)


def say(name: str, figures: Figures, base: Figures | None) -> bool:
    """One line; whether the case stays within its limits."""
    above = figures.peak_mib - base.peak_mib if base else 0.0
    good = above <= MOST_MIB and figures.first_run_s <= MOST_FIRST_S
    print(
        f"{name:<16} first run() {figures.first_run_s:6.2f} s   master PSS {figures.peak_mib:6.1f} MiB "
        f"({above:+.1f}; while scoring {figures.scoring_mib:.1f})   {figures.wall_s:6.1f} s in all, "
        f"{figures.finalizing_s:.1f} s of it after the output was published; "
        f"journal {figures.journal_mib:.0f} MiB   {'ok' if good else 'OVER'}",
        flush=True,
    )
    return good


def main() -> int:
    """Some six minutes by default; exit code 1 when a limit is passed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=["many", "one", "list"])
    parser.add_argument("--mini-batches", type=int, default=1_000_000)
    given = parser.parse_args()
    count = given.mini_batches
    adopt_orphans()
    print(machine())
    good = True
    with tempfile.TemporaryDirectory(prefix="bscore-memory-") as name:
        folder = Path(name)
        runs = Runs(folder, SCRIPT)
        few = f"@{write_list(folder / 'few', 1000)}"
        score(runs, few, 1, folder)
        base = score(runs, few, 1, folder)
        say("1,000 items", base, None)
        for case in [given.only] if given.only else ["many", "one", "list"]:
            inputs = folder / case
            if case == "list":
                what, size = f"@{write_list(inputs, count * 10)}", 10
            else:
                folders = max(1, count // 1000) if case == "many" else 1
                what, size = make_files(inputs, folders, count // folders), 1
            good &= say(case, score(runs, what, size, folder), base)
            shutil.rmtree(inputs) if inputs.is_dir() else inputs.unlink()
    print(machine())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
