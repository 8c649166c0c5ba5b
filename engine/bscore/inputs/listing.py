"""The master's side of a listing: starts the lister, hears its progress, stops it. Nothing per item."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, Any

from bscore.errors import UsageError
from bscore.inputs.skipped import LeftOut

_STDERR_KEPT = 2000
_STOP_WAIT_S = 2.0


class ListingState(StrEnum):
    """How far a listing is."""

    #: More mini-batches will come.
    LISTING = "listing"
    #: All of them are in the manifest.
    FINISHED = "finished"
    #: The inputs cannot be listed; `reason` says why.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class InputChanges:
    """On resume: items of the manifest that are missing or changed, and new ones that are left out.

    Missing are those that have still to be scored; `MissingItems` holds which.
    """

    missing: int
    changed: int
    added: int
    #: The first of each kind, as `missing: /path`.
    first_names: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.changed or self.added)


def change_findings(changes: InputChanges) -> Iterator[tuple[str, str]]:
    """Code and text of a finding for each kind of change: how many, what becomes of them, the first names."""
    kinds = (
        ("missing", changes.missing, "missing", "not handed to run(), counted as failed"),
        ("changed", changes.changed, "changed since they were listed", "scored as they are"),
        ("added", changes.added, "new since they were listed", "not scored"),
    )
    for kind, count, state, then in kinds:
        if count:
            names = [name.removeprefix(f"{kind}: ") for name in changes.first_names if name.startswith(kind)]
            text = f"Inputs {state} when the job was resumed: {count}, {then}. First: {', '.join(names)}"
            yield f"inputs-{kind}", text


@dataclass(frozen=True, slots=True)
class ListingProgress:
    """What the lister said; both numbers are totals.

    On resume of a complete listing FINISHED comes at once, and again when the comparison is done, then
    with `changes`; until then `found` says how many of the first mini-batches are certain to be there still.
    `skipped` is what was left out, by kind.
    """

    mini_batches: int
    items: int
    state: ListingState
    reason: str = ""
    changes: InputChanges | None = None
    skipped: tuple[LeftOut, ...] = ()
    found: int = 0


class NoListing:
    """Stands where a listing would, for a term that only ends a run."""

    def fileno(self) -> int:
        """Nothing will be said."""
        return -1

    def poll(self) -> list[ListingProgress]:
        """Nothing was said."""
        return []

    def stop(self) -> None:
        """Nothing runs."""


class Listing:
    """One lister process. `fileno()` is readable when `poll()` has something to say, -1 when all is said."""

    def __init__(self, process: subprocess.Popen[bytes], pipe: int, stderr: IO[bytes]) -> None:
        self._process = process
        self._pipe = pipe
        self._stderr = stderr
        self._torn = b""
        self._mini_batches = 0
        self._items = 0
        self._found = 0
        self._ended_well = False

    @classmethod
    def start(
        cls,
        inputs: Sequence[str],
        mini_batch_size: int,
        checkpoint_dir: str | os.PathLike[str],
        *,
        resume: bool = False,
        limit: int | None = None,
        done: Sequence[tuple[int, int]] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Listing:
        """Start listing into `checkpoint_dir`, which exists; `environment` replaces this process's own.

        With a `limit` the listing ends after so many items. Of the mini-batches in the `done` ranges nothing
        is missing any more.

        Raises UsageError for a mini-batch size below 1, OSError when no process can be started.
        """
        if mini_batch_size < 1:
            raise UsageError(f"A mini-batch of {mini_batch_size} items was asked for; at least 1 is needed.")
        request = {
            "inputs": list(inputs),
            "mini_batch_size": mini_batch_size,
            "checkpoint": os.fspath(checkpoint_dir),
            "resume": resume,
            "limit": limit,
            "done": list(done),
        }
        reader, writer = os.pipe()
        stderr = tempfile.TemporaryFile(dir=checkpoint_dir)  # noqa: SIM115  # lives as long as the lister
        with tempfile.TemporaryFile(dir=checkpoint_dir) as asked:
            asked.write(json.dumps(request).encode())
            asked.seek(0)
            try:
                process = _lister(asked, stderr, writer, environment)
            except BaseException:
                os.close(reader)
                stderr.close()
                raise
            finally:
                os.close(writer)
        os.set_blocking(reader, False)
        return cls(process, reader, stderr)

    @property
    def pid(self) -> int:
        """The lister's process id, which is its process group too."""
        return self._process.pid

    def fileno(self) -> int:
        """The descriptor to wait on; -1 once everything was said."""
        return self._pipe

    def poll(self) -> list[ListingProgress]:
        """What was said since the last call, without waiting; of several totals only the latest."""
        said: list[ListingProgress] = []
        while self._pipe >= 0:
            try:
                block = os.read(self._pipe, 65536)
            except BlockingIOError:
                break
            if not block:
                self._close_pipe()
                said += self._last_words()
                break
            *lines, self._torn = (self._torn + block).split(b"\n")
            try:
                said += [self._decode(json.loads(line)) for line in lines]
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
                self._close_pipe()
                reason = f"The lister said something that is no progress ({type(error).__name__}: {error})."
                return [ListingProgress(self._mini_batches, self._items, ListingState.FAILED, reason)]
        totals = [index for index, one in enumerate(said) if one.state is ListingState.LISTING]
        return [one for index, one in enumerate(said) if index not in totals[:-1]]

    def stop(self) -> None:
        """End the lister, whatever it does. What it wrote so far is whole and can be resumed."""
        self._close_pipe()
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                # One that waits for a file system that does not answer ends when that does.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_STOP_WAIT_S)
        self._stderr.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def _last_words(self) -> list[ListingProgress]:
        """At the end of the pipe: nothing more to say, or why the lister died."""
        code = self._process.wait()
        self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, self._stderr.tell() - _STDERR_KEPT))
        text = self._stderr.read().decode("utf-8", "backslashreplace").strip()
        self._stderr.close()
        if self._ended_well:
            return []
        how = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        reason = f"The process that lists the inputs was {how}." if code < 0 else f"The lister {how}."
        reason = f"{reason}\n{text}" if text else reason
        return [ListingProgress(self._mini_batches, self._items, ListingState.FAILED, reason)]

    def _decode(self, facts: dict[str, Any]) -> ListingProgress:
        self._mini_batches = facts.get("mini_batches", self._mini_batches)
        self._items = facts.get("items", self._items)
        self._found = facts.get("found", self._found)
        state = ListingState(facts["state"])
        self._ended_well = self._ended_well or state is not ListingState.LISTING
        changes = facts.get("changes")
        return ListingProgress(
            self._mini_batches,
            self._items,
            state,
            facts.get("reason", ""),
            changes and InputChanges(changes[0], changes[1], changes[2], tuple(changes[3])),
            tuple(LeftOut(kind, count, tuple(first)) for kind, count, first in facts.get("skipped", ())),
            self._found,
        )


def _lister(
    asked: IO[bytes], said: IO[bytes], pipe: int, environment: Mapping[str, str] | None
) -> subprocess.Popen[bytes]:
    """Start the process: it reads `asked`, tells its progress over `pipe`, anything else goes to `said`."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "bscore.inputs.lister", str(pipe)],
        stdin=asked,
        stdout=said,
        stderr=said,
        pass_fds=(pipe,),
        process_group=0,
        env=None if environment is None else dict(environment),
    )
