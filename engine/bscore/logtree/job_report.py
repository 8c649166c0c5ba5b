"""`logs/sys/job_report`: one row per attempt and per loaded script, sums per process and node. Pure.

The header of the first file is the original's (reference 4.4); of the sums nobody has shown one, so
their columns are the same words, added up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from json import dumps

from bscore.core.error_words import error_words
from bscore.core.events import AttemptFailed, Event, FailureKind, Finished, InitFailed, WorkerReady
from bscore.logtree.overview import iso
from bscore.logtree.paths import split_worker

HEADER = (
    "Mini-batch Id,Picked Count,Ip Address,Process,Start Time,Total,Succeeded,Failed,Elapsed Seconds,"
    "Process Seconds,Run Method Seconds,Status,Error Category,Error Message,Mini-batch Detail\n"
)
_SUMS = (
    "Mini-batches,Picked Count,Total,Succeeded,Failed,Elapsed Seconds,Process Seconds,Run Method Seconds,"
    "Run Exceptions,Run Timeouts,First Start Time,Last End Time\n"
)
PROCESS_HEADER = f"Ip Address,Process,{_SUMS}"
NODE_HEADER = f"Ip Address,Processes,{_SUMS}"
#: Processes with a row of their own; those of a crash loop beyond share one per node.
MAX_PROCESSES = 10_000
OTHER = "other"
#: What JSON writes as it is.
_PLAIN = re.compile(r"[ !#-\[\]-~]*")

Names = Callable[[int], list[str]]
_Cell = str | int
_SUMMED = (Finished, AttemptFailed, WorkerReady)


def row(event: Event, names: Names) -> str:
    """The event's row, newline included; "" for an event that has none.

    `names` gives the names of a mini-batch's items as the script got them.
    """
    if type(event) is Finished:
        return _finished(event, names(event.mini_batch))
    if isinstance(event, AttemptFailed):
        return _failed(event, names(event.mini_batch))
    if isinstance(event, WorkerReady):
        start = iso(event.at - event.init_ns // 1000)
        cells: list[_Cell] = [*split_worker(event.worker), start, "", "", "", seconds(event.init_ns)]
        return _line(["", "", *cells, "", "", "LOAD_DONE", "", "", ""])
    if isinstance(event, InitFailed):
        status = "LOAD_TIMEOUT" if event.kind is FailureKind.TIMEOUT else "LOAD_EXCEPTION"
        cells = ["", "", *split_worker(event.worker), iso(event.at), "", "", "", "", "", "", status]
        return _line([*cells, event.kind.value, error_words(event.error_type, event.message), ""])
    return ""


def _finished(event: Finished, items: list[str]) -> str:
    """Written out, because a row is due for every mini-batch of a job (a third of the general way)."""
    mini_batch, total, succeeded = event.mini_batch, event.items, event.succeeded
    detail = _doubled(items)
    return (
        f"{mini_batch},{event.attempt},{_worker(event.worker)},{iso(event.start)},"
        f"{total},{succeeded},{total - succeeded},"
        f"{seconds(event.elapsed_ns)},{seconds(event.process_ns)},{seconds(event.run_ns)},RUN_DONE,,,"
        f'"{{""id"": {mini_batch}, ""minibatch"": {detail}}}"\n'
    )


def _failed(event: AttemptFailed, items: list[str]) -> str:
    detail = {"id": event.mini_batch, "minibatch": items, "place": event.place, "trace": event.trace}
    times = map(seconds, (event.elapsed_ns, event.process_ns, event.run_ns))
    counts = [event.items, 0, event.items]
    status = "RUN_TIMEOUT" if event.kind is FailureKind.TIMEOUT else "RUN_EXCEPTION"
    message = error_words(event.error_type, event.message)
    who: list[_Cell] = [event.mini_batch, event.attempt, *split_worker(event.worker), iso(event.start)]
    return _line([*who, *counts, *times, status, event.kind.value, message, dumps(detail)])


def _doubled(items: list[str]) -> str:
    """A JSON list as it stands in a quoted cell; names of plain characters need no encoder."""
    if items and _PLAIN.fullmatch("".join(items)):
        return '[""' + '"", ""'.join(items) + '""]'
    return dumps(items).replace('"', '""')


@lru_cache(maxsize=4096)
def _worker(worker: str) -> str:
    return ",".join(map(_cell, split_worker(worker)))


def seconds(nanoseconds: int) -> str:
    """Nanoseconds as seconds with nine decimals; "" where they are not known (negative)."""
    if nanoseconds < 0:
        return ""
    return "%d.%09d" % divmod(nanoseconds, 1_000_000_000)  # noqa: UP031  # half the time of an f-string


def _line(cells: Iterable[_Cell]) -> str:
    return ",".join(map(_cell, cells)) + "\n"


def _cell(value: _Cell) -> str:
    text = str(value)
    if text.isalnum():
        return text
    text = text.replace("\r", "\\r").replace("\n", "\\n")
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


@dataclass(slots=True)
class _Sums:
    """What one process did, added up."""

    processes: int = 1
    mini_batches: int = 0
    picked: int = 0
    total: int = 0
    succeeded: int = 0
    elapsed_ns: int = 0
    process_ns: int = 0
    run_ns: int = 0
    exceptions: int = 0
    timeouts: int = 0
    first: int | None = None
    last: int = 0

    def add(self, event: Finished | AttemptFailed) -> None:
        self.picked += 1
        self.total += event.items
        self.elapsed_ns += max(event.elapsed_ns, 0)
        self.process_ns += max(event.process_ns, 0)
        self.run_ns += max(event.run_ns, 0)
        self.first = event.start if self.first is None else min(self.first, event.start)
        self.last = max(self.last, event.at)
        if isinstance(event, Finished):
            self.mini_batches += 1
            self.succeeded += event.succeeded
        elif event.kind is FailureKind.TIMEOUT:
            self.timeouts += 1
        else:
            self.exceptions += 1

    def merge(self, other: _Sums) -> None:
        self.processes += other.processes
        self.mini_batches += other.mini_batches
        self.picked += other.picked
        self.total += other.total
        self.succeeded += other.succeeded
        self.elapsed_ns += other.elapsed_ns
        self.process_ns += other.process_ns
        self.run_ns += other.run_ns
        self.exceptions += other.exceptions
        self.timeouts += other.timeouts
        firsts = [first for first in (self.first, other.first) if first is not None]
        self.first = min(firsts, default=None)
        self.last = max(self.last, other.last)

    def cells(self) -> list[_Cell]:
        times = map(seconds, (self.elapsed_ns, self.process_ns, self.run_ns))
        counts = [self.mini_batches, self.picked, self.total, self.succeeded, self.total - self.succeeded]
        span = ["", ""] if self.first is None else [iso(self.first), iso(self.last)]
        return [*counts, *times, self.exceptions, self.timeouts, *span]


class Summary:
    """Adds up attempts per process; memory follows the number of processes, at most `MAX_PROCESSES`."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], _Sums] = {}

    def add(self, event: Event) -> None:
        """Count an event; those without a row of numbers only make their process known."""
        if not isinstance(event, _SUMMED):
            return
        key = split_worker(event.worker)
        sums = self._sums.get(key)
        if sums is None:
            if len(self._sums) >= MAX_PROCESSES:
                key = (key[0], OTHER)
            sums = self._sums.setdefault(key, _Sums())
        if not isinstance(event, WorkerReady):
            sums.add(event)

    def process_rows(self) -> Iterator[str]:
        """`process_summary.csv`, header first, by node and process."""
        yield PROCESS_HEADER
        for key, sums in sorted(self._sums.items()):
            yield _line([*key, *sums.cells()])

    def node_rows(self) -> Iterator[str]:
        """`node_summary.csv`, header first, by node."""
        yield NODE_HEADER
        nodes: dict[str, _Sums] = {}
        for (node, _), sums in sorted(self._sums.items()):
            nodes.setdefault(node, _Sums(processes=0)).merge(sums)
        for node, sums in nodes.items():
            yield _line([node, sums.processes, *sums.cells()])
