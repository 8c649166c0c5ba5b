"""Items of mini-batches out of the manifest, by mini-batch and by name; works on copied trees too."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from bscore.inputs.manifest import ENTRY, Item, decode_items
from bscore.logtree import paths
from bscore.logtree.source import Source

#: A manifest is searched in pieces of this size.
_BLOCK = 1024 * 1024
#: What is read of one mini-batch at most.
_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ItemFound:
    """An item, and the mini-batch it belongs to."""

    mini_batch: int
    path: bytes


def _ends(source: Source, first: int, count: int) -> list[tuple[int, int]]:
    """(offset of the end, items up to there) of mini-batches; fewer where the index is shorter."""
    data = source.read(paths.MANIFEST_INDEX, first * ENTRY.size, count * ENTRY.size)
    return list(ENTRY.iter_unpack(data[: len(data) - len(data) % ENTRY.size]))


def items_of(source: Source, mini_batch: int) -> list[Item]:
    """The items of a mini-batch; empty where the manifest does not have it."""
    if mini_batch < 0:
        return []
    before = _ends(source, mini_batch - 1, 1) if mini_batch else [(0, 0)]
    own = _ends(source, mini_batch, 1)
    if not before or not own:
        return []
    start, end = before[0][0], own[0][0]
    records = source.read(paths.MANIFEST, start, min(end - start, _MAX_BYTES))
    try:
        return decode_items(records[: records.rfind(b"\0") + 1])
    except ValueError:
        return []


def find_items(source: Source, text: str, most: int = 100) -> Iterator[ItemFound]:
    """Items whose path holds `text`, in their order; an endless name cannot stop the search."""
    needle = text.encode("utf-8", "surrogateescape")
    if not needle or b"\0" in needle:
        return
    entry = source.stat(paths.MANIFEST_INDEX)
    index = source.read(paths.MANIFEST_INDEX, 0, entry.size if entry else 0)
    ends = [end for end, _ in ENTRY.iter_unpack(index[: len(index) - len(index) % ENTRY.size])]
    last = ends[-1] if ends else 0
    for number, (offset, path) in enumerate(_paths_with(source, needle)):
        if offset >= last or number >= most:
            return
        yield ItemFound(bisect_right(ends, offset), path)


def _paths_with(source: Source, needle: bytes) -> Iterator[tuple[int, bytes]]:
    """(offset of the record, path) of each path that holds the needle."""
    offset, carry = 0, b""
    while data := source.read(paths.MANIFEST, offset, _BLOCK):
        offset += len(data)
        data = carry + data
        base = offset - len(data)
        whole = _whole_records(data)
        position = 0
        while (hit := data.find(needle, position, whole)) >= 0:
            start, end, last = _record_around(data, position, hit)
            if hit + len(needle) <= end:
                yield base + start, data[start:end]
            position = last
        carry = data[whole:]


def _whole_records(data: bytes) -> int:
    """How many bytes of whole records (path, size, mtime) these begin with."""
    fields = data.count(b"\0")
    end = data.rfind(b"\0")
    for _ in range(fields % 3):
        end = data.rfind(b"\0", 0, end)
    return end + 1


def _record_around(data: bytes, first: int, hit: int) -> tuple[int, int, int]:
    """Start of the record that holds a byte, end of its path, start of the next; one starts at `first`."""
    behind = data.count(b"\0", first, hit) % 3
    start = hit
    for _ in range(behind + 1):
        start = data.rfind(b"\0", 0, start)
        if start < 0:
            break
    end = data.find(b"\0", start + 1)
    last = end
    for _ in range(2):
        last = data.find(b"\0", last + 1)
    return start + 1, end, last + 1
