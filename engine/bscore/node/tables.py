"""The CSV files below `logs/perf/<node>/`, with exactly the original's headers (reference 4.5)."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bscore.logtree import paths
from bscore.node.clock import Clock
from bscore.node.lines import LineFile, Stamps
from bscore.node.messages import AgentSetup, WorkerPulse
from bscore.spec.within import open_within

_MB = 1024 * 1024
_HEARTBEAT = "Utc Time,Name,Cpu Percent,Memory (MB),Memory Percent,Mini-batch Id,Running Seconds"
_NODE = (
    "Utc Time,Cpu Percent,Memory Total (MB),Memory Available (MB),Memory Used (MB),Memory Used Percent,"
    "Disk Io Read Count,Disk Io Write Count,Disk Io Read (MB),Disk Io Write (MB),Network Sent (MB),"
    "Network Recv (MB),# of TCP Connections,# of UDP Connections"
)
_PROCESSES = (
    "Utc Time,Name,Cpu Percent,Cpu Time User,Cpu Time System,Memory Used Percent,Disk Io Read Count,"
    "Disk Io Write Count,Disk Io Read (MB),Disk Io Write (MB),Thread Num"
)
_LISTING = ["ps", "aux", "--sort=-%cpu"]


@dataclass(frozen=True, slots=True)
class ProcessSample:
    """One reading of one process; counts are -1 where the system does not tell."""

    name: str
    cpu_percent: float
    user_s: float
    system_s: float
    memory_mb: float
    memory_percent: float
    reads: int = -1
    writes: int = -1
    read_mb: float = -1
    write_mb: float = -1
    threads: int = -1


def read_process(name: str, process: psutil.Process) -> ProcessSample:
    """Read a process now. Raises psutil.Error when it is gone."""
    with process.oneshot():
        times, memory = process.cpu_times(), process.memory_info()
        percent, share = process.cpu_percent(None), process.memory_percent()
        threads = process.num_threads()
        try:
            io_counters = process.io_counters()
        except (psutil.AccessDenied, AttributeError):
            return ProcessSample(
                name, percent, times.user, times.system, memory.rss / _MB, share, threads=threads
            )
    return ProcessSample(
        name,
        percent,
        times.user,
        times.system,
        memory.rss / _MB,
        share,
        io_counters.read_count,
        io_counters.write_count,
        io_counters.read_bytes / _MB,
        io_counters.write_bytes / _MB,
        threads,
    )


class Tables:
    """The resource files of one node, opened when their first row comes."""

    def __init__(self, setup: AgentSetup, clock: Clock) -> None:
        self._tree, self._node = setup.tree, setup.node
        place = paths.heartbeat if setup.resource_monitor_interval_s > 0 else paths.lone_heartbeat
        self._heartbeat = place(setup.node)
        # Its own: this one is used by the sampling thread.
        self._stamps = Stamps(clock)
        self._files: dict[str, LineFile] = {}

    def heartbeat(self, at: int, samples: Sequence[ProcessSample], pulses: Sequence[WorkerPulse]) -> None:
        """One row per process; `pulses` say what each worker runs."""
        running = {pulse.worker.rpartition("/")[2]: pulse for pulse in pulses if pulse.mini_batch >= 0}
        rows = []
        for sample in samples:
            pulse = running.get(sample.name)
            what = [pulse.mini_batch, f"{pulse.running_s:.1f}"] if pulse else ["", ""]
            figures = [f"{sample.cpu_percent:.1f}", f"{sample.memory_mb:.2f}", f"{sample.memory_percent:.1f}"]
            rows.append([self._stamps.iso(at), sample.name, *figures, *what])
        self._append(self._heartbeat, _HEARTBEAT, rows)

    def node(self, at: int, cpu_percent: float, memory: Any) -> None:
        """CPU, memory, disk and network of the whole node."""
        disk, network = psutil.disk_io_counters(), psutil.net_io_counters()
        tcp, udp = _connections()
        row = [self._stamps.iso(at), f"{cpu_percent:.1f}"]
        row += [_mb(memory.total), _mb(memory.available), _mb(memory.used), f"{memory.percent:.1f}"]
        if disk is None:
            row += [""] * 4
        else:
            row += [str(disk.read_count), str(disk.write_count), _mb(disk.read_bytes), _mb(disk.write_bytes)]
        row += [_mb(network.bytes_sent), _mb(network.bytes_recv)] if network else ["", ""]
        self._append(paths.node_resources(self._node), _NODE, [[*row, str(tcp), str(udp)]])

    def disks(self, at: int) -> None:
        """Space on the disk of `/` and on that of the job's directory, where it is another."""
        mounts = ["/"]
        if os.stat(self._tree).st_dev != os.stat("/").st_dev:
            mounts.append(_mount_of(self._tree))
        header, row = ["Utc Time"], [self._stamps.iso(at)]
        for mount in mounts:
            usage = psutil.disk_usage(mount)
            names = ("Total (MB)", "Used (MB)", "Free (MB)", "Used Percent")
            header += [f"Disk ({mount}) {name}" for name in names]
            row += [_mb(usage.total), _mb(usage.used), _mb(usage.free), f"{usage.percent:.1f}"]
        self._append(paths.node_disk(self._node), _csv([header]).rstrip("\n"), [row])

    def processes(self, at: int, samples: Iterable[ProcessSample]) -> None:
        """One row for the agent and one per worker."""
        rows = []
        for s in samples:
            row = [
                self._stamps.iso(at),
                s.name,
                f"{s.cpu_percent:.1f}",
                f"{s.user_s:.2f}",
                f"{s.system_s:.2f}",
            ]
            row += [f"{s.memory_percent:.9f}", _count(s.reads), _count(s.writes)]
            row += [_known(s.read_mb), _known(s.write_mb), _count(s.threads)]
            rows.append(row)
        self._append(paths.process_resources(self._node), _PROCESSES, rows)

    def listing(self, at: int) -> None:
        """What `ps` shows; command lines of other people, hence for the owner's eyes alone."""
        try:
            shown = subprocess.run(_LISTING, capture_output=True, timeout=30, check=False).stdout
        except (FileNotFoundError, subprocess.TimeoutExpired):
            # A slim container has no ps; the tables above say the same about our own processes.
            return
        moment = time.gmtime(at // 1_000_000)
        name = paths.process_listing(
            self._node, time.strftime("%Y%m%d%H", moment), time.strftime("%M", moment)
        )
        if Path(self._tree, name).exists():
            # Of a second one in this minute the name says the second, too.
            name += time.strftime("_%S", moment)
        fd = open_within(self._tree, name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(shown)

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _append(self, name: str, header: str, rows: list[list[Any]]) -> None:
        file = self._files.get(name)
        text = _csv(rows)
        if file is None:
            file = self._files[name] = LineFile(str(self._tree), name)
            if not os.fstat(file.fileno()).st_size:
                text = f"{header}\n{text}"
        file.add(text.encode())


def _csv(rows: list[list[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _mb(count: float) -> str:
    return f"{count / _MB:.2f}"


def _known(mb: float) -> str:
    return f"{mb:.2f}" if mb >= 0 else ""


def _count(count: int) -> str:
    return str(count) if count >= 0 else ""


def _mount_of(path: str) -> str:
    path = os.path.realpath(path)
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return path


def _connections() -> tuple[int, int]:
    """TCP and UDP sockets of the node, those in TIME_WAIT too, as the kernel counts them.

    A list of them costs it milliseconds, on a large machine much more; psutil's walks every descriptor.
    """
    counts = {"TCP": 0, "UDP": 0}
    for name in ("sockstat", "sockstat6"):
        try:
            lines = Path("/proc/net", name).read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            kind, *words = line.split()
            known = dict(zip(words[::2], words[1::2], strict=False))
            if (key := kind.rstrip("6:")) in counts:
                counts[key] += int(known.get("inuse", 0)) + int(known.get("tw", 0))
    return counts["TCP"], counts["UDP"]
