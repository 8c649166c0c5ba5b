"""The run of a tree: its journals folded, starting at the nearest snapshot. The one way to read a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bscore.core.reduce import ImpossibleEventError, reduce
from bscore.core.snapshot import decode_snapshot
from bscore.core.state import Run
from bscore.errors import NoJournalError, TreeError
from bscore.logtree import paths
from bscore.logtree.journal import Term, check_term, read_term, terms
from bscore.logtree.records import MAX_LINE_BYTES
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
    """Fold everything that counts. Raises TreeError for a damaged journal, NoJournalError for none."""
    prefix = f"{root}/" if root else ""
    files = terms(source, root)
    journals = [term for term in files if term.term]
    if not journals:
        _refuse_damaged_start(source, files)
        raise NoJournalError(f"There is no journal below {prefix or 'this folder'} ({paths.JOURNAL}).")
    for history in starts(source, prefix, journals) if snapshots else ():
        try:
            return _folded(source, journals, history)
        except TreeError:
            # The snapshot may be what was damaged.
            continue
    # Without a snapshot every term counts: what an unreadable one holds would be done again.
    _refuse_damaged_start(source, files)
    return _folded(source, journals, History(Run(), journals[0].path, 0))


def refuse_damaged_start(source: Source) -> None:
    """Raise TreeError for a tree without a readable journal that has one all the same."""
    files = terms(source)
    if not any(term.term for term in files):
        _refuse_damaged_start(source, files)


def _refuse_damaged_start(source: Source, files: list[Term]) -> None:
    for term in files:
        if term.term:
            continue
        head, entry = source.read(term.path, 0, MAX_LINE_BYTES), source.stat(term.path)
        if not head and entry is not None and entry.size and not entry.is_dir:
            raise TreeError(f"{term.path} cannot be read.", remedy="Make it readable first.")
        # A record that is not whole was being written as its master died, before anything was done.
        if b"\n" in head:
            raise TreeError(
                f"The first record of {term.path} cannot be read: it was damaged.",
                remedy="Restore the file: what was done stands there. Or score the inputs in a new job.",
            )


def _folded(source: Source, journals: list[Term], history: History) -> History:
    """Fold all that follows `history`, in place. Raises TreeError."""
    first = next(index for index, term in enumerate(journals) if term.path == history.path)
    start = history.offset
    for term in journals[first:]:
        history.path = term.path
        history.offset = fold_term(source, history.run, term, start)
        start = 0
    return history


def fold_term(
    source: Source, run: Run, term: Term, start: int, upto: int | None = None, *, strict: bool = True
) -> int:
    """Fold one journal from `start` to `upto`, else as far as it counts; the offset behind the last record.

    A record that cannot have happened is treated as one that cannot be read: behind the last commit record it
    ends what counts, before that the journal was damaged. Raises TreeError then, where that is `strict`.
    """
    upto = term.upto if upto is None else upto
    offset = start
    for event, end in read_term(source, term.path, upto, start):
        try:
            reduce(run, event)
        except ImpossibleEventError as error:
            if not strict:
                return offset
            if term.upto is None and offset >= check_term(source, term.path, None, start).committed:
                return offset
            raise TreeError(
                f"{term.path} was damaged at byte {offset}: {error}.",
                remedy="Restore the file: what was done stands there. Or score the inputs in a new job.",
            ) from None
        offset = end
    return offset


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
