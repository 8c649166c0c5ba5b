"""What a journal holds over time, found without decoding it: counts per step, places of notable records.

One pass at some hundred MB/s; then only the growth is read.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from bscore.logtree.grammar import GrammarError, read_second
from bscore.logtree.journal import terms
from bscore.logtree.source import Source
from bscore_tui.views.model import Timeline

MAX_STEPS = 4096
_BLOCK = 64 * 1024
_RECORD = re.compile(
    rb"\n(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d)..\|([A-Z])[A-Z]+\|\d+\|\d+\|(?!Assigned )(\w+)"
)
_NOTABLE = re.compile(
    rb"\n[^\n|]{23}\|[A-Z]+\|\d+\|\d+\|"
    rb"(?!Finished |Assigned |Committed |MiniBatchesCreated |Withdrawn |WithdrawalAsked "
    rb"|WorkerStarting [^\n]* pid=0 )"
)
_QUIET = {b"Finished", b"Committed", b"MiniBatchesCreated", b"Withdrawn", b"WithdrawalAsked"}


def is_quiet(line: bytes) -> bool:
    """Whether a line is of the records that come with every mini-batch."""
    return _NOTABLE.match(b"\n" + line) is None


@dataclass(slots=True)
class Steps:
    """Counts per step of time (microseconds); the step doubles when there would be too many."""

    start: int = 0
    step: int = 100_000
    over: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)

    def add(self, at: int, name: bytes, level: bytes, number: int) -> None:
        """Count so many records of a moment."""
        if not self.over:
            self.start = at
        index = max(at - self.start, 0) // self.step
        while index >= MAX_STEPS:
            self._double()
            index = max(at - self.start, 0) // self.step
        missing = index + 1 - len(self.over)
        if missing > 0:
            for counts in (self.over, self.failed, self.lost):
                counts.extend([0] * missing)
        if name in (b"Finished", b"MiniBatchAbandoned"):
            self.over[index] += number
        elif name in (b"AttemptFailed", b"InitFailed"):
            self.failed[index] += number
        elif name in (b"WorkerGone", b"NodeLost") and level != b"I":
            self.lost[index] += number

    def _double(self) -> None:
        self.step *= 2
        for name in ("over", "failed", "lost"):
            counts: list[int] = getattr(self, name)
            setattr(self, name, [sum(counts[i : i + 2]) for i in range(0, len(counts), 2)])


@dataclass(slots=True)
class _Scanned:
    """How far one journal is scanned, and what was found: offsets of notable records, number of all."""

    path: str
    offset: int = 0
    records: int = 0
    notable: array[int] = field(default_factory=lambda: array("Q"))


class JournalScan:
    """Scans the journals of one tree; `poll` reads at most its budget."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._scanned: list[_Scanned] = []
        self._uptos: list[int | None] = []
        self.steps = Steps()

    def restart(self) -> None:
        """The journals are other ones: forget everything."""
        self._scanned.clear()
        self.steps = Steps()

    def poll(self, budget: int = 4 * 1024 * 1024) -> bool:
        """Scan on; whether there is more to scan at once."""
        if not self._scanned:
            found = terms(self._source)
            self._scanned = [_Scanned(term.path) for term in found]
            self._uptos = [term.upto for term in found]
        for scanned, upto in zip(self._scanned, self._uptos, strict=True):
            while budget > 0:
                size = _BLOCK if upto is None else min(_BLOCK, upto - scanned.offset)
                got = self._block(scanned, size)
                budget -= got
                if not got:
                    break
        return budget <= 0

    def _block(self, scanned: _Scanned, size: int) -> int:
        data = self._source.read(scanned.path, scanned.offset, size)
        end = data.rfind(b"\n") + 1
        if not end:
            return 0
        data = data[:end]
        # A pattern that begins with a fixed byte is searched eight times as fast as one with a choice there.
        fenced = b"\n" + data
        found = Counter(_RECORD.findall(fenced))
        scanned.records += data.count(b"\n")
        for (stamp, tenth, level, name), number in found.items():
            try:
                at = read_second(stamp.decode()) * 1_000_000 + int(tenth) * 100_000
                self.steps.add(at, name, level, number)
            except GrammarError:
                continue
        if any(name not in _QUIET for *_, name in found):
            scanned.notable.extend(scanned.offset + match.start() for match in _NOTABLE.finditer(fenced))
        scanned.offset += end
        return end

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
        )
