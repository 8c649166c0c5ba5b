"""Mini-batches without the items that a resume found missing."""

from __future__ import annotations

from collections.abc import Iterator

from bscore.core import events as e
from bscore.core.attempts import attempt_of
from bscore.inputs.compare import path_of
from bscore.inputs.manifest import Manifest, split_records
from bscore.inputs.missing import MissingItems
from bscore.inputs.skipped import shown
from bscore.master.recorder import Recorder
from bscore.node.messages import Batch

#: So many told mini-batches are looked through for those that are over.
_MANY_TOLD = 50_000


class LeftOut:
    """Cuts what goes to workers, and records what it leaves out, once a term for each mini-batch."""

    def __init__(self, recorder: Recorder, manifest: Manifest, missing: MissingItems | None) -> None:
        self._recorder = recorder
        self._manifest = manifest
        self._missing = missing
        self._told: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._missing)

    def cut(self, first: int, count: int, now: int) -> Iterator[tuple[Batch, bytes]]:
        """Each of these mini-batches with the manifest records that are to be sent."""
        run = self._recorder.run
        sizes, blob = self._manifest.mini_batches(first, count, run.mini_batches)
        place, start = self._manifest.items_before(first), 0
        for mini_batch, (items, nbytes) in enumerate(sizes, first):
            records = blob[start : start + nbytes]
            missing = self._places(place, items)
            if missing:
                whole = split_records(records)
                self._tell(mini_batch, len(missing), whole[missing[0]], now)
                gone = set(missing)
                records = b"".join(record for at, record in enumerate(whole) if at not in gone)
            attempt, left = attempt_of(run, mini_batch), items - len(missing)
            yield Batch(mini_batch, attempt, left, len(records), len(missing)), records
            place, start = place + items, start + nbytes

    def _places(self, start: int, items: int) -> list[int]:
        """Which of so many items from `start` on are missing, counted from there."""
        return [at - start for at in self._missing.within(start, start + items)] if self._missing else []

    def _tell(self, mini_batch: int, items: int, first: bytes, now: int) -> None:
        if mini_batch in self._told:
            return
        if len(self._told) >= _MANY_TOLD:
            run = self._recorder.run
            self._told = {one for one in self._told if one not in run.done and one not in run.abandoned}
        self._told.add(mini_batch)
        self._recorder.record(e.ItemsMissing(now, mini_batch, items, shown(path_of(first))))
