"""Resources of a node, its agent and its workers, sampled in a thread of its own (reference 4.5).

Every `heartbeat_s`: heartbeat.csv and the heartbeat for the master. Every `resource_monitor_interval_s`
(0: never), the first soon after the start: the original's three tables and a listing of all processes. Both
once more at the end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress

import psutil

from bscore.node import tables
from bscore.node.clock import Clock
from bscore.node.messages import AgentSetup, Heartbeat, WorkerPulse
from bscore.node.worker import Worker

#: The first samples come this long after the start: a percentage needs two readings.
_FIRST_S = 1.0
#: What is newer is the last sample.
_LAST_AFTER_S = 0.5
#: Pause between two workers, so that hundreds of them never hold the interpreter lock in one piece.
_BREATH_S = 0.0005
_MB = 1024 * 1024


class Sampler:
    """Samples until stopped. `workers` is the agent's own table, read here and never changed."""

    def __init__(self, setup: AgentSetup, clock: Clock, workers: Mapping[str, Worker]) -> None:
        self._setup = setup
        self._clock = clock
        self._workers = workers
        self._tables = tables.Tables(setup, clock)
        self._manager = psutil.Process()
        self._known: dict[int, psutil.Process] = {}
        self._latest: Heartbeat | None = None
        #: What a sample broke with that is none of a full disk or a process that ended; "" for nothing.
        self.trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bscore-sampler", daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def finish(self) -> None:
        """Take the last sample now, while the workers may still be there, and end."""
        self._stop.set()

    def stop(self) -> None:
        """End the thread and close the files."""
        self._stop.set()
        self._thread.join(timeout=5.0)
        self._tables.close()

    def take_heartbeat(self) -> Heartbeat | None:
        """The latest heartbeat, once."""
        if self._latest is None:
            return None
        latest, self._latest = self._latest, None
        return latest

    def _run(self) -> None:
        with suppress(OSError, psutil.Error):
            # The first reading of a percentage says nothing.
            psutil.cpu_percent(None)
            self._manager.cpu_percent(None)
        interval_s = self._setup.resource_monitor_interval_s
        beat_s = time.monotonic() + min(_FIRST_S, self._setup.heartbeat_s)
        full_s = time.monotonic() + _FIRST_S if interval_s > 0 else float("inf")
        sampled_s = 0.0
        while not self._stop.wait(max(0.0, min(beat_s, full_s) - time.monotonic())):
            now_s = time.monotonic()
            beat_due, full_due = now_s >= beat_s, now_s >= full_s
            if beat_due:
                beat_s = now_s + self._setup.heartbeat_s
            if full_due:
                full_s = now_s + interval_s
            self._try_sample(beat_due, full_due)
            sampled_s = now_s
        # Nothing came of a shorter life: a percentage needs two readings.
        if 0 < sampled_s < time.monotonic() - _LAST_AFTER_S:
            self._try_sample(beat=True, full=interval_s > 0)

    def _try_sample(self, beat: bool, full: bool) -> None:
        try:
            self._sample(beat, full)
        except (OSError, psutil.Error):
            # A full disk or a vanished /proc entry costs this sample, not the next one.
            return
        except Exception as error:  # noqa: BLE001  # so does what nobody thought of, which is said
            self.trouble = f"{type(error).__name__}: {error}"

    def _sample(self, beat: bool, full: bool) -> None:
        at = self._clock.now()
        cpu, memory = psutil.cpu_percent(None), psutil.virtual_memory()
        rows = [tables.read_process("manager", self._manager)]
        pulses = []
        workers = list(self._workers.values())
        self._forget({worker.system.pid for worker in workers})
        for worker in workers:
            try:
                sample = tables.read_process(worker.process, self._process(worker.system.pid))
            except psutil.Error:
                continue
            rows.append(sample)
            pulses.append(self._pulse(worker, sample))
            self._stop.wait(_BREATH_S)
        if beat:
            node = tables.ProcessSample(
                "node", cpu, 0.0, 0.0, (memory.total - memory.available) / _MB, memory.percent
            )
            self._tables.heartbeat(at, [node, *rows], pulses)
            self._latest = Heartbeat(at, cpu, node.memory_mb, memory.total / _MB, tuple(pulses))
        if full:
            self._tables.node(at, cpu, memory)
            self._tables.disks(at)
            self._tables.processes(at, rows)
            self._tables.listing(at)

    def _pulse(self, worker: Worker, sample: tables.ProcessSample) -> WorkerPulse:
        running = worker.running
        if running is None:
            return WorkerPulse(worker.name, sample.cpu_percent, sample.memory_mb, -1, 0.0)
        running_s = (self._clock.monotonic_ns() - running.start_ns) / 1e9
        mini_batch = running.pending.batch.mini_batch
        return WorkerPulse(worker.name, sample.cpu_percent, sample.memory_mb, mini_batch, max(0.0, running_s))

    def _process(self, pid: int) -> psutil.Process:
        known = self._known.get(pid)
        if known is None:
            known = self._known[pid] = psutil.Process(pid)
            known.cpu_percent(None)
        return known

    def _forget(self, living: set[int]) -> None:
        for pid in self._known.keys() - living:
            del self._known[pid]
