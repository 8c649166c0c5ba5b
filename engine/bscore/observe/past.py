"""A run as it was at a moment: the nearest snapshot before it, and the records from there on."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bscore.core.snapshot import decode_snapshot
from bscore.core.state import Run
from bscore.errors import TreeError
from bscore.logtree import paths
from bscore.logtree.grammar import GrammarError, read_second
from bscore.logtree.history import fold_term
from bscore.logtree.journal import Term, terms
from bscore.logtree.records import StrangeLine, decode
from bscore.logtree.source import Source

_BLOCK = 64 * 1024
_SCAN = 4 * 1024 * 1024
_STAMP = re.compile(rb"(?:\A|\n)(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3})\|")
_HEAD = re.compile(rb'[0-9a-f]{8} \["[0-9a-f]{8}", ?(\d+), ?(\d+),')


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a snapshot stands in its file, and the place in the journals that it holds."""

    term: int
    offset: int
    start: int
    length: int


class Past:
    """Answers for one tree; remembers where its snapshots are. Not for two threads at once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._places: list[_Place] = []
        self._scanned = 0
        self._last: tuple[Run, Term, int] | None = None

    def at(self, at: int) -> tuple[Run, str, int]:
        """The run at `at` (microseconds UTC), its journal, the offset behind its last record there.

        The run belongs to the next call, which may change it. Raises TreeError for none.
        """
        journals = [term for term in terms(self._source) if term.term]
        if not journals:
            raise TreeError(f"There is no journal here ({paths.JOURNAL}).")
        index, end = self._target(journals, at)
        run, first, offset = self._start(journals, index, end)
        for number in range(first, index + 1):
            term = journals[number]
            upto = end if number == index else term.upto
            # As the present of a damaged journal: what can be read is shown.
            offset = fold_term(self._source, run, term, offset, upto, strict=False)
            if number < index:
                offset = 0
        self._last = run, journals[index], offset
        return run, journals[index].path, offset

    def _target(self, journals: list[Term], at: int) -> tuple[int, int]:
        """The term whose record is the last before the moment, and the offset behind that record."""
        for index in range(len(journals) - 1, -1, -1):
            term = journals[index]
            end = offset_at(self._source, term.path, at, term.upto)
            if end or not index:
                return index, end
        return 0, 0

    def _start(self, journals: list[Term], index: int, end: int) -> tuple[Run, int, int]:
        target = journals[index]
        known = self._last
        floor = known[2] if known and known[1] == target and known[2] <= end else -1
        self._scan()
        by_term = {term.term: number for number, term in enumerate(journals)}
        for place in reversed(self._places):
            number = by_term.get(place.term)
            if number is None or number > index or (number == index and place.offset > end):
                continue
            if number == index and place.offset <= floor:
                break
            if floor >= 0 and number < index:
                break
            upto = journals[number].upto
            decoded = decode_snapshot(self._source.read(paths.SNAPSHOTS, place.start, place.length))
            if decoded is not None and (upto is None or place.offset <= upto):
                return decoded[3], number, place.offset
        if known is not None and floor >= 0:
            return known[0], index, known[2]
        return Run(), 0, 0

    def _scan(self) -> None:
        """Learn of snapshots written since the last look; anew when the file is another one."""
        entry = self._source.stat(paths.SNAPSHOTS)
        size = entry.size if entry else 0
        if size < self._scanned:
            self._places.clear()
            self._scanned = 0
        while self._scanned < size:
            data = self._source.read(paths.SNAPSHOTS, self._scanned, _SCAN)
            end = data.rfind(b"\n") + 1
            if not end:
                return
            start = 0
            while start < end:
                stop = data.index(b"\n", start) + 1
                head = _HEAD.match(data, start, stop)
                if head is not None:
                    place = _Place(int(head[1]), int(head[2]), self._scanned + start, stop - start)
                    self._places.append(place)
                start = stop
            self._scanned += end


def offset_at(source: Source, path: str, at: int, upto: int | None = None) -> int:
    """The offset behind the last record of a journal that is not later than `at`; 0 for none."""
    entry = source.stat(path)
    low, high = 0, (entry.size if entry else 0) if upto is None else upto
    limit_ms = at // 1000
    while high - low > _BLOCK:
        middle = (low + high) // 2
        found = _first_stamp(source, path, middle, high)
        if found is None or found[1] > limit_ms:
            high = middle if found is None or found[0] > middle else found[0]
        else:
            low = found[0]
    return _exact(source, path, low, at, upto)


def _first_stamp(source: Source, path: str, start: int, stop: int) -> tuple[int, int] | None:
    """(offset, milliseconds since 1970) of the first record that begins behind `start`."""
    data = source.read(path, start, min(2 * 8192, stop - start))
    match = _STAMP.search(data, 1)
    if match is None:
        return None
    try:
        second = read_second(match[1].decode())
    except GrammarError:
        return None
    return start + match.start() + 1, second * 1000 + int(match[2])


def _exact(source: Source, path: str, start: int, at: int, upto: int | None) -> int:
    offset = start
    while True:
        size = 4 * _BLOCK if upto is None else min(4 * _BLOCK, upto - offset)
        data = source.read(path, offset, size)
        end = data.rfind(b"\n") + 1
        if not end:
            return offset
        for line in data[: end - 1].split(b"\n"):
            event = decode(line)
            if not isinstance(event, StrangeLine) and event.at > at:
                return offset
            offset += len(line) + 1
