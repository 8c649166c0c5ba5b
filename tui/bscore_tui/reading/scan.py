"""What a journal holds over time, found without decoding it: counts per step, places of notable records.

The end of the journal is counted first, so that rates of the present are known at once; then comes one pass
from its beginning at some hundred MB/s, then only the growth is read.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bscore.logtree.grammar import GrammarError, read_second
from bscore.logtree.journal import Term, terms
from bscore.logtree.source import Source
from bscore_tui.views.model import Timeline

MAX_STEPS = 4096
#: What of the journal's end is counted before all else.
TAIL_BYTES = 1024 * 1024
_BLOCK = 64 * 1024
#: Records in one step of time, on average, from which on it is faster to look for where steps begin.
_DENSE = 16
_FINISHED = b"|Finished "
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d)")
_FINISHED_AT = re.compile(rb"\n(.{19}),(\d)..\|[A-Z]+\|\d+\|\d+\|Finished ")
# A pattern that begins with a fixed byte is searched eight times as fast as one with a choice there.
_OTHER = re.compile(
    rb"\n(.{19}),(\d)..\|(?!INFO\|\d+\|\d+\|(?:Finished|Assigned|Committed) )"
    rb"([A-Z])[A-Z]+\|\d+\|\d+\|(\w+)"
)
_NOTABLE = re.compile(
    rb"[^\n|]{23}\|[A-Z]+\|\d+\|\d+\|"
    rb"(?!Finished |Assigned |Committed |MiniBatchesCreated |Withdrawn |WithdrawalAsked "
    rb"|WorkerStarting [^\n]* pid=0 )"
)
_QUIET = {b"Finished", b"Committed", b"MiniBatchesCreated", b"Withdrawn", b"WithdrawalAsked"}


def is_quiet(line: bytes) -> bool:
    """Whether a line is of the records that come with every mini-batch."""
    return _NOTABLE.match(line) is None


@dataclass(slots=True)
class Steps:
    """Counts per step of time (microseconds); the step doubles when there would be too many."""

    start: int = 0
    step: int = 100_000
    over: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)

    def reach(self, at: int) -> int:
        """The step of a moment, made where it is not there yet. Doubles steps: earlier answers are void."""
        index = max(at - self.start, 0) // self.step
        while index >= MAX_STEPS:
            self._double()
            index = max(at - self.start, 0) // self.step
        missing = index + 1 - len(self.over)
        if missing > 0:
            for counts in (self.over, self.failed, self.lost):
                counts.extend([0] * missing)
        return index

    def add(self, at: int, name: bytes, level: bytes) -> None:
        """Count a record that is not `Finished`."""
        if name == b"MiniBatchAbandoned":
            self.over[self.reach(at)] += 1
        elif name in (b"AttemptFailed", b"InitFailed", b"ShutdownFailed"):
            self.failed[self.reach(at)] += 1
        elif name in (b"WorkerGone", b"NodeLost") and level != b"I":
            self.lost[self.reach(at)] += 1

    def _double(self) -> None:
        self.step *= 2
        for name in ("over", "failed", "lost"):
            counts: list[int] = getattr(self, name)
            setattr(self, name, [sum(counts[i : i + 2]) for i in range(0, len(counts), 2)])

    def count_finished(self, data: bytes, start: int, stop: int, number: int = -1) -> None:
        """Count the `Finished` (so many, -1: unknown) of whole lines, which are in the order of time."""
        number = data.count(_FINISHED, start, stop) if number < 0 else number
        if not number:
            return
        first, last = _moment(data, start), _moment(data, data.rfind(b"\n", start, stop - 1) + 1 or start)
        if first is None or last is None:
            self._count_each(data[start:stop])
            return
        high = self.reach(last)
        low = self.reach(first)
        middle = data.find(b"\n", (start + stop) // 2, stop - 1) + 1
        if low >= high:
            self.over[low] += number
        elif number > _DENSE * (high - low) and middle:
            left = data.count(_FINISHED, start, middle)
            self.count_finished(data, start, middle, left)
            self.count_finished(data, middle, stop, number - left)
        else:
            self._count_each(data[start:stop])

    def _count_each(self, data: bytes) -> None:
        for (second, tenth), times in Counter(_FINISHED_AT.findall(b"\n" + data)).items():
            at = _microseconds(second, tenth)
            if at is not None:
                self.over[self.reach(at)] += times


def _moment(data: bytes, start: int) -> int | None:
    found = _STAMP.match(data, start)
    return _microseconds(*found.groups()) if found is not None else None


def _microseconds(second: bytes, tenth: bytes) -> int | None:
    try:
        return read_second(second.decode("ascii", "replace")) * 1_000_000 + int(tenth) * 100_000
    except GrammarError:
        return None


@dataclass(slots=True)
class _Scanned:
    """How far one journal is scanned, and what was found: offsets of notable records, number of all."""

    path: str
    upto: int | None
    offset: int = 0
    records: int = 0
    notable: array[int] = field(default_factory=lambda: array("Q"))
    #: These bytes were counted before it was their turn.
    counted: tuple[int, int] = (0, 0)

    def limit(self) -> tuple[int, bool]:
        """(bytes of the next block, whether they were counted already)."""
        size = _BLOCK if self.upto is None else min(_BLOCK, self.upto - self.offset)
        first, last = self.counted
        if self.offset < first:
            return min(size, first - self.offset), False
        return (min(size, last - self.offset), True) if self.offset < last else (size, False)


class JournalScan:
    """Scans the journals of one tree; `poll` reads at most its budget."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._scanned: list[_Scanned] = []
        self._known_from = 0
        self.steps = Steps()

    def restart(self) -> None:
        """The journals are other ones: forget everything."""
        self._scanned.clear()
        self._known_from = 0
        self.steps = Steps()

    def begin(self) -> None:
        """Count the end of the last journal, unless something is counted already."""
        if not self._scanned:
            found = terms(self._source)
            self._scanned = [_Scanned(term.path, term.upto) for term in found]
            if found:
                self._count_tail(found)

    def _count_tail(self, found: list[Term]) -> None:
        last = self._scanned[-1]
        entry = self._source.stat(last.path)
        start = (entry.size if entry else 0) - TAIL_BYTES
        begun = _moment(self._source.read(found[0].path, 0, 64), 0)
        if start <= 0 or begun is None:
            return
        data = self._source.read(last.path, start, TAIL_BYTES)
        first, stop = data.find(b"\n") + 1, data.rfind(b"\n") + 1
        known = _moment(data, first)
        if known is None or first >= stop:
            return
        self.steps.start, self._known_from = begun, known
        self.steps.count_finished(data, first, stop)
        for _ in self._notable(data[first:stop], count=True):
            continue
        last.counted = start + first, start + stop

    def poll(self, budget: int = 4 * 1024 * 1024) -> bool:
        """Scan on; whether there is more to scan at once."""
        self.begin()
        for scanned in self._scanned:
            while budget > 0:
                got = self._block(scanned)
                budget -= got
                if not got:
                    break
        if budget > 0:
            self._known_from = 0
        return budget <= 0

    def _block(self, scanned: _Scanned) -> int:
        size, counted = scanned.limit()
        data = self._source.read(scanned.path, scanned.offset, size)
        end = data.rfind(b"\n") + 1
        if not end:
            # No record is that long: what is no journal is passed over.
            scanned.offset += len(data) if len(data) == _BLOCK else 0
            return len(data) if len(data) == _BLOCK else 0
        data = data[:end]
        scanned.records += data.count(b"\n")
        self.steps.start = self.steps.start or _moment(data, 0) or 0
        if not counted:
            self.steps.count_finished(data, 0, end)
        scanned.notable.extend(scanned.offset + start for start in self._notable(data, count=not counted))
        scanned.offset += end
        return end

    def _notable(self, data: bytes, *, count: bool) -> Iterator[int]:
        """Where notable records begin in whole lines; `count`: count what is no `Finished` on the way."""
        for found in _OTHER.finditer(b"\n" + data):
            start, name = found.start(), found[4]
            at = _microseconds(found[1], found[2]) if count else None
            if at is not None:
                self.steps.add(at, name, found[3])
            idle = name == b"WorkerStarting" and b" pid=0 " in data[start : data.find(b"\n", start)]
            if name not in _QUIET and not idle:
                yield start

    @property
    def records(self) -> int:
        """Records seen so far."""
        return sum(scanned.records for scanned in self._scanned)

    @property
    def notable(self) -> int:
        """Notable records seen so far."""
        return sum(len(scanned.notable) for scanned in self._scanned)

    @property
    def nbytes(self) -> int:
        """Bytes scanned so far."""
        return sum(scanned.offset for scanned in self._scanned)

    def notable_places(self, first: int, count: int) -> list[tuple[str, int]]:
        """(journal, offset) of notable records by their number, oldest first."""
        found: list[tuple[str, int]] = []
        for scanned in self._scanned:
            size = len(scanned.notable)
            if first < size and count > 0:
                part = scanned.notable[max(first, 0) : max(first, 0) + count]
                found += [(scanned.path, offset) for offset in part]
                count -= len(part)
            first -= size
            if first < 0:
                first = 0
        return found

    def notable_before(self, path: str, offset: int, count: int) -> list[tuple[str, int]] | None:
        """The last notable records before a place, the newest first; None if not scanned so far."""
        found: list[tuple[str, int]] = []
        reached = False
        for scanned in reversed(self._scanned):
            end = len(scanned.notable)
            if scanned.path == path:
                if scanned.offset < offset:
                    return None
                end, reached = bisect_left(scanned.notable, offset), True
            if reached and len(found) < count:
                part = scanned.notable[max(0, end - count + len(found)) : end]
                found += [(scanned.path, place) for place in reversed(part)]
        return found

    def timeline(self, running: int, marks: tuple[int, ...] = ()) -> Timeline:
        """The counts so far, frozen; `running`: when work was first given out."""
        steps = self.steps
        return Timeline(
            steps.start,
            steps.step,
            tuple(steps.over),
            tuple(steps.failed),
            tuple(steps.lost),
            running,
            marks,
            self._known_from,
        )
