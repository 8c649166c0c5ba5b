"""The master's loop: listen, record, plan, carry out, once per wake-up. It joins; it decides nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bscore.backends.base import Backend
from bscore.core import events as e
from bscore.core.instructions import End, Instruction
from bscore.core.listing import limit_s
from bscore.core.policy import is_end, plan, rest_us, wants_early_look
from bscore.core.reduce import ImpossibleEventError
from bscore.core.snapshot import due, encode_snapshot
from bscore.core.state import Run
from bscore.errors import BscoreError, StorageError
from bscore.inputs.missing import MissingItems
from bscore.logtree import paths
from bscore.logtree.writer import TreeWriter
from bscore.master import requests
from bscore.master.acting import act, cancel_by_signal
from bscore.master.carry import Carrier
from bscore.master.earlier import EarlierSearch
from bscore.master.listen import Listener
from bscore.master.observers import Observer
from bscore.master.signals import Stops
from bscore.master.term import Term
from bscore.master.timekeeper import Timekeeper
from bscore.spec.regular import remove_folder
from bscore.spec.within import FOLDER_MODE

#: The longest nap of the loop, and the nap while an idle worker could soon take work from a busy one.
NAP_S = 0.5
SHORT_NAP_S = 0.025
#: What is due by time is looked at no more often than this.
LOOK_US = 50_000


class Master:
    """Runs one term of a job on a backend until the plan says that the run ends."""

    def __init__(self, term: Term, backend: Backend, stops: Stops, observers: Sequence[Observer]) -> None:
        self.term = term
        self.run: Run = term.run
        self.recorder = term.recorder
        self.backend = backend
        self.observers = observers
        self.recorder.tell = self._tell
        self._missing = MissingItems(term.job.tree / paths.CHECKPOINT)
        self.listener = Listener(term.recorder, term.job.tree, self._missing)
        self._stops = stops
        self._stops_taken = 0
        self._carrier = Carrier(term.recorder, backend, term.manifest, self._missing)
        self._asked_at = 0
        self._looked_at = 0
        self._timekeeper = Timekeeper(term.recorder, term.clock)
        self._nap_s = 0.0
        self._rest_s = 0.0
        self._snapshot_bytes = 0
        self._snapshot_at = 0
        self._writer = TreeWriter(term.job.tree)
        self._earlier = EarlierSearch(term.job.tree, self.run)

    def _tell(self, event: e.Event) -> None:
        for observer in self.observers:
            observer.hear(event, self.run)

    def until_end(self) -> End:
        """Go round until the run has to end. Raises StorageError, TermLostError, KeyboardInterrupt."""
        self._wait_for_manifest()
        self._earlier.begin()
        while True:
            instructions = self.turn()
            end = is_end(instructions)
            if instructions and self._carrier.carry_out(instructions, self.term.clock.now()):
                self._nap_s = 0.0
            self.recorder.flush()
            if end is not None:
                return end

    def turn(self) -> list[Instruction]:
        """Wait for something, record all that happened, and ask for the plan."""
        term, limits = self.term, self.term.job.config.limits
        if self._rest_s and self.run.waiting:
            time.sleep(self._rest_s)
        now = self.listen(self._patience())
        self._take_stops(now)
        self.commit(now)
        if now - self._looked_at >= LOOK_US:
            self._looked_at = now
            self._rest_s = rest_us(self.run) / 1e6
            self._take_requests(now)
            term.lock.renew()
            self._timekeeper.look_at_clock(now)
            self._hear_of_earlier_run(now)
            for observer in self.observers:
                observer.tick(self.run, now)
        return plan(self.run, self.recorder.vitals, limits, now)

    def _patience(self) -> float:
        if self._nap_s == 0.0:
            self._nap_s = NAP_S
            return 0.0
        self._nap_s = SHORT_NAP_S if wants_early_look(self.run) else NAP_S
        return self._nap_s

    def listen(self, timeout_s: float) -> int:
        """Wait for reports and record them; return the time (microseconds UTC) of this wake-up."""
        term = self.term
        wake = [
            fd for fd in (term.listing.fileno(), term.committer.fileno(), self._stops.fileno()) if fd >= 0
        ]
        polls = self.backend.poll(timeout_s, wake)
        now = term.clock.now()
        self._timekeeper.woke(now, timeout_s)
        for poll in polls:
            try:
                self.listener.hear_poll(poll, now)
            except ImpossibleEventError as error:
                self._lose(poll.node, f"its agent told what cannot be: {error}", now)
        if term.listing.fileno() >= 0:
            self.listener.hear_listing(term.listing.poll(), now)
        if term.listing.fileno() < 0:
            self.recorder.vitals.found = None
        return now

    def _lose(self, node: str, reason: str, now: int) -> None:
        """Work with a node no more."""
        if node in self.run.nodes and self.run.nodes[node].live:
            self.recorder.record(e.NodeLost(now, node, reason))
        self.backend.kill(node)

    def _hear_of_earlier_run(self, now: int) -> None:
        found = self._earlier.take(now)
        if found is not None:
            self.recorder.record(found)

    def _take_stops(self, now: int) -> None:
        stops = self._stops
        self.check_second_stop()
        if stops.count > self._stops_taken:
            self._stops_taken = stops.count
            cancel_by_signal(self.recorder, stops.by, now)

    def _take_requests(self, now: int) -> None:
        if now - self._asked_at < requests.LOOK_US:
            return
        self._asked_at = now
        for request in requests.take(self.term.job.tree):
            too_old = request.name in self.term.too_old
            act(self.recorder, self._carrier, request, now, too_old=too_old)

    def check_second_stop(self) -> None:
        """Raise KeyboardInterrupt when somebody pressed Ctrl-C twice."""
        self._stops.drain()
        if self._stops.count >= 2:
            raise KeyboardInterrupt

    def hurry(self) -> Callable[[], bool]:
        """Tells whether somebody has pressed Ctrl-C, once or once more, since now."""
        before = self._stops.count
        return lambda: self._stops.count > before

    def commit(self, now: int) -> None:
        """Move the commit point on; after one, a snapshot where it is worth it."""
        if not self.term.committer.step(now):
            return
        journal = self.recorder.journal_bytes
        if due(journal - self._snapshot_at, self._snapshot_bytes):
            line = encode_snapshot(self.run.term, journal, 0, self.run)
            self._snapshot_at, self._snapshot_bytes = journal, len(line)
            self._writer.append(paths.SNAPSHOTS, line)

    def _wait_for_manifest(self) -> None:
        """After a power failure the listing first has to bring back what the journal knows of."""
        term, most_s = self.term, limit_s(self.term.job.config.limits)
        reached, since = 0, term.clock.now()
        while (extent := term.manifest.extent().mini_batches) < self.run.mini_batches:
            now = self.listen(NAP_S)
            self.check_second_stop()
            if self.run.listing_error:
                return
            if extent > reached:
                reached, since = extent, now
            if now - max(since, self.run.listed_at) > most_s * 1e6:
                raise BscoreError(
                    f"The inputs of job {term.job.name} have to be listed again, and that stands still: "
                    f"nothing in {most_s:g} seconds.",
                    remedy="Look at where the inputs are, then resume the job.",
                )
            if term.listing.fileno() < 0:
                raise BscoreError(
                    f"The inputs of job {term.job.name} hold fewer items than when it began.",
                    remedy="Put the missing inputs back, or run the job anew.",
                )

    def close(self) -> None:
        """Close what the loop opened itself."""
        self.listener.close()
        self._missing.close()
        self._writer.close()


def spool_folder(tree: Path) -> Path:
    """The folder for large rows, made anew: what an earlier term left there belongs to nobody."""
    folder = tree / paths.SPOOL
    try:
        with contextlib.suppress(FileNotFoundError):
            remove_folder(folder)
        folder.mkdir(mode=FOLDER_MODE)
    except OSError as error:
        raise StorageError(f"The folder {folder} cannot be used: {error.strerror}.") from error
    return folder


def drop_spool(term: Term) -> None:
    """Leave nothing there once the run has ended; before that a later term may have it already."""
    if term.run.outcome is not None:
        with contextlib.suppress(OSError):
            remove_folder(term.job.tree / paths.SPOOL)
