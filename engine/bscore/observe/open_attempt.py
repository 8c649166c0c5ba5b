"""The attempt that a worker is at now: since when it has the mini-batch, where its output of it begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bscore.core.events import Assigned, AttemptFailed, Event, Finished
from bscore.logtree.journal import terms
from bscore.logtree.records import StrangeLine, decode
from bscore.logtree.source import Source
from bscore.observe.past import offset_at
from bscore.observe.story import BACK_BYTES, lines_before

_BLOCK = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """`stdout`, `stderr` and `log` are the bytes that the worker's user files had when it began.

    -1 where that is not known. `assigned` is when the mini-batch was given to the worker.
    """

    assigned: int | None
    stdout: int
    stderr: int
    log: int


def open_attempt(source: Source, mini_batch: int, worker: str, until: int | None = None) -> OpenAttempt:
    """What the journal of the last term says of a mini-batch that `worker` is running.

    `until` is the moment looked at (microseconds UTC), None for now.
    """
    assigned: int | None = None
    previous: Finished | AttemptFailed | None = None
    for event in _of_worker(source, worker, until):
        if isinstance(event, Finished | AttemptFailed):
            previous = previous or event
        elif isinstance(event, Assigned) and _holds(event, mini_batch):
            assigned = event.at
        if assigned is not None and previous is not None:
            break
    if previous is None:
        return OpenAttempt(assigned, 0, 0, 0)
    return OpenAttempt(assigned, previous.stdout, previous.stderr, previous.log)


def _holds(event: Assigned, mini_batch: int) -> bool:
    return any(first <= mini_batch < first + count for first, count in event.pairs)


def _of_worker(source: Source, worker: str, until: int | None) -> Iterator[Event]:
    """Records of one worker, the last first: from its last one on, however far back, a bounded stretch."""
    found = terms(source)
    if not found:
        return
    path, needle = found[-1].path, b" worker=%b " % worker.encode()
    entry = source.stat(path)
    end = entry.size if entry is not None else 0
    if until is not None:
        end = offset_at(source, path, until)
    end = _behind_last(source, path, end, needle)
    for _, line in lines_before(source, path, end, BACK_BYTES):
        if needle in line:
            event = decode(line)
            if not isinstance(event, StrangeLine):
                yield event


def _behind_last(source: Source, path: str, end: int, needle: bytes) -> int:
    """Behind the last line before `end` that holds the needle: a worker that hangs was long silent."""
    stop, later = end, b""
    while stop > 0:
        start = max(0, stop - _BLOCK)
        data = source.read(path, start, stop - start) + later
        hit = data.rfind(needle)
        if hit >= 0:
            line_end = data.find(b"\n", hit)
            return start + line_end + 1 if line_end >= 0 else start + data.rfind(b"\n", 0, hit) + 1
        later, stop = data[: len(needle)], start
    return 0
