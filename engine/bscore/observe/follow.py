"""A run that is still being written: folded from the nearest snapshot, then kept up with.

`poll` never reads more than its budget, so that a journal without snapshots is folded in slices while
its progress is shown. A new term, a truncated or replaced journal begins the fold anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from bscore.core.events import Committed, Event, TermStarted, UnknownEvent
from bscore.core.reduce import ImpossibleEventError, reduce
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.history import starts
from bscore.logtree.journal import Term, terms
from bscore.logtree.records import MAX_LINE_BYTES, StrangeLine, decode
from bscore.logtree.source import Source

BUDGET_BYTES = 512 * 1024
#: No record is that long: what comes is no journal.
_ENDLESS_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Progress:
    """What a poll did. `restarted`: the run was folded anew, everything known of it is void."""

    changed: bool
    restarted: bool
    #: There is more to read at once; `done_bytes` of `total_bytes` of the journals are folded.
    more: bool
    done_bytes: int
    total_bytes: int


class Follower:
    """Keeps `run` up to date; `hear` gets every event folded by `poll`, in order."""

    def __init__(self, source: Source, hear: Callable[[Event], None] | None = None) -> None:
        self.source = source
        self.run = Run()
        #: The journal read last, and the offset behind its last record that was folded.
        self.path = ""
        self.offset = 0
        #: Why nothing more of this journal is believed; "" while all is well.
        self.damage = ""
        self._hear = hear
        self._terms: list[Term] = []
        self._index = 0
        self._head = b""
        self._identity = 0
        self._crc = 0
        self._proving = False

    @property
    def there(self) -> bool:
        """Whether a journal was found."""
        return bool(self.path)

    def poll(self, budget: int = BUDGET_BYTES) -> Progress:
        """Fold at most about `budget` bytes more."""
        restarted = self._check_place() or not self.path
        if restarted and not self._open():
            return Progress(changed=False, restarted=False, more=False, done_bytes=0, total_bytes=0)
        changed = restarted
        while budget > 0 and not self.damage:
            got = self._read_some(budget)
            if got:
                budget -= got
                changed = True
            elif not self._next_term():
                break
        done, total = self._extent()
        more = not self.damage and budget <= 0 and done < total
        return Progress(changed, restarted, more, done, total)

    def _check_place(self) -> bool:
        """Whether the journal being written is not the one known any more."""
        if not self.path:
            return False
        entry = self.source.stat(paths.JOURNAL)
        if entry is None:
            return False
        if entry.identity != self._identity or self._first_line() != self._head:
            return True
        return self.path == paths.JOURNAL and entry.size < self.offset

    def _first_line(self) -> bytes:
        """The first record of the journal being written; b"" while it is not whole."""
        head = self.source.read(paths.JOURNAL, 0, MAX_LINE_BYTES)
        return head[: head.find(b"\n") + 1]

    def _open(self) -> bool:
        live = self.source.stat(paths.JOURNAL)
        self._head, self._identity = self._first_line(), live.identity if live else 0
        journals = [term for term in terms(self.source) if term.term]
        if not journals:
            return False
        self._terms = journals
        start = next(starts(self.source, "", journals), None)
        self.run, self.damage, self._crc = (start.run if start else Run()), "", 0
        self.path, self.offset = (start.path, start.offset) if start else (journals[0].path, 0)
        self._proving = self.offset == 0
        self._index = next(i for i, term in enumerate(journals) if term.path == self.path)
        return True

    def _read_some(self, budget: int) -> int:
        """Fold the whole lines of the next bytes; how many bytes that were."""
        upto = self._terms[self._index].upto
        size = budget if upto is None else min(budget, upto - self.offset)
        data = self.source.read(self.path, self.offset, size)
        end = data.rfind(b"\n") + 1
        if data and not end:
            data = self.source.read(self.path, self.offset, _ENDLESS_BYTES)
            end = data.find(b"\n") + 1
            if not end and len(data) == _ENDLESS_BYTES:
                self.damage = f"{self.path} holds no records from byte {self.offset} on"
        start = self.offset
        for line in _lines(data[:end]):
            if not self._fold(line):
                break
            self.offset += len(line)
        return self.offset - start

    def _fold(self, line: bytes) -> bool:
        event = decode(line)
        if isinstance(event, StrangeLine):
            event = UnknownEvent(self.run.last, "StrangeLine", event.text)
        if not self._proved(event, line):
            self.damage = f"{self.path} is damaged before byte {self.offset}: its checksum does not fit"
            return False
        try:
            reduce(self.run, event)
        except ImpossibleEventError as error:
            self.damage = f"{self.path} cannot be understood at byte {self.offset}: {error}"
            return False
        if self._hear is not None:
            self._hear(event)
        return True

    def _proved(self, event: Event, line: bytes) -> bool:
        if not isinstance(event, Committed):
            self._crc = crc32(line, self._crc)
            return True
        fits = not self._proving or event.crc == self._crc
        self._crc, self._proving = 0, True
        return fits

    def _next_term(self) -> bool:
        if self._index + 1 >= len(self._terms):
            return False
        following = self._terms[self._index + 1]
        if not isinstance(
            decode(self.source.read(following.path, 0, MAX_LINE_BYTES).partition(b"\n")[0]), TermStarted
        ):
            return False
        self._index += 1
        self.path, self.offset, self._crc, self._proving = following.path, 0, 0, True
        return True

    def _extent(self) -> tuple[int, int]:
        done = total = 0
        for index, term in enumerate(self._terms):
            entry = self.source.stat(term.path)
            size = (entry.size if entry else 0) if term.upto is None else term.upto
            total += size
            done += size if index < self._index else self.offset if index == self._index else 0
        return done, total


def _lines(data: bytes) -> list[bytes]:
    return [line + b"\n" for line in data[:-1].split(b"\n")] if data else []
