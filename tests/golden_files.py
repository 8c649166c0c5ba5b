"""The files of a golden tree, written as master and agents write them, streaming."""

from __future__ import annotations

import random
from pathlib import Path

from bscore.core import events as ev
from bscore.core import snapshot
from bscore.core.events import FailureKind
from bscore.core.reduce import reduce
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.fitting import fit
from bscore.logtree.job_report import HEADER, Summary, row
from bscore.logtree.overview import due, overview_line, progress
from bscore.logtree.records import JournalCrc, encode
from bscore.logtree.writer import TreeWriter
from bscore.node import tables
from bscore.node.clock import Clock
from bscore.node.lines import Stamps
from bscore.node.messages import AgentSetup, WorkerPulse
from bscore.node.tables import ProcessSample, Tables
from bscore.node.user_errors import UserErrors
from bscore.node.worker_log import AgentLog, WorkerLog

PID = 356
_CHUNK = 256 * 1024
_LOG_LINES = 500


def names(mini_batch: int, items_each: int) -> list[str]:
    first = mini_batch * items_each
    return [f"{number:07}.txt" for number in range(first, first + items_each)]


class Chunks:
    """Text for one file, appended in large pieces."""

    def __init__(self, writer: TreeWriter, path: str) -> None:
        self._writer, self._path = writer, path
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        if self._parts:
            self._writer.append(self._path, b"".join(self._parts))
        self._parts, self._size = [], 0


