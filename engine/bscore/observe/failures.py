"""The failures of one group, one by one, as the journals tell them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bscore.core.diagnose import key_of
from bscore.core.events import AttemptFailed, InitFailed, ShutdownFailed
from bscore.logtree.journal import terms
from bscore.logtree.records import decode
from bscore.logtree.source import Source
from bscore.observe.story import lines_with


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt, or one worker whose init() or shutdown() failed, and where its record stands."""

    event: AttemptFailed | InitFailed | ShutdownFailed
    path: str
    offset: int


def failures_of(
    source: Source, key: str, until: int | None = None, begin: tuple[str, int] | None = None
) -> Iterator[Failure]:
    """Failures whose group has this key, the oldest first, up to a moment (microseconds UTC).

    `begin` is the (path, offset) of the record to begin with; nothing is found where that journal is missing.
    """
    needle = b"|InitFailed " if key.startswith(("init ", "load ")) else b"|AttemptFailed "
    needle = b"|ShutdownFailed " if key.startswith("shutdown ") else needle
    for term in terms(source):
        first = 0
        if begin is not None:
            if term.path != begin[0]:
                continue
            first, begin = begin[1], None
        for offset, line in lines_with(source, term.path, term.upto, needle, first):
            event = decode(line)
            if not isinstance(event, AttemptFailed | InitFailed | ShutdownFailed):
                continue
            if until is not None and event.at > until:
                return
            if key_of(event) == key:
                yield Failure(event, term.path, offset)
