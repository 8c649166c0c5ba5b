"""The run of a tree: its journals folded, starting at the nearest snapshot. The one way to read a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bscore.core.reduce import reduce
from bscore.core.snapshot import decode_snapshot
from bscore.core.state import Run
from bscore.errors import TreeError
from bscore.logtree import paths
from bscore.logtree.journal import Term, read_term, terms
from bscore.logtree.source import Source

#: Snapshots are looked for from the end of their file, this much at a time.
_SNAPSHOT_BLOCK = 4 * 1024 * 1024


@dataclass(slots=True)
class History:
    """A folded run, and where its last record stands: the file and the bytes of it that count."""

    run: Run
    path: str
    offset: int


def read_history(source: Source, root: str = "", *, snapshots: bool = True) -> History:
    """Fold everything that counts. Raises TreeError where there is no readable journal."""
    prefix = f"{root}/" if root else ""
    journals = [term for term in terms(source, root) if term.term]
    if not journals:
        raise TreeError(f"There is no journal below {prefix or 'this folder'} ({paths.JOURNAL}).")
    for history in starts(source, prefix, journals) if snapshots else ():
        found = _fold(source, journals, history)
        if found is not None:
            return found
    whole = _fold(source, journals, History(Run(), journals[0].path, 0))
    assert whole is not None, "a fold from the start always stands"
    return whole


def _fold(source: Source, journals: list[Term], history: History) -> History | None:
    """Fold from where `history` is, or None when its place is not within what can be trusted."""
    first = next(index for index, term in enumerate(journals) if term.path == history.path)
    start = history.offset
    for term in journals[first:]:
        history.path, history.offset = term.path, start
        for event, end in read_term(source, term.path, term.upto, start):
            reduce(history.run, event)
            history.offset = end
        start = 0
    return history


def starts(source: Source, prefix: str, journals: list[Term]) -> Iterator[History]:
    """Snapshots that lie within the journals, the newest first."""
    by_term = {term.term: term for term in journals}
    for line in lines_from_end(source, prefix + paths.SNAPSHOTS):
        snapshot = decode_snapshot(line)
        if snapshot is None:
            continue
        number, offset, _, run = snapshot
        term = by_term.get(number)
        entry = source.stat(term.path) if term else None
        if term is None or entry is None:
            continue
        if offset <= (entry.size if term.upto is None else term.upto):
            yield History(run, term.path, offset)


def lines_from_end(source: Source, path: str) -> Iterator[bytes]:
    """The whole lines of a file, the last first; memory follows the longest line."""
    entry = source.stat(path)
    end = entry.size if entry else 0
    carry = b""
    first = True
    while end > 0:
        start = max(0, end - _SNAPSHOT_BLOCK)
        lines = (source.read(path, start, end - start) + carry).split(b"\n")
        carry = lines[0]
        if first:
            lines.pop()
            first = False
        yield from (line for line in reversed(lines[1:]) if line)
        end = start
    if carry and not first:
        yield carry