class MasterFiles:
    """Journal, report, overview and rows of a golden tree."""

    def __init__(self, root: Path, items_each: int) -> None:
        self._writer = TreeWriter(root)
        self._journal = Chunks(self._writer, paths.JOURNAL)
        self._report = Chunks(self._writer, paths.MINI_BATCHES_REPORT)
        self._overview = Chunks(self._writer, paths.OVERVIEW)
        self._output = Chunks(self._writer, f"{paths.OUTPUT}/predictions.csv")
        self._crc = JournalCrc()
        self._items_each = items_each
        self._looks = 0
        self._run = Run()
        self._journal_bytes = self._snapshot_at = self._snapshot_bytes = 0
        self.summary = Summary()
        self.events = 0
        self._report.add(HEADER.encode())

    def happen(self, event: ev.Event) -> None:
        """Write an event's record, and its row where it has one."""
        event = fit(event)
        self._crc.add(self._record(event))
        if type(event) is ev.Assigned:
            return
        cells = row(event, self._names)
        if cells:
            self._report.add(cells.encode("utf-8", "backslashreplace"))
            self.summary.add(event)

    def commit(self, at: int, part_bytes: int, rows: int) -> None:
        """Move the commit point on; after one, a snapshot where a master would write it."""
        self._record(ev.Committed(at, self.events, part_bytes, rows, self._crc.take()))
        if snapshot.due(self._journal_bytes - self._snapshot_at, self._snapshot_bytes):
            self._journal.flush()
            line = snapshot.encode_snapshot(self._run.term, self._journal_bytes, 0, self._run)
            self._snapshot_at, self._snapshot_bytes = self._journal_bytes, len(line)
            self._writer.append(paths.SNAPSHOTS, line)

    def _record(self, event: ev.Event) -> bytes:
        line = encode(event, PID, PID)
        self._journal.add(line)
        self._journal_bytes += len(line)
        reduce(self._run, event)
        self.events += 1
        return line

    def say(self, at: int, message: str) -> None:
        self._overview.add(overview_line(at, message).encode())

    def look(self, at: int, processed: int, total: int, elapsed_s: float) -> None:
        """The overviewer's look, every 10 s."""
        self._looks += 1
        left_s = (total - processed) * elapsed_s / processed if processed else None
        if due(self._looks, left_s):
            self._looks = 0
            self.say(at, progress(processed, total, elapsed_s, left_s))

    def rows(self, data: bytes) -> None:
        self._output.add(data)

    def put(self, path: str, text: str) -> None:
        self._writer.replace(path, text.encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        for chunks in (self._journal, self._report, self._overview, self._output):
            chunks.flush()
        self._writer.close()

    def _names(self, mini_batch: int) -> list[str]:
        return names(mini_batch, self._items_each)


class NodeFiles:
    """What the agent of one node writes: worker logs, errors of the script, tables, user files."""

    def __init__(self, root: Path, node: str, setup: AgentSetup, clock: Clock, seed: int) -> None:
        self._root, self._node = str(root), node
        self._stamps = Stamps(clock)
        self._writer = TreeWriter(root)
        self._tables = Tables(setup, clock)
        self._errors = UserErrors(self._root, node, self._stamps)
        self._main = AgentLog(self._root, node, self._stamps)
        self._logs: dict[str, WorkerLog] = {}
        self._lines: dict[str, int] = {}
        self._printed: dict[str, int] = {}
        self._random = random.Random(seed)
        self._cpu_s: dict[str, float] = {}
        self._resources = False

    def start(self, process: str, pid: int, at: int) -> None:
        log = self._logs[process] = WorkerLog(self._root, self._node, process, pid, self._stamps)
        log.info(at, f"Started, pid {pid}.")
        self._main.write(at, "INFO", PID, f"{process} started with pid {pid}.")
        self._lines[process] = self._printed[process] = 0

    def end(self, process: str, at: int, returncode: int) -> None:
        """The worker's process ended, in the original's words."""
        level = "WARNING" if returncode else "INFO"
        self._main.write(at, level, PID, f"{process} exits with returncode {returncode}.")
        self._logs.pop(process).close()

    def printed(self, process: str, text: str) -> int:
        """What the script prints; returns the bytes reached."""
        if text:
            data = text.encode()
            self._writer.append(paths.user_stdout(self._node, process), data)
            self._printed[process] += len(data)
        return self._printed[process]

    def finished(self, process: str, event: ev.Finished) -> None:
        log = self._logs[process]
        log.finished(event)
        self._lines[process] += 1
        if not self._lines[process] % _LOG_LINES:
            log.flush()

    def failed(self, process: str, event: ev.AttemptFailed) -> None:
        status = "RUN_TIMEOUT" if event.kind is FailureKind.TIMEOUT else "RUN_EXCEPTION"
        self._logs[process].failed(event, status, "Failed to process the mini-batch:")

    def trace(self, process: str, at: int, error_type: str, message: str, line: int) -> str:
        """Write a stack trace; returns where it stands."""
        text = (
            "Traceback (most recent call last):\n"
            f'  File "score.py", line {line}, in run\n'
            "    results.append(model.predict(load(path)))\n"
            f"{error_type}: {message}\n"
        )
        return self._errors.write(at, process, f"{error_type} in run()", text)

    def heartbeat(self, at: int, running: dict[str, tuple[int, int]], step_s: float) -> None:
        """One row per process; `running`: mini-batch and start of what each worker runs (-1: nothing)."""
        samples = [self._sample(name, 1.0 if what[0] >= 0 else 0.0, step_s) for name, what in running.items()]
        agent = self._sample("manager", 0.05, step_s)
        pulses = [
            WorkerPulse(
                f"{self._node}/{name}", sample.cpu_percent, sample.memory_mb, *_pulse(at, *running[name])
            )
            for name, sample in zip(running, samples, strict=True)
        ]
        self._tables.heartbeat(at, [agent, *samples], pulses)

    def resources(self, at: int, processes: list[str]) -> None:
        """The rows of --resource_monitor_interval."""
        samples = [self._sample(name, 0.9, 0.0) for name in ("manager", *processes)]
        self._tables.processes(at, samples)
        used_mb = sum(sample.memory_mb for sample in samples)
        memory = f"64310.00,{64310 - used_mb:.2f},{used_mb:.2f},{used_mb / 643.1:.1f}"
        cpu = 90 * self._random.random()
        line = f"{self._stamps.iso(at)},{cpu:.1f},{memory},1014,1576,8.81,2153.58,21.85,32.43,95,16\n"
        path = paths.node_resources(self._node)
        header = "" if self._resources else f"{tables._NODE}\n"
        self._resources = True
        self._writer.append(path, f"{header}{line}".encode())

    def close(self) -> None:
        for log in self._logs.values():
            log.close()
        self._main.close()
        self._tables.close()
        self._writer.close()

    def _sample(self, name: str, load: float, step_s: float) -> ProcessSample:
        cpu = load * (85 + 15 * self._random.random())
        spent = self._cpu_s[name] = self._cpu_s.get(name, 0.0) + cpu / 100 * step_s
        memory_mb = 310 + 20 * self._random.random()
        return ProcessSample(
            name, cpu, spent * 0.9, spent * 0.1, memory_mb, memory_mb / 643.1, 400, 90, 7.2, 0.1, 10
        )


def _pulse(at: int, mini_batch: int, start: int) -> tuple[int, float]:
    return mini_batch, (at - start) / 1e6 if mini_batch >= 0 else 0.0
