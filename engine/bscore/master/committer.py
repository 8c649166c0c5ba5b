"""Commit points: a thread syncs rows, then the master records it, then the thread syncs the journal.

The master never waits for a disk while a run goes on; only `finish` waits.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from bscore.errors import BscoreError
from bscore.master.recorder import Recorder

#: Rows since the last commit point after which the next one does not wait for its time.
COMMIT_BYTES = 64 * 1024 * 1024
#: How often somebody who waits for the thread looks whether it is there.
_LOOK_S = 1.0


class _Stage(Enum):
    """Where the current commit point is."""

    NONE = "nothing under way"
    ROWS = "the thread syncs the rows"
    RECORD = "the rows are safe, the record is to be written"
    JOURNAL = "the thread syncs the journal"


@dataclass(frozen=True, slots=True)
class _Point:
    upto_event: int
    part_bytes: int
    rows: int


class Committer:
    """Makes commit points of one term; `step` is told the name of each step after it was done.

    `fileno` becomes readable when the master should call `step`.

    `interval_s` is the longest time between two; 0 records commit points once a second without syncing.
    """

    def __init__(
        self,
        recorder: Recorder,
        rows_before: int,
        sync_rows: Sequence[Callable[[], None]],
        check_term: Callable[[], None],
        interval_s: float,
        step: Callable[[str], None],
    ) -> None:
        self._recorder = recorder
        self._rows_before = rows_before
        self._sync_rows = list(sync_rows)
        self._check_term = check_term
        self._step = step
        self._interval_us = int((interval_s or 1.0) * 1e6)
        self._syncs = interval_s > 0
        self._stage = _Stage.NONE
        self._point = _Point(0, 0, 0)
        self._last_at = 0
        self._last_event = 0
        self._last_bytes = 0
        self._failure: BaseException | None = None
        self._said = False
        self._read_fd, self._write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="commit", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """A descriptor to wait for."""
        return self._read_fd

    def step(self, now: int) -> bool:
        """Move the commit point on; say whether a commit record was just written.

        Raises what the disk raised (StorageError) or TermLostError.
        """
        self._drain()
        if self._failure is not None:
            raise self._failure
        if self._stage is _Stage.RECORD:
            self._record(now)
            return True
        if self._stage is not _Stage.NONE:
            self._refuse_dead_thread()
        elif self._is_due(now):
            self._begin(now)
        return False

    def _is_due(self, now: int) -> bool:
        if self._recorder.run.events <= self._last_event:
            return False
        late = now - self._last_at >= self._interval_us
        return late or self._part_bytes() - self._last_bytes >= COMMIT_BYTES

    def _part_bytes(self) -> int:
        part = self._recorder.part
        return 0 if part is None else part.size

    def _begin(self, now: int) -> None:
        self._check_term()
        self._recorder.flush()
        run = self._recorder.run
        self._point = _Point(run.events, self._part_bytes(), run.rows - self._rows_before)
        self._last_at = now
        if self._syncs:
            self._hand_over(_Stage.ROWS, self._sync_all_rows, _Stage.RECORD)
        else:
            self._stage = _Stage.RECORD

    def _sync_all_rows(self) -> None:
        for sync in self._sync_rows:
            sync()
        self._step("rows synced")

    def _sync_journal(self) -> None:
        self._recorder.sync()
        self._step("journal synced")

    def _record(self, now: int) -> None:
        self._check_term()
        point = self._point
        self._recorder.commit(now, point.upto_event, point.part_bytes, point.rows)
        self._step("commit recorded")
        # The commit record itself; what else came meanwhile waits for the next one.
        self._last_event = point.upto_event + 1
        self._last_bytes = point.part_bytes
        if self._syncs:
            self._hand_over(_Stage.JOURNAL, self._sync_journal, _Stage.NONE)
        else:
            self._stage = _Stage.NONE

    def _hand_over(self, stage: _Stage, work: Callable[[], None], then: _Stage) -> None:
        self._stage = stage

        def carry_out() -> None:
            work()
            self._stage = then

        self._work.put(carry_out)

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  # whatever it is, it ends the term with its reason
                self._failure = error
            # Where there is no room the descriptor is readable anyhow.
            with suppress(BlockingIOError):
                os.write(self._write_fd, b".")
            # Only now: a flag without its byte would leave the descriptor readable for ever.
            self._said = True

    def _drain(self) -> None:
        if not self._said:
            return
        self._said = False
        try:
            os.read(self._read_fd, 4096)
        except BlockingIOError:
            return

    def finish(self, now: int) -> None:
        """Commit everything recorded so far and wait until it is safe."""
        while self._is_busy():
            self._settle(now)
        self._begin(now)
        while self._is_busy():
            self._settle(now)

    def _is_busy(self) -> bool:
        return self._stage is not _Stage.NONE

    def _settle(self, now: int) -> None:
        """Wait for the thread, then do what is next. Raises BscoreError when it has ended by itself."""
        settled = threading.Event()
        self._work.put(settled.set)
        while not settled.wait(_LOOK_S) and self._failure is None:
            self._refuse_dead_thread()
        self._drain()
        if self._failure is not None:
            raise self._failure
        if self._stage is _Stage.RECORD:
            self._record(now)

    def _refuse_dead_thread(self) -> None:
        if not self._thread.is_alive():
            raise BscoreError("The thread that makes commit points has ended.", remedy="Resume the job.")

    def close(self) -> None:
        """End the thread."""
        self._work.put(None)
        self._thread.join()
        os.close(self._read_fd)
        os.close(self._write_fd)
