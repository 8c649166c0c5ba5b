"""What the monitor costs while 400 workers are busy, and how soon the large tree is seen.

python tests/benchmarks/monitor_load.py [seconds] [mini_batches of the large tree]

Counted are bytes a second to a pty and CPU. Another process writes 2,000 lines a second into the journal and
the logs of 400 workers, through `bscore.logtree.writer`; 200 of them are the journal's records.
Targets: under 12 % of a core, under 20 KB/s, first useful screen under 0.8 s.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from monitor_idle import measure

from bscore.core import events as ev
from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.logtree.writer import TreeWriter
from golden_files import MasterFiles
from golden_generator import Golden, generate

NODES, WORKERS = 50, 8
LINES_S, RECORDS_S = 2000, 200
OPENINGS = 5
_TURN_S = 0.05


class Load:
    """A job of 400 workers, its journal and their logs, written as time passes."""

    def __init__(self, root: Path) -> None:
        self._files = MasterFiles(root, 10)
        self._writer = TreeWriter(root, open_files=500)
        nodes = [f"10.0.0.{number + 4}" for number in range(NODES)]
        self._workers = [f"{node}/process{number:03}" for node in nodes for number in range(WORKERS)]
        self._logs = [paths.user_stdout(*worker.split("/")) for worker in self._workers]
        self._begun = dict.fromkeys(self._workers, 0)
        self._busy: dict[str, int] = {}
        self._next = self._turn = self._line = 0
        self._begin(nodes)

    def _begin(self, nodes: list[str]) -> None:
        happen, at = self._files.happen, time.time_ns() // 1000
        happen(ev.TermStarted(at, "load", 1, ev.FORMAT, "0.1.0", "host-a", "b00t", 1, 0))
        output = f"{paths.OUTPUT}/predictions.csv"
        happen(ev.RunConfigured(at, "score.py", "9f86d081", "python3.11", output, 10, Limits()))
        for number, node in enumerate(nodes):
            happen(ev.NodeJoined(at, node, f"host-{number}", 16, 64310, WORKERS))
        happen(ev.MiniBatchesCreated(at, 1_000_000, 10_000_000))
        happen(ev.ListingFinished(at, 1_000_000, 10_000_000))
        for number, worker in enumerate(self._workers):
            happen(ev.WorkerStarting(at, worker, 0))
            happen(ev.WorkerStarting(at, worker, 4000 + number))
            happen(ev.WorkerReady(at, worker, 1_500_000_000, "3.11.7"))
            self._give(worker, at)
        self._files.commit(at, 0, 0)

    def _give(self, worker: str, at: int) -> None:
        self._files.happen(ev.Assigned(at, worker, ((self._next, 1),)))
        self._busy[worker], self._begun[worker] = self._next, at
        self._next += 1

    def _finish(self, worker: str, at: int) -> None:
        begun = self._begun[worker]
        elapsed_ns = max(at - begun, 1) * 1000
        self._files.happen(
            ev.Finished(
                at, worker, self._busy[worker], 1, begun, elapsed_ns, elapsed_ns, elapsed_ns, 10, 10, 10,
                100, 0, 0, 0,
            )
        )  # fmt: skip
        self._give(worker, at)

    def turn(self, seconds: float) -> None:
        """Write what so many seconds bring."""
        at = time.time_ns() // 1000
        for _ in range(int(RECORDS_S * seconds / 2)):
            self._finish(self._workers[self._turn % len(self._workers)], at)
            self._turn += 1
        self._files.commit(at, 0, 0)
        for _ in range(int((LINES_S - RECORDS_S) * seconds)):
            self._line += 1
            path = self._logs[self._line * 7 % len(self._logs)]
            self._writer.append(path, f"scored part-{self._line:06}.csv in 0.8 s, all well\n".encode())


def write(root: Path) -> None:
    """Write until this process is ended; a line on stdout says that the tree is there."""
    load = Load(root)
    print("there", flush=True)
    begun_s, turns = time.monotonic(), 0
    while True:
        load.turn(_TURN_S)
        turns += 1
        time.sleep(max(0.0, begun_s + turns * _TURN_S - time.monotonic()))


def busy(folder: Path, seconds: float) -> None:
    """Watch the job that is being written."""
    tree = folder / "load"
    with subprocess.Popen([sys.executable, __file__, "write", str(tree)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        try:
            for keys, name in (("", "Overview"), ("3", "Nodes"), ("6", "Logs")):
                before = _bytes(tree)
                begun_s = time.monotonic()
                cost = measure(str(tree), seconds, keys, {"XDG_STATE_HOME": str(folder / name)})
                written = (_bytes(tree) - before) / (time.monotonic() - begun_s) / 1000
                print(
                    f"{name:10} {cost.cpu_percent:5.1f} % of a core   "
                    f"{cost.bytes_s / 1000:6.1f} KB/s to the terminal   {cost.rss_mib:4.0f} MiB   "
                    f"tree grows by {written:.0f} KB/s",
                    flush=True,
                )
        finally:
            writer.kill()


def _bytes(tree: Path) -> int:
    return sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())


def large(folder: Path, mini_batches: int) -> None:
    """Open the large tree, again and again: what it takes is the least, for other work only adds to it."""
    tree = folder / "large"
    generate(tree, Golden(mini_batches=mini_batches))
    environ = {"XDG_STATE_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    costs = [measure(str(tree), 3.0, "", environ) for _ in range(OPENINGS)]
    seconds = sorted(cost.first_frame_s for cost in costs)
    print(
        f"opening {mini_batches:,} mini-batches ({_bytes(tree) / 1e6:,.0f} MB): first screen "
        f"{seconds[0]:.2f} s at best, {seconds[len(seconds) // 2]:.2f} s usually, "
        f"then {max(cost.rss_mib for cost in costs):.0f} MiB",
        flush=True,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write(Path(sys.argv[2]))
    with tempfile.TemporaryDirectory() as name:
        busy(Path(name), float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
        large(Path(name), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
