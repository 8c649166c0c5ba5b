"""Journals as a master writes them: events in, terms' files out, with a CRC in every Committed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from bscore.core.events import Committed, Event, TermStarted
from bscore.logtree import paths
from bscore.logtree.records import JournalCrc, encode

PID = 356
THREAD = 357


def journal(events: Iterable[Event]) -> tuple[list[Event], list[bytes]]:
    """The events with right CRCs, and their lines."""
    crc = JournalCrc()
    written: list[Event] = []
    lines: list[bytes] = []
    for event in events:
        if isinstance(event, Committed):
            event = dataclasses.replace(event, crc=crc.take())
            line = encode(event, PID, THREAD)
        else:
            line = encode(event, PID, THREAD)
            crc.add(line)
        written.append(event)
        lines.append(line)
    return written, lines


def started(term: int, previous_bytes: int, at: int = 0) -> TermStarted:
    return TermStarted(at, "job", term, 1, "0.1.0", "host", "boot", PID, previous_bytes)


def tree(terms: Sequence[Sequence[Event]], garbage: bytes = b"") -> tuple[list[Event], dict[str, bytes]]:
    """A tree of several terms; `garbage` stands in each earlier file behind what counts."""
    everything: list[Event] = []
    files: dict[str, bytes] = {}
    previous = 0
    for number, events in enumerate(terms, 1):
        written, lines = journal([started(number, previous), *events])
        everything += written
        last = number == len(terms)
        data = b"".join(lines)
        previous = len(data)
        files[paths.JOURNAL if last else paths.journal_of_term(number)] = data if last else data + garbage
    return everything, files
