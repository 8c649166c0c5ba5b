"""How soon 401 files of 1.26 GB are seen and indexed: 400 workers' logs and a journal of a million records.

python tests/benchmarks/monitor_tree.py [rounds] [folder to keep the tree in]

Printed are seconds from the start of the command to the first screen and to rest (all is indexed once the
processor is no longer used), and the most memory on the way; beside them lnav, where it is installed.
Targets: 0.8 s, 2.5 s, 120 MiB.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

import psutil
from monitor_idle import drawn, end, on_terminal, read

from bscore.core import events as ev
from bscore.core.check import check
from bscore.core.limits import Limits
from bscore.core.ranges import Ranges
from bscore.core.reduce import reduce
from bscore.core.snapshot import SHAPE, encode_snapshot
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.grammar import second_text
from bscore.logtree.records import encode

NODES, WORKERS = 50, 8
MINI_BATCHES = 500_000
LOG_LINES = 20_000
START_US = 1_790_000_000_000_000
#: The journal goes on so far behind its last snapshot.
BEHIND = 5_200
_STEP_US = 7_000
_PID = 356
#: Nothing was done for so long: at rest.
_REST_S = 0.4
_LIMIT_S = 120.0


@dataclass(frozen=True)
class Opening:
    """Seconds to the first screen and to rest; the most MiB."""

    first_s: float
    rest_s: float
    peak_mib: float


def make(tree: Path) -> None:
    """Write the tree: one log's bytes repeated, a journal by its own shape, a snapshot near its end."""
    workers = [f"10.0.0.{node + 4}/process{number:03}" for node in range(NODES) for number in range(WORKERS)]
    _journal(tree, workers)
    lines = [
        b"%s,%03d|INFO|4048|Finished mini-batch task_id=%d dequeue_count=1 status=RUN_DONE total=1 "
        b"succeeded=1 failed=0 pid=4048\n"
        % (second_text(START_US // 1_000_000 + n // 5).encode(), n % 1000, n * 400)
        for n in range(LOG_LINES)
    ]
    lines[LOG_LINES // 2] += b'Traceback (most recent call last):\n  File "score.py", line 12, in run\n'
    data = b"".join(lines)
    for worker in workers:
        path = tree / paths.worker_log(*worker.split("/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _journal(tree: Path, workers: list[str]) -> None:
    run, head = Run(), bytearray()

    def happen(event: ev.Event) -> None:
        head.extend(encode(event, _PID, _PID))
        reduce(run, event)

    for event in _beginning(workers):
        happen(event)
    for number in range(len(workers)):
        for event in _pair(workers, number):
            happen(event)
    journal = tree / paths.JOURNAL
    journal.parent.mkdir(parents=True)
    with journal.open("wb") as file:
        file.write(head)
        for number in range(len(workers), MINI_BATCHES):
            if number == MINI_BATCHES - BEHIND:
                line = encode_snapshot(1, file.tell(), 0, _later(run, number))
            file.write(_lines(workers, number))
    (tree / paths.SNAPSHOTS).parent.mkdir()
    (tree / paths.SNAPSHOTS).write_bytes(line)


def _beginning(workers: list[str]) -> Iterator[ev.Event]:
    at = START_US
    yield ev.TermStarted(at, "tree", 1, ev.FORMAT, "0.1.0", "host-a", "b00t", _PID, 0)
    yield ev.RunConfigured(at, "score.py", "9f86", "python3.11", "outputs/p.csv", 1, Limits())
    for node in dict.fromkeys(worker.split("/")[0] for worker in workers):
        yield ev.NodeJoined(at, node, "host", 16, 64310, WORKERS)
    yield ev.MiniBatchesCreated(at, 2 * MINI_BATCHES, 2 * MINI_BATCHES)
    yield ev.ListingFinished(at, 2 * MINI_BATCHES, 2 * MINI_BATCHES)
    for worker in workers:
        yield ev.WorkerStarting(at, worker, 0)
        yield ev.WorkerStarting(at, worker, 4000)
        yield ev.WorkerReady(at, worker, 1_500_000_000, "3.11.7")


def _pair(workers: list[str], number: int) -> tuple[ev.Assigned, ev.Finished]:
    """A mini-batch is given to a worker, which does it at once."""
    at, worker = START_US + number * _STEP_US, workers[number % len(workers)]
    took = 5_000_000
    return ev.Assigned(at, worker, ((number, 1),)), ev.Finished(
        at + 6_000, worker, number, 1, at, took, took, took, 1, 1, 1, 14, 0, 0, 0
    )


def _lines(workers: list[str], number: int) -> bytes:
    """What `encode` makes of `_pair`, ten times as fast."""
    at, worker = START_US + number * _STEP_US, workers[number % len(workers)]
    given, done = (_stamp(moment) for moment in (at, at + 6_000))
    text = (
        f"{given}|INFO|{_PID}|{_PID}|Assigned worker={worker} ids={number} us={at % 1000:03}\n"
        f"{done}|INFO|{_PID}|{_PID}|Finished id={number} worker={worker} late=1000 took=5000000 cpu=5000000 "
        f"run=5000000 items=1 bytes=14 logs=0,0,0 us={at % 1000:03}\n"
    ).encode()
    if number % 100_000 == 0:
        assert text == b"".join(encode(event, _PID, _PID) for event in _pair(workers, number)), text
    return text


def _stamp(at: int) -> str:
    return f"{second_text(at // 1_000_000)},{at // 1000 % 1000:03}"


def _later(run: Run, number: int) -> Run:
    """The run when so many mini-batches are done, as folding all of them would leave it."""
    each = number // len(run.done)
    run.histogram = [count * each for count in run.histogram]
    run.run_ns, run.finished_us = run.run_ns * each, run.finished_us * each
    run.done, run.next_new = Ranges([(0, number)]), number
    run.done_items = run.succeeded_items = run.rows = number
    run.last = run.last_progress = START_US + number * _STEP_US
    run.uncommitted.clear()
    check(run)
    return run


def opening(command: list[str], environ: dict[str, str], seen: Callable[[bytes], bool]) -> Opening:
    """Run a viewer on a terminal until it is at rest."""
    began_s = time.monotonic()
    pid, fd = on_terminal(command, environ)
    try:
        _, first_s = drawn(fd, began_s, seen)
        process, busy_s, peak, used_s = psutil.Process(pid), time.monotonic(), 0, 0.0
        while (now_s := time.monotonic()) - busy_s < _REST_S and now_s - began_s < _LIMIT_S:
            read(fd, 0.05)
            now_used_s, rss = _usage([process, *process.children()])
            peak = max(peak, rss)
            # A process that ended takes its time along.
            if abs(now_used_s - used_s) > 0.03:
                busy_s, used_s = time.monotonic(), now_used_s
    finally:
        end(pid, fd)
    return Opening(first_s, busy_s - began_s, peak / 2**20)


def _usage(processes: list[psutil.Process]) -> tuple[float, int]:
    """Seconds of processor and bytes of memory of all that are still there (shared pages count twice)."""
    used_s, rss = 0.0, 0
    for process in processes:
        try:
            times = process.cpu_times()
            used_s, rss = used_s + times.user + times.system, rss + process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return used_s, rss


@contextmanager
def tree_in(folder: str | None) -> Iterator[Path]:
    """The tree, made where it is not there yet."""
    with tempfile.TemporaryDirectory() as name:
        # A snapshot is only read by the version that wrote it.
        tree = Path(folder or name) / f"tree-{SHAPE}"
        if not tree.exists():
            make(tree.with_name("unfinished"))
            tree.with_name("unfinished").rename(tree)
        yield tree


def report(name: str, found: Opening) -> None:
    """One line."""
    print(
        f"{name:22} first screen {found.first_s:5.2f} s   at rest {found.rest_s:5.2f} s   "
        f"{found.peak_mib:5.0f} MiB at most   load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main(rounds: int, folder: str | None) -> None:
    """Open the tree again and again."""
    with tree_in(folder) as tree, tempfile.TemporaryDirectory() as home:
        files = [path for path in (tree / "logs").rglob("*") if path.is_file()]
        for path in files:
            path.read_bytes()
        nbytes = sum(path.stat().st_size for path in files)
        print(f"{len(files)} files, {nbytes / 1e9:.2f} GB")
        for number in range(rounds):
            environ = {"XDG_STATE_HOME": home, "XDG_CACHE_HOME": f"{home}/{number}"}
            command = [sys.executable, "-m", "bscore_tui", str(tree)]
            report("bscore-tui, no cache", opening(command, environ, lambda data: b"quit" in data))
            report("bscore-tui again", opening(command, environ, lambda data: b"quit" in data))
        lnav = shutil.which("lnav")
        if lnav:
            command = [lnav, "-N", "-r", str(tree / "logs")]
            report("lnav", opening(command, {"HOME": home}, lambda data: b"INFO" in data))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2] if len(sys.argv) > 2 else None)
