"""What the benchmarks share: commands measured whole, `bscore run` in a folder of its own, medians."""

from __future__ import annotations

import ctypes
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

_BSCORE = str(Path(sys.executable).with_name("bscore"))
#: Byte code is cached, as in every installation, whatever this environment says; not beside the sources.
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
_ENVIRONMENT["PYTHONPYCACHEPREFIX"] = os.path.join(tempfile.gettempdir(), "bscore-benchmarks-pycache")
_SET_CHILD_SUBREAPER = 36
_REST_S = 0.3


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: processor time of all its processes, and wall time."""

    cpu_s: float
    wall_s: float


@dataclass(slots=True)
class Case:
    """One thing that is measured in every round."""

    name: str
    measure: Callable[[], Cost]
    costs: list[Cost] = field(default_factory=list)

    @property
    def cpu_s(self) -> float:
        """The median over the rounds."""
        return statistics.median(cost.cpu_s for cost in self.costs)

    @property
    def wall_s(self) -> float:
        """The median over the rounds."""
        return statistics.median(cost.wall_s for cost in self.costs)


def clean_environment() -> dict[str, str]:
    """The environment of every measured command."""
    return dict(_ENVIRONMENT)


def adopt_orphans() -> None:
    """Let processes that outlive their parent become ours, so that their processor time counts too."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def run_measured(
    command: Sequence[str],
    environment: dict[str, str] | None = None,
    stdout: int | IO[str] = subprocess.DEVNULL,
) -> Cost:
    """Run a command to its end, and whatever it left behind. Raises CalledProcessError when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    process = subprocess.Popen(
        command, env=_ENVIRONMENT | (environment or {}), stdout=stdout, stderr=subprocess.PIPE
    )
    _, errors = process.communicate()
    wall_s = time.monotonic() - began
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=errors)
    _reap_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu_s, wall_s)


def _reap_orphans() -> None:
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def write_list(path: Path, lines: int) -> Path:
    """A list file of so many paths (33 characters each) that need not exist."""
    with path.open("wb") as file:
        for start in range(0, lines, 100_000):
            stop = min(lines, start + 100_000)
            file.write(b"".join(b"/data/input/images/file_%08d.jpg\n" % i for i in range(start, stop)))
    return path


class Runs:
    """Starts `bscore run` with a fresh home and output below one folder."""

    def __init__(self, folder: Path, script: str) -> None:
        self._folder = folder
        self._count = 0
        (folder / "code").mkdir()
        (folder / "code" / "score.py").write_text(script)

    def command(
        self, inputs: str, size: int, workers: int, options: Sequence[str] = (), arguments: Sequence[str] = ()
    ) -> tuple[list[str], Path]:
        """The command line of the next run, and the folder that will hold its `home` and `out`."""
        self._count += 1
        here = self._folder / f"run-{self._count}"
        here.mkdir()
        command = [_BSCORE, "run", "--script", str(self._folder / "code" / "score.py"), "--input", inputs]
        command += ["--output", str(here / "out"), "--mini-batch-size", str(size), "--workers", str(workers)]
        return [*command, *options, *(["--", *arguments] if arguments else [])], here


def environment_of(here: Path) -> dict[str, str]:
    """Where a run of `Runs.command` keeps its jobs."""
    return {"BSCORE_HOME": str(here / "home")}


def rows_of(here: Path) -> list[str]:
    """The output of a run that is Completed."""
    return (here / "out" / "predictions.csv").read_text().splitlines()


def journal_of(here: Path) -> Path:
    """The journal of a run's only job."""
    (journal,) = here.glob("home/jobs/*/logs/sys/master_role.txt")
    return journal


def bscore(*arguments: str) -> list[str]:
    """A command line of the installed `bscore`."""
    return [_BSCORE, *arguments]


def peer(name: str, *arguments: object) -> list[str]:
    """A command line of `peers.py`."""
    return [sys.executable, str(Path(__file__).with_name("peers.py")), name, *map(str, arguments)]


def interleave(cases: Sequence[Case], rounds: int) -> None:
    """Measure every case once per round, the order turned by one each time."""
    for number in range(rounds):
        for case in (*cases[number % len(cases) :], *cases[: number % len(cases)]):
            time.sleep(_REST_S)
            case.costs.append(case.measure())


def warm_up(cases: Iterable[Case]) -> None:
    """Run each case once, so that its byte code and its files are in the caches."""
    for case in cases:
        case.measure()


def machine() -> str:
    """One line about the state of this machine."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"{os.cpu_count()} processors, load {load}, Python {sys.version.split()[0]}"
