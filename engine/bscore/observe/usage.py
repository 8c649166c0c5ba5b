"""Resources of nodes and workers, out of the CSV files below `logs/perf/`: the latest, and a history.

Both kinds of files are understood: bscore's heartbeat.csv and the original's own tables, whose
samples may be ten minutes apart. Unknown is None, never zero.
"""

from __future__ import annotations

import csv
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bscore.logtree import paths
from bscore.logtree.reader import Tail
from bscore.logtree.source import Source

#: Samples kept per node; an hour of heartbeats.
MAX_SAMPLES = 720
#: What is read of a file's end at first.
_FIRST_BYTES = 512 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """A process at one moment (microseconds UTC)."""

    at: int
    cpu_percent: float | None
    memory_mb: float | None
    #: What it was running, where the sample says.
    mini_batch: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A node at one moment; disk and network are rates since the sample before, in MB/s."""

    at: int
    cpu_percent: float | None = None
    memory_mb: float | None = None
    memory_percent: float | None = None
    disk_mb_s: float | None = None
    network_mb_s: float | None = None


@dataclass(slots=True)
class NodeUsage:
    """What is known of one node."""

    node: str
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=MAX_SAMPLES))
    #: Samples of the original's table, where disk and network stand.
    slow: deque[Sample] = field(default_factory=lambda: deque(maxlen=MAX_SAMPLES))
    processes: dict[str, ProcessUsage] = field(default_factory=dict)
    memory_total_mb: float | None = None

    def upto(self, at: int) -> list[Sample]:
        """Samples not later than a moment; the original's where there is no heartbeat."""
        return [sample for sample in (self.samples or self.slow) if sample.at <= at]


class UsageReader:
    """Follows the tables of all nodes of a tree."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.nodes: dict[str, NodeUsage] = {}
        self._tails: dict[str, Tail] = {}
        self._heads: dict[str, list[str]] = {}
        self._counters: dict[str, tuple[int, float, float]] = {}

    def poll(self, nodes: list[str]) -> bool:
        """Read what is new of these nodes; whether anything was."""
        changed = False
        for node in nodes:
            usage = self.nodes.setdefault(node, NodeUsage(node))
            for path, take in (
                (paths.heartbeat(node), self._take_heartbeat),
                (paths.node_resources(node), self._take_node),
            ):
                for row in self._rows(path):
                    changed = True
                    take(usage, row)
        return changed

    def _rows(self, path: str) -> list[dict[str, str]]:
        tail = self._tails.get(path)
        if tail is None:
            entry = self._source.stat(path)
            if entry is None:
                return []
            head = self._source.read(path, 0, 4096).partition(b"\n")[0]
            self._heads[path] = _fields(head)
            start = max(0, entry.size - _FIRST_BYTES)
            if start:
                start += self._source.read(path, start, 4096).find(b"\n") + 1
            tail = self._tails[path] = Tail(self._source, path, start)
        rows: list[dict[str, str]] = []
        while True:
            batch = tail.poll()
            names = self._heads[path]
            rows += [dict(zip(names, _fields(line.data), strict=False)) for line in batch.lines]
            if not batch.more:
                return rows

    def _take_heartbeat(self, usage: NodeUsage, row: dict[str, str]) -> None:
        at = _moment(row.get("Utc Time", ""))
        if at is None:
            return
        cpu, memory = _number(row.get("Cpu Percent")), _number(row.get("Memory (MB)"))
        name = row.get("Name", "")
        if name == "node":
            percent = _number(row.get("Memory Percent"))
            usage.samples.append(Sample(at, cpu, memory, percent))
            if memory and percent:
                usage.memory_total_mb = memory * 100 / percent
        else:
            running = _number(row.get("Mini-batch Id"))
            usage.processes[name] = ProcessUsage(at, cpu, memory, None if running is None else int(running))

    def _take_node(self, usage: NodeUsage, row: dict[str, str]) -> None:
        at = _moment(row.get("Utc Time", ""))
        if at is None:
            return
        total = _number(row.get("Memory Total (MB)"))
        if total:
            usage.memory_total_mb = total
        disk = _sum(_number(row.get("Disk Io Read (MB)")), _number(row.get("Disk Io Write (MB)")))
        network = _sum(_number(row.get("Network Sent (MB)")), _number(row.get("Network Recv (MB)")))
        before = self._counters.get(usage.node)
        rates: tuple[float | None, float | None] = (None, None)
        if before is not None and at > before[0] and disk is not None and network is not None:
            seconds = (at - before[0]) / 1e6
            rates = (max(disk - before[1], 0.0) / seconds, max(network - before[2], 0.0) / seconds)
        if disk is not None and network is not None:
            self._counters[usage.node] = (at, disk, network)
        usage.slow.append(
            Sample(
                at,
                _number(row.get("Cpu Percent")),
                _number(row.get("Memory Used (MB)")),
                _number(row.get("Memory Used Percent")),
                *rates,
            )
        )


def _fields(line: bytes) -> list[str]:
    return next(csv.reader([line.decode("utf-8", "replace").replace("\0", "")]), [])


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < 1e18 else None


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def _moment(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round((moment - _EPOCH).total_seconds() * 1e6)
