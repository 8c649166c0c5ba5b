"""What the inputs are now against what the manifest holds: two streams, memory only for differences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bscore.inputs.manifest import split_records
from bscore.inputs.skipped import FIRST_NAMES, shown


class Changes:
    """Counts of items of the manifest that are missing or changed, and of new ones; first names of each."""

    def __init__(self) -> None:
        self.missing = 0
        self.changed = 0
        self.added = 0
        self.first_names: list[str] = []
        self._named = {"missing": 0, "changed": 0, "added": 0}

    def note(self, kind: str, path: bytes) -> None:
        """Count one; `kind` is missing, changed or added."""
        setattr(self, kind, getattr(self, kind) + 1)
        if self._named[kind] < FIRST_NAMES:
            self._named[kind] += 1
            self.first_names.append(f"{kind}: {shown(path)}")


class _Unmatched:
    """Records of one side that the other has not shown yet, in order; a path may stand there twice."""

    def __init__(self) -> None:
        self._by_path: dict[bytes, list[bytes]] = {}

    def __bool__(self) -> bool:
        return bool(self._by_path)

    def add(self, path: bytes, record: bytes) -> None:
        self._by_path.setdefault(path, []).append(record)

    def take(self, path: bytes) -> bytes | None:
        records = self._by_path.get(path)
        if records is None:
            return None
        if len(records) == 1:
            del self._by_path[path]
        return records.pop(0)

    def take_all(self) -> list[bytes]:
        records = [record for records in self._by_path.values() for record in records]
        self._by_path.clear()
        return records


def unlisted(
    listed: Iterable[list[bytes]], manifest_blocks: Iterable[bytes], changes: Changes
) -> Iterator[list[bytes]]:
    """The listed records that the manifest does not hold, as soon as that is certain.

    Both sides come in nearly the same order, so that pairs are found near each other. Counts missing
    and changed into `changes`; what is yielded is not counted.
    """
    known = _Known(manifest_blocks)
    ahead, behind = _Unmatched(), _Unmatched()
    for chunk in listed:
        block = known.take(len(chunk))
        if not ahead and not behind:
            if block == chunk:
                continue
            if not block:
                yield chunk
                continue
        _match(chunk, behind, ahead, changes)
        _match(block, ahead, behind, changes)
        if len(block) < len(chunk) and ahead:
            yield ahead.take_all()
    while block := known.take(4096):
        _match(block, ahead, behind, changes)
    if ahead:
        yield ahead.take_all()
    for record in behind.take_all():
        changes.note("missing", path_of(record))


def _match(records: list[bytes], other: _Unmatched, own: _Unmatched, changes: Changes) -> None:
    for record in records:
        path = path_of(record)
        match = other.take(path)
        if match is None:
            own.add(path, record)
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
        return taken
