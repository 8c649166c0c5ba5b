"""Reading the journal of a run: term after term, each as far as it can be trusted. Writes nothing.

A term's journal is trusted up to its last `Committed` whose CRC fits the bytes before it, and then
line by line up to the first that is torn or strange; behind a CRC that does not fit, nothing is.
An earlier term counts only up to the `previous_bytes` of the next one's `TermStarted`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from bscore.core.events import Committed, Event, TermStarted, UnknownEvent
from bscore.logtree import paths
from bscore.logtree.records import MAX_LINE_BYTES, StrangeLine, decode
from bscore.logtree.source import Source

_BLOCK_BYTES = 256 * 1024
#: No record is that long: what comes is no journal, and is not gathered in memory.
_ENDLESS_BYTES = 1024 * 1024
_COMMITTED = b"|Committed "
_EARLIER = re.compile(r"master_role\.([0-9]{1,9})\.txt")


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a term's journal is proved; `damaged`: behind `committed` bytes a CRC does not fit."""

    committed: int
    damaged: bool


@dataclass(frozen=True, slots=True)
class Term:
    """One term's journal: its file, its number (0: unreadable), and the bytes that count (None: all)."""

    path: str
    term: int
    upto: int | None


def terms(source: Source, root: str = "") -> list[Term]:
    """The journals of a job in order; `root` is the job's folder within the source."""
    prefix = f"{root}/" if root else ""
    folder = (prefix + paths.JOURNAL).rpartition("/")[0]
    numbers = sorted(
        int(match[1]) for entry in source.list(folder) if (match := _EARLIER.fullmatch(entry.name))
    )
    files = [prefix + paths.journal_of_term(number) for number in numbers]
    if source.stat(prefix + paths.JOURNAL) is not None:
        files.append(prefix + paths.JOURNAL)
    found: list[Term] = []
    upto: int | None = None
    for path in reversed(files):
        first = _first_event(source, path)
        known = first if isinstance(first, TermStarted) else None
        found.append(Term(path, known.term if known else 0, upto))
        upto = known.previous_bytes if known else None
    return found[::-1]


def read_events(source: Source, root: str = "") -> Iterator[Event]:
    """Every event of a job's run, in order, over all its terms."""
    for term in terms(source, root):
        for event, _ in read_term(source, term.path, term.upto):
            yield event


def read_term(
    source: Source, path: str, upto: int | None = None, start: int = 0
) -> Iterator[tuple[Event, int]]:
    """The trusted events of one journal, each with the offset behind it, streaming.

    `start` is the offset behind a record (of a snapshot): where that is no `Committed`, the records up
    to the first one are taken without proof. Within a proved part a strange line is an `UnknownEvent`,
    so that events keep their numbers.
    """
    trust = check_term(source, path, upto, start)
    end, at = start, 0
    for line in _lines(source, path, start, upto):
        if trust.damaged and end >= trust.committed:
            return
        event = decode(line)
        end += len(line)
        if isinstance(event, StrangeLine):
            if end > trust.committed:
                return
            event = UnknownEvent(at, "StrangeLine", event.text)
        at = event.at
        yield event, end


def check_term(source: Source, path: str, upto: int | None = None, start: int = 0) -> Trust:
    """Prove a journal's CRC chain from `start` (as in `read_term`) without decoding its records."""
    committed, crc = start, 0
    proving = start == 0 or isinstance(_event_before(source, path, start), Committed)
    end = start
    for block in _whole_lines(source, path, start, upto):
        position = 0
        while (found := block.find(_COMMITTED, position)) >= 0:
            line_start = block.rfind(b"\n", 0, found) + 1
            line_end = block.index(b"\n", found) + 1
            event = decode(block[line_start:line_end])
            if isinstance(event, Committed):
                crc = crc32(memoryview(block)[position:line_start], crc)
                if proving and crc != event.crc:
                    return Trust(committed, damaged=True)
                committed, crc, proving = end + line_end, 0, True
            else:
                crc = crc32(memoryview(block)[position:line_end], crc)
            position = line_end
        crc = crc32(memoryview(block)[position:], crc)
        end += len(block)
    return Trust(committed, damaged=False)


def _first_event(source: Source, path: str) -> Event | StrangeLine | None:
    line, newline, _ = source.read(path, 0, MAX_LINE_BYTES).partition(b"\n")
    return decode(line) if newline else None


def _event_before(source: Source, path: str, offset: int) -> Event | StrangeLine | None:
    start = max(0, offset - MAX_LINE_BYTES - 1)
    data = source.read(path, start, offset - start)
    if len(data) != offset - start or not data.endswith(b"\n"):
        return None
    return decode(data[:-1].rpartition(b"\n")[2])


def _whole_lines(source: Source, path: str, start: int, upto: int | None) -> Iterator[bytes]:
    """Blocks of whole lines between two offsets, up to an unfinished or endless one."""
    carry, offset = b"", start
    while upto is None or offset < upto:
        data = source.read(path, offset, _BLOCK_BYTES if upto is None else min(_BLOCK_BYTES, upto - offset))
        if not data:
            return
        offset += len(data)
        whole, newline, rest = data.rpartition(b"\n")
        if newline:
            yield carry + whole + newline
            carry = rest
        else:
            carry += rest
            if len(carry) > _ENDLESS_BYTES:
                return


def _lines(source: Source, path: str, start: int, upto: int | None) -> Iterator[bytes]:
    for block in _whole_lines(source, path, start, upto):
        for line in block[:-1].split(b"\n"):
            yield line + b"\n"
