"""Rows of the CSV files below `logs/perf/` as samples; unknown is None, never zero.

Both kinds of files are understood: bscore's heartbeat.csv and the original's own tables, whose
samples may be ten minutes apart.
"""

from __future__ import annotations

import contextlib
import csv
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

#: Samples kept per node; an hour of heartbeats.
MAX_SAMPLES = 720
#: How a heartbeat names the row of the whole node.
NODE_ROW = "node"
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
    #: Time, MB of disk and MB of network of the original's row before, for the rates of the next.
    counters: tuple[int, float, float] | None = None

    def upto(self, at: int) -> list[Sample]:
        """Samples not later than a moment; the original's where there is no heartbeat."""
        return [sample for sample in (self.samples or self.slow) if sample.at <= at]

    def take_heartbeats(self, head: list[str], lines: Iterable[bytes]) -> bool:
        """Rows of heartbeat.csv, oldest first; whether there was one. Of each process the last counts."""
        if "Name" not in head:
            return False
        column, latest = head.index("Name"), dict[str, list[str]]()
        some = False
        for line in lines:
            row = fields_of(line)
            if len(row) <= column:
                continue
            some = True
            if row[column] == NODE_ROW:
                sample = self._node_sample(dict(zip(head, row, strict=False)))
                if sample is not None:
                    self.samples.append(sample)
            else:
                latest[row[column]] = row
        for name, row in latest.items():
            self._take_process(name, dict(zip(head, row, strict=False)))
        return some

    def take_earlier(self, head: list[str], lines: Iterable[bytes]) -> None:
        """Rows of heartbeat.csv from before those known, the latest first: only those of the node matter."""
        for line in lines:
            if len(self.samples) == MAX_SAMPLES:
                return
            sample = self._node_sample(dict(zip(head, fields_of(line), strict=False)))
            if sample is not None:
                self.samples.appendleft(sample)

    def _node_sample(self, row: dict[str, str]) -> Sample | None:
        at = moment_of(row.get("Utc Time", ""))
        if at is None:
            return None
        memory, percent = _number(row.get("Memory (MB)")), _number(row.get("Memory Percent"))
        if memory and percent:
            self.memory_total_mb = memory * 100 / percent
        return Sample(at, _number(row.get("Cpu Percent")), memory, percent)

    def _take_process(self, name: str, row: dict[str, str]) -> None:
        at = moment_of(row.get("Utc Time", ""))
        if at is None:
            return
        cpu, memory = _number(row.get("Cpu Percent")), _number(row.get("Memory (MB)"))
        running = _number(row.get("Mini-batch Id"))
        self.processes[name] = ProcessUsage(at, cpu, memory, None if running is None else int(running))

    def take_resources(self, head: list[str], lines: Iterable[bytes]) -> bool:
        """Rows of the original's table of the node, oldest first; whether there was one."""
        some = False
        for line in lines:
            some = True
            self._take_resource(dict(zip(head, fields_of(line), strict=False)))
        return some

    def _take_resource(self, row: dict[str, str]) -> None:
        at = moment_of(row.get("Utc Time", ""))
        if at is None:
            return
        self.memory_total_mb = _number(row.get("Memory Total (MB)")) or self.memory_total_mb
        disk = _sum(_number(row.get("Disk Io Read (MB)")), _number(row.get("Disk Io Write (MB)")))
        network = _sum(_number(row.get("Network Sent (MB)")), _number(row.get("Network Recv (MB)")))
        before = self.counters
        rates: tuple[float | None, float | None] = (None, None)
        if disk is not None and network is not None:
            self.counters = at, disk, network
            if before is not None and at > before[0]:
                seconds = (at - before[0]) / 1e6
                rates = max(disk - before[1], 0.0) / seconds, max(network - before[2], 0.0) / seconds
        self.slow.append(
            Sample(
                at,
                _number(row.get("Cpu Percent")),
                _number(row.get("Memory Used (MB)")),
                _number(row.get("Memory Used Percent")),
                *rates,
            )
        )


def fields_of(line: bytes) -> list[str]:
    """The fields of one line of CSV."""
    text = line.decode("utf-8", "replace").replace("\0", "")
    if '"' in text:
        with contextlib.suppress(csv.Error):
            return next(csv.reader([text]), [])
    return text.split(",")


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < 1e18 else None


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def moment_of(text: str) -> int | None:
    """Microseconds UTC of a time in ISO 8601, taken as UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round((moment - _EPOCH).total_seconds() * 1e6)
