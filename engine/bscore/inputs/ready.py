"""A manifest that was written whole before the job began: items that Python code handed over."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from bscore.errors import TreeError, UsageError
from bscore.inputs.listing import ListingProgress, ListingState
from bscore.inputs.manifest import (
    ENTRY,
    FINISHED_NAME,
    UNKNOWN,
    Extent,
    Manifest,
    ManifestWriter,
    write_all,
)
from bscore.inputs.repair import ManifestFiles

_CHUNK_RECORDS = 10_000
_FLUSH_BYTES = 1 << 20


class ReadyListing:
    """Stands where a lister would: says once that everything is listed.

    Raises TreeError when the manifest was never finished, which means that the job was never begun.
    """

    def __init__(self, checkpoint: Path) -> None:
        with Manifest(checkpoint) as manifest:
            self._extent = manifest.extent()
        if not (checkpoint / FINISHED_NAME).exists():
            raise TreeError(
                f"The inputs of job {checkpoint.parent.name} were never written completely.",
                remedy="Remove it with 'bscore job delete' and score again.",
            )
        self._pipe, writer = os.pipe2(os.O_CLOEXEC)
        # A pipe whose other end is closed is readable at once.
        os.close(writer)

    def fileno(self) -> int:
        """The descriptor to wait on; -1 once everything was said."""
        return self._pipe

    def poll(self) -> list[ListingProgress]:
        """That all is listed, once."""
        if self._pipe < 0:
            return []
        self.stop()
        return [ListingProgress(self._extent.mini_batches, self._extent.items, ListingState.FINISHED)]

    def stop(self) -> None:
        """Nothing runs; a second time changes nothing."""
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


def write_paths(checkpoint: Path, paths: Iterable[bytes], mini_batch_size: int) -> Extent:
    """Write the manifest of these absolute paths or URLs. Raises UsageError for none, or for a NUL in one."""
    with ManifestFiles(os.fspath(checkpoint), resume=False) as files:
        writer = ManifestWriter(
            files.data, files.index, files.extent, mini_batch_size, lambda _m, _i: None, lambda: 0.0
        )
        chunk: list[bytes] = []
        for path in paths:
            if b"\0" in path or not path:
                raise UsageError(f"{path!r} cannot be the path of an item.")
            chunk.append(path + UNKNOWN)
            if len(chunk) >= _CHUNK_RECORDS:
                writer.add(chunk)
                chunk = []
        writer.add(chunk)
        extent = writer.finish()
        files.mark_finished(extent)
    return extent


def write_slices(checkpoint: Path, kind: str, sizes: Iterable[int]) -> Extent:
    """Write the manifest of items without paths: one record a mini-batch, such as `rows[100:200]`.

    `sizes` are the items of each mini-batch; they may come as slowly as they are made.
    """
    with ManifestFiles(os.fspath(checkpoint), resume=False) as files:
        data, index = bytearray(), bytearray()
        mini_batches = items = end = 0
        for size in sizes:
            record = b"%b[%d:%d]" % (kind.encode(), items, items + size) + UNKNOWN
            mini_batches, items, end = mini_batches + 1, items + size, end + len(record)
            data += record
            index += ENTRY.pack(end, items)
            if len(data) >= _FLUSH_BYTES:
                _flush(files, data, index)
        _flush(files, data, index)
        extent = Extent(mini_batches, items, end)
        files.mark_finished(extent)
    return extent


def _flush(files: ManifestFiles, data: bytearray, index: bytearray) -> None:
    write_all(files.data, bytes(data))
    write_all(files.index, bytes(index))
    data.clear()
    index.clear()
