"""What the inputs are now against what the manifest holds: two streams, memory only for differences."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator

from bscore.core.ranges import Ranges
from bscore.inputs.manifest import split_records
from bscore.inputs.skipped import FIRST_NAMES, shown


class Changes:
    """Counts of items of the manifest that are missing or changed, and of new ones; first names of each.

    Of mini-batches that are `done`, each of `mini_batch_size` items, nothing can be missing any more.
    """

    def __init__(self, mini_batch_size: int = 1, done: Iterable[tuple[int, int]] = ()) -> None:
        self._size = mini_batch_size
        self._done = Ranges(done)
        #: The missing ones by their place in the manifest, in the order of their noting.
        self.places = array("Q")
        self.missing = 0
        self.changed = 0
        self.added = 0
        self.first_names: list[str] = []
        self._named = {"missing": 0, "changed": 0, "added": 0}

    def is_done(self, place: int) -> bool:
        """Whether the item at this place of the manifest has been scored."""
        return place // self._size in self._done

    def note(self, kind: str, path: bytes) -> None:
        """Count one; `kind` is changed or added."""
        self._count(kind, path)

    def note_missing(self, path: bytes, place: int) -> None:
        """Count the item at this place of the manifest, where it has still to be scored."""
        if not self.is_done(place):
            self.places.append(place)
            self._count("missing", path)

    def _count(self, kind: str, path: bytes) -> None:
        setattr(self, kind, getattr(self, kind) + 1)
        if self._named[kind] < FIRST_NAMES:
            self._named[kind] += 1
            self.first_names.append(f"{kind}: {shown(path)}")


class _Unmatched:
    """Records of one side that the other has not shown yet, in order, with their places there.

    A path may stand there twice. Of the manifest's, `is_done` tells which are scored already.
    """

    def __init__(self, is_done: Callable[[int], bool] = lambda _place: True) -> None:
        self._by_path: dict[bytes, list[tuple[bytes, int]]] = {}
        self._is_done = is_done
        #: Places that are not done, in the order of their adding, which is that of the manifest.
        self._open: dict[int, None] = {}

    def __bool__(self) -> bool:
        return bool(self._by_path)

    def add(self, path: bytes, record: bytes, place: int) -> None:
        self._by_path.setdefault(path, []).append((record, place))
        if not self._is_done(place):
            self._open[place] = None

    def first_open(self, otherwise: int) -> int:
        """The first place that has still to be scored."""
        return next(iter(self._open), otherwise)

    def take(self, path: bytes) -> bytes | None:
        records = self._by_path.get(path)
        if records is None:
            return None
        if len(records) == 1:
            del self._by_path[path]
        record, place = records.pop(0)
        self._open.pop(place, None)
        return record

    def take_all(self) -> list[tuple[bytes, int]]:
        records = [record for records in self._by_path.values() for record in records]
        self._by_path.clear()
        self._open.clear()
        return records

    def take_records(self) -> list[bytes]:
        return [record for record, _ in self.take_all()]


def unlisted(
    listed: Iterable[list[bytes]],
    manifest_blocks: Iterable[bytes],
    changes: Changes,
    found: Callable[[int], None] = lambda _items: None,
) -> Iterator[list[bytes]]:
    """The listed records that the manifest does not hold, as soon as that is certain.

    Both sides come in nearly the same order, so that pairs are found near each other. Counts missing
    and changed into `changes`; what is yielded is not counted. `found` is told how many of the first
    items of the manifest are certain to be there.
    """
    known = _Known(manifest_blocks)
    ahead, behind = _Unmatched(), _Unmatched(changes.is_done)
    for chunk in listed:
        block = known.take(len(chunk))
        if not ahead and not behind:
            if block == chunk:
                found(known.taken)
                continue
            if not block:
                yield chunk
                continue
        _match(chunk, 0, behind, ahead, changes)
        _match(block, known.taken - len(block), ahead, behind, changes)
        if len(block) < len(chunk) and ahead:
            yield ahead.take_records()
        found(behind.first_open(known.taken))
    while ahead and (block := known.take(4096)):
        _match(block, known.taken - len(block), ahead, behind, changes)
    if ahead:
        yield ahead.take_records()
    for record, place in behind.take_all():
        changes.note_missing(path_of(record), place)
    while block := known.take(4096):
        for place, record in enumerate(block, known.taken - len(block)):
            changes.note_missing(path_of(record), place)


def _match(records: list[bytes], place: int, other: _Unmatched, own: _Unmatched, changes: Changes) -> None:
    """Pair records, the first of which stands at this place of its side."""
    for at, record in enumerate(records, place):
        path = path_of(record)
        match = other.take(path)
        if match is None:
            own.add(path, record, at)
        elif match != record and _differ(record, match):
            changes.note("changed", path)


def path_of(record: bytes) -> bytes:
    """The path of one manifest record."""
    return record[: record.index(b"\0")]


def _differ(one: bytes, other: bytes) -> bool:
    """Whether size or time differ where both are known."""
    pairs = zip(one.split(b"\0")[1:3], other.split(b"\0")[1:3], strict=True)
    return any(a != b and b"-1" not in (a, b) for a, b in pairs)


class _Known:
    """The records of the manifest, by the piece."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._records: list[bytes] = []
        self._at = 0
        self.taken = 0

    def take(self, count: int) -> list[bytes]:
        """The next records: `count` of them, fewer only at the end."""
        taken = self._records[self._at : self._at + count]
        self._at += len(taken)
        while len(taken) < count:
            block = next(self._blocks, None)
            if block is None:
                break
            self._records = split_records(block)
            self._at = count - len(taken)
            taken += self._records[: self._at]
        self.taken += len(taken)
        return taken
