"""What the journal says of one mini-batch, and what it said last before a place. Searches, folds nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bscore.core.events import Assigned, AttemptFailed, Event, Finished
from bscore.logtree.journal import terms
from bscore.logtree.records import StrangeLine, decode
from bscore.logtree.source import Source

_BLOCK = 1024 * 1024
#: How far before an attempt's end its assignment and its worker's previous answer are looked for.
BACK_BYTES = 4 * 1024 * 1024
#: Events kept of one mini-batch.
MAX_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that is over: its record, where that stands, and what came just before it.

    `stdout`, `stderr` and `log` are the bytes (from, to) that the worker's user files grew by meanwhile;
    None where that is not known. `assigned` is when it was given to the worker.
    """

    event: Finished | AttemptFailed
    path: str
    offset: int
    assigned: int | None
    stdout: tuple[int, int] | None
    stderr: tuple[int, int] | None
    log: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything of one mini-batch, oldest first."""

    mini_batch: int
    attempts: tuple[Attempt, ...]
    #: Stacks taken, answers dropped, abandoned.
    others: tuple[Event, ...]


def story_of(source: Source, mini_batch: int, until: int | None = None) -> Story:
    """Search all journals for a mini-batch, up to the moment `until` (microseconds UTC)."""
    attempts: list[Attempt] = []
    others: list[Event] = []
    needle = b" id=%d " % mini_batch
    for term in terms(source):
        for offset, line in lines_with(source, term.path, term.upto, needle):
            event = decode(line)
            if isinstance(event, StrangeLine) or getattr(event, "mini_batch", None) != mini_batch:
                continue
            if until is not None and event.at > until:
                return Story(mini_batch, tuple(attempts), tuple(others))
            if isinstance(event, Finished | AttemptFailed):
                attempts.append(attempt_at(source, term.path, offset, event))
            else:
                others.append(event)
            if len(attempts) + len(others) >= MAX_EVENTS:
                return Story(mini_batch, tuple(attempts), tuple(others))
    return Story(mini_batch, tuple(attempts), tuple(others))


def attempt_at(source: Source, path: str, offset: int, event: Finished | AttemptFailed) -> Attempt:
    """The attempt whose record stands at a place of a journal."""
    needle = b" worker=%b " % event.worker.encode()
    assigned: int | None = None
    previous: Finished | AttemptFailed | None = None
    for _, line in lines_before(source, path, offset, BACK_BYTES):
        if needle not in line:
            continue
        earlier = decode(line)
        if isinstance(earlier, Assigned) and assigned is None:
            if any(first <= event.mini_batch < first + count for first, count in earlier.pairs):
                assigned = earlier.at
        elif isinstance(earlier, Finished | AttemptFailed) and previous is None:
            previous = earlier
        if assigned is not None and previous is not None:
            break
    return Attempt(
        event,
        path,
        offset,
        assigned,
        _span(previous.stdout if previous else 0, event.stdout),
        _span(previous.stderr if previous else 0, event.stderr),
        _span(previous.log if previous else 0, event.log),
    )


def _span(start: int, end: int) -> tuple[int, int] | None:
    return (max(start, 0), end) if end >= max(start, 0) and end >= 0 else None


def lines_with(
    source: Source, path: str, upto: int | None, needle: bytes, begin: int = 0
) -> Iterator[tuple[int, bytes]]:
    """(offset, line) of each whole line of a journal that holds the needle, between two offsets."""
    offset, carry = begin, b""
    while upto is None or offset < upto:
        data = source.read(path, offset, _BLOCK if upto is None else min(_BLOCK, upto - offset))
        if not data:
            return
        offset += len(data)
        data = carry + data
        whole = data.rfind(b"\n") + 1
        position = 0
        while (hit := data.find(needle, position, whole)) >= 0:
            start, end = data.rfind(b"\n", 0, hit) + 1, data.index(b"\n", hit)
            yield offset - len(data) + start, data[start:end]
            position = end
        carry = data[whole:]
        if len(carry) > _BLOCK:
            return


def lines_before(
    source: Source, path: str, offset: int, most: int, block: int = 256 * 1024
) -> Iterator[tuple[int, bytes]]:
    """(offset, line) of the whole lines that end at or before `offset`, the last first."""
    floor, end, carry = max(0, offset - most), offset, b""
    while end > floor:
        start = max(floor, end - block)
        data = source.read(path, start, end - start) + carry
        first = 0 if start == 0 else data.find(b"\n") + 1
        if start > 0 and not first:
            carry, end = data, start
            continue
        pieces = data[first:].split(b"\n")
        if end == offset:
            pieces.pop()
            behind = start + first + sum(map(len, pieces)) + len(pieces)
        else:
            behind = start + len(data)
        for piece in reversed(pieces):
            behind -= len(piece) + 1
            yield behind, piece
        carry = data[:first][:-1] if first else b""
        end = start


def events_before(
    source: Source,
    path: str,
    offset: int,
    most: int,
    wanted: Callable[[bytes], bool] = lambda _line: True,
    budget: int = 8 * 1024 * 1024,
) -> list[tuple[int, Event]]:
    """(offset, event) of the last `most` wanted records before a place of a journal, the last first.

    `wanted` sees the raw line, so that thousands of others need not be decoded.
    """
    found: list[tuple[int, Event]] = []
    for start, line in lines_before(source, path, offset, budget):
        if not wanted(line):
            continue
        event = decode(line)
        if not isinstance(event, StrangeLine):
            found.append((start, event))
            if len(found) >= most:
                break
    return found
