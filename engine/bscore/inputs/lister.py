"""The lister: a process of its own that lists the inputs into the manifest, ahead of scoring.

Started by `listing.Listing` as `python -P -m bscore.inputs.lister FD` with its request as JSON on
standard input. Tells its progress as JSON lines on descriptor FD and ends when nobody reads there.
Imports nothing heavy: it must be listing while its parent still imports.
"""

from __future__ import annotations

import json
import os
import select
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from bscore.errors import BscoreError, in_words
from bscore.inputs.compare import Changes, path_of, unlisted
from bscore.inputs.kinds import list_inputs
from bscore.inputs.manifest import DATA_NAME, Extent, Manifest, ManifestWriter, write_all
from bscore.inputs.missing import write_missing
from bscore.inputs.repair import ManifestFiles
from bscore.inputs.skipped import Skipped

#: A line must fit whole into one write on a pipe (PIPE_BUF).
_LONGEST_REASON = 2000
#: A listing that goes on says so this often at least, where it has something to say it by.
_TOLD_EVERY_S = 1.0


class Teller:
    """Sends progress; what the pipe has no room for is dropped, since the next one carries totals too."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)
        threading.Thread(target=self._end_with_reader, daemon=True).start()

    def progress(self, mini_batches: int, items: int) -> None:
        """So much is listed."""
        self._offer(mini_batches=mini_batches, items=items, state="listing")

    def found(self, mini_batches: int) -> None:
        """So many of the first mini-batches are certain to be there still."""
        self._offer(found=mini_batches, state="listing")

    def _offer(self, **facts: Any) -> None:
        try:
            os.write(self._descriptor, _line(facts))
        except BlockingIOError:
            return

    def last(self, **facts: Any) -> None:
        """What must arrive."""
        os.set_blocking(self._descriptor, True)
        write_all(self._descriptor, _line(facts))

    def _end_with_reader(self) -> None:
        watch = select.poll()
        watch.register(self._descriptor, 0)  # POLLERR: the last reader is gone
        watch.poll()
        os._exit(0)


def _line(facts: dict[str, Any]) -> bytes:
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


class Listener(Protocol):
    """Who hears of a listing."""

    def progress(self, mini_batches: int, items: int) -> None:
        """So much is listed; may get lost."""

    def found(self, mini_batches: int) -> None:
        """So many of the first mini-batches are certain to be there still; may get lost."""

    def last(self, **facts: Any) -> None:
        """What must arrive."""


def run(request: dict[str, Any], listener: Listener) -> None:
    """List, resume a listing, or compare, as requested and as far as the manifest has got.

    Raises BscoreError for inputs that cannot be listed, OSError for a manifest that cannot be written.
    """
    checkpoint_dir, inputs = request["checkpoint"], request["inputs"]
    size, limit = request["mini_batch_size"], request.get("limit")
    changes = Changes(size, request.get("done", ()))
    with ManifestFiles(checkpoint_dir, resume=request["resume"]) as files:
        if files.finished():
            _compare(inputs, checkpoint_dir, files.extent, size, changes, listener, limit)
        else:
            with Manifest(checkpoint_dir) as manifest:
                _list(inputs, checkpoint_dir, size, files, manifest, changes, listener, limit)


def _list(
    inputs: list[str],
    checkpoint_dir: str,
    mini_batch_size: int,
    files: ManifestFiles,
    manifest: Manifest,
    changes: Changes,
    listener: Listener,
    limit: int | None,
) -> None:
    """List what the manifest does not hold yet."""
    skipped = Skipped()
    writer = ManifestWriter(
        files.data, files.index, files.extent, mini_batch_size, listener.progress, time.monotonic
    )
    records = _told(list_inputs(inputs, skipped), writer, listener)
    if files.extent.items:
        listener.progress(files.extent.mini_batches, files.extent.items)
        records = unlisted(
            records, manifest.blocks(), changes, lambda items: listener.found(items // mini_batch_size)
        )
    for chunk in records if limit is None else _first(records, limit - files.extent.items):
        writer.add(chunk)
    extent = writer.finish()
    if not extent.items:
        raise BscoreError("No files were found in the inputs.", remedy="Name a folder that holds files.")
    files.mark_finished(extent)
    if changes.missing:
        write_missing(checkpoint_dir, changes.places)
    _say_finished(listener, extent, skipped, changes if files.extent.items else None)


def _told(
    records: Iterable[list[bytes]], writer: ManifestWriter, listener: Listener
) -> Iterator[list[bytes]]:
    """The same records; that more was seen is told also while no mini-batch becomes whole."""
    told_s = time.monotonic()
    for chunk in records:
        now_s = time.monotonic()
        if now_s - told_s >= _TOLD_EVERY_S:
            told_s = now_s
            listener.progress(writer.extent.mini_batches, writer.extent.items)
        yield chunk


def _first(records: Iterable[list[bytes]], count: int) -> Iterator[list[bytes]]:
    """The first `count` records; what comes behind them is not even looked for."""
    if count <= 0:
        return
    for chunk in records:
        yield chunk[:count]
        count -= len(chunk)
        if count <= 0:
            return


def _compare(
    inputs: list[str],
    checkpoint_dir: str,
    extent: Extent,
    mini_batch_size: int,
    changes: Changes,
    listener: Listener,
    limit: int | None,
) -> None:
    """Say at once that the manifest is complete, then what has changed since.

    Where only the first items were asked for, the others are no news.
    """
    _say_finished(listener, extent, Skipped(), None)
    if limit is not None:
        return
    skipped = Skipped()

    def found(items: int) -> None:
        # The last mini-batch may be a shorter one.
        listener.found(extent.mini_batches if items == extent.items else items // mini_batch_size)

    try:
        with Manifest(checkpoint_dir) as manifest:
            records = list_inputs(inputs, skipped, gone_is_empty=True)
            for chunk in unlisted(records, manifest.blocks(), changes, found):
                for record in chunk:
                    changes.note("added", path_of(record))
    except BscoreError as error:
        # The manifest stands; what cannot be read shows as items that fail, each with its reason.
        _say_finished(
            listener, extent, skipped, None, note=f"The inputs cannot be compared. {error.sentences}"
        )
        return
    if changes.missing:
        write_missing(checkpoint_dir, changes.places)
    _say_finished(listener, extent, skipped, changes)


def _say_finished(
    listener: Listener, extent: Extent, skipped: Skipped, changes: Changes | None, note: str = ""
) -> None:
    facts: dict[str, Any] = {"mini_batches": extent.mini_batches, "items": extent.items, "state": "finished"}
    facts["skipped"] = [(one.kind, one.count, one.first) for one in skipped.kinds()]
    facts["reason"] = note[:_LONGEST_REASON]
    if changes is not None:
        facts["changes"] = [changes.missing, changes.changed, changes.added, changes.first_names]
    listener.last(**facts)


def main() -> int:
    """Run one request; 0 also for inputs that cannot be listed: that is told, not died of."""
    teller = Teller(int(sys.argv[1]))
    request: dict[str, Any] = json.load(sys.stdin)
    try:
        run(request, teller)
    except BscoreError as error:
        teller.last(state="failed", reason=error.sentences[:_LONGEST_REASON])
    except BrokenPipeError:
        return 0
    except OSError as error:
        # What the inputs themselves refuse came as an InputError: this is the manifest.
        path = error.filename or os.path.join(request["checkpoint"], DATA_NAME)
        teller.last(state="failed", reason=in_words(error, path).sentences[:_LONGEST_REASON])
    return 0


if __name__ == "__main__":
    sys.exit(main())
