"""One job, read again and again: everything that `build` needs, now or at a moment. Belongs to one thread."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bscore.core.events import Event, Finished, UnknownEvent
from bscore.core.state import Run
from bscore.errors import TreeError
from bscore.logtree import paths
from bscore.logtree.history import refuse_damaged_start
from bscore.logtree.journal import terms
from bscore.logtree.records import MAX_LINE_BYTES, StrangeLine, decode
from bscore.logtree.source import LocalSource, Source
from bscore.logtree.trees import called
from bscore.observe import (
    Follower,
    Life,
    Past,
    Progress,
    Pulse,
    UsageReader,
    events_before,
    offset_at,
)
from bscore_tui.reading.aftermath import NO_AFTERMATH, aftermath
from bscore_tui.reading.build import Seen, build
from bscore_tui.reading.earlier import earlier_job
from bscore_tui.reading.outlook import NO_OUTLOOK, Outlook, Outlooks
from bscore_tui.reading.present import Present, present_of
from bscore_tui.reading.scan import JournalScan, is_quiet
from bscore_tui.views.earlier import Earlier
from bscore_tui.views.model import GONE, Face, Mode, Model, TermGap, Timeline
from bscore_tui.views.safe import safe_text

#: Notable records in the model: what the master pane of a tall terminal holds.
NOTES = 40
#: Finished mini-batches of which "outside run()" is taken.
RECENT = 200
#: Bytes of journal folded before the first picture, and in one slice later; bytes of it scanned in one.
_FIRST_FOLD = 64 * 1024
_FOLD_BUDGET = 512 * 1024
_SCAN_BUDGET = 4 * 1024 * 1024
_USAGE_BUDGET = 1024 * 1024
_USAGE_TURNS = 10
#: A tree without any lease is given up when its journal has been silent for so long.
SILENT_US = 300_000_000


def wall_us() -> int:
    """The present, in microseconds UTC."""
    return time.time_ns() // 1000


class JobReader:
    """Reads the tree of one source."""

    def __init__(self, source: Source, now_us: Callable[[], int] = wall_us) -> None:
        self.source = source
        self.scan = JournalScan(source)
        self.usage = UsageReader(source)
        self.follower = Follower(source, self._hear)
        self._now_us = now_us
        self._past = Past(source)
        self._life = Life(source)
        self._finished: deque[Finished] = deque(maxlen=RECENT)
        self._progress = Progress(changed=False, restarted=False, more=False, done_bytes=0, total_bytes=0)
        self._pulse = Pulse.UNKNOWN
        self._turns = 0
        self._earlier: Earlier | None = None
        self._compared = False
        self._gone = False
        #: Of the present, and of a moment of the past.
        self._outlooks, self._past_outlooks = Outlooks(), Outlooks()
        self._called = called(Path(source.root), os.environ) if isinstance(source, LocalSource) else ""
        self._notable: tuple[tuple[str, int], list[tuple[str, int, Event]]] | None = None

    @property
    def there(self) -> bool:
        """Whether there is a journal to read."""
        return self.follower.there

    @property
    def now(self) -> int:
        """The present, in microseconds UTC."""
        return self._now_us()

    @property
    def stands(self) -> bool:
        """Whether the present that is shown does not move: the run is over, or nobody works on it."""
        over = self.follower.run.outcome is not None or self._pulse is Pulse.NOT_RESPONDING
        return over and not self._progress.more

    @property
    def pulse(self) -> Pulse:
        """What the last poll knew of the master."""
        return self._pulse

    @property
    def present(self) -> Present:
        """The job as it is now, whatever moment is shown."""
        return present_of(self.follower.run, self._pulse, self.source)

    @property
    def silent_s(self) -> float:
        """Since when the master's lease has not changed."""
        return self._life.silent_s

    def _hear(self, event: Event) -> None:
        if type(event) is Finished:
            self._finished.append(event)

    def begin(self) -> bool:
        """Read a first slice of the run and the end of what stands beside it; whether the run needs more."""
        self._fold(_FIRST_FOLD)
        if self.there:
            self.scan.begin()
            self.usage.poll(self.follower.run.nodes)
        self._pulse = self._look()
        return self._progress.more

    def poll(self) -> tuple[bool, bool]:
        """Read what is new, a slice at most: (something changed, there is more to read at once)."""
        changed, more = self._fold(_FOLD_BUDGET), self._progress.more
        if self.there:
            before = self.scan.nbytes
            # The run itself is what everybody waits for.
            more |= self.scan.poll(_SCAN_BUDGET if not more else _SCAN_BUDGET // 8)
            changed |= self.scan.nbytes != before
        self._turns += 1
        # Once a run is over its tables seldom grow.
        if changed or not self.stands or self._turns % _USAGE_TURNS == 1:
            changed |= self.usage.poll(self.follower.run.nodes)
        if not self._progress.more:
            earlier = self.usage.earlier
            more |= self.usage.poll_earlier(_USAGE_BUDGET)
            changed |= earlier
        gone = self._gone
        pulse = self._look()
        changed |= pulse is not self._pulse or gone is not self._gone
        self._pulse = pulse
        return changed, more

    def compare(self) -> bool:
        """Look once for the job before one that is over; whether there is something new to show."""
        if self._compared or not self.stands or not isinstance(self.source, LocalSource):
            return False
        self._compared = True
        self._earlier = earlier_job(Path(self.source.root), self.follower.run)
        return self._earlier is not None

    def _fold(self, budget: int) -> bool:
        """Fold about so many bytes of the journal; whether there were any."""
        self._progress = progress = self.follower.poll(budget)
        if progress.restarted:
            self.scan.restart()
            self._notable, self._compared = None, False
            self._recent_finished()
        return progress.changed

    def _look(self) -> Pulse:
        """The master's pulse; a tree without a lease that has long been silent has no master either."""
        run = self.follower.run
        # Between two terms there is no journal for a moment; a folder without any is that of a deleted job.
        self._gone = self.there and not self.source.list(paths.JOURNAL.rpartition("/")[0])
        pulse = self._life.look(run.outcome is not None)
        if self._gone and pulse is not Pulse.ENDED:
            return Pulse.NOT_RESPONDING
        if pulse is Pulse.UNKNOWN and run.last and self.source.stat(paths.LEASE) is None:
            silent = self._now_us() - run.last > SILENT_US and not self._progress.more
            return Pulse.NOT_RESPONDING if silent else pulse
        return pulse

    def _recent_finished(self) -> None:
        """What a snapshot does not hold: the mini-batches finished just before it."""
        self._finished.clear()
        place = self.follower
        self._finished.extend(reversed(self._finished_before(place.path, place.offset)))

    def _finished_before(self, path: str, offset: int) -> list[Finished]:
        """The last mini-batches finished before a place, the newest first."""
        found = events_before(
            self.source, path, offset, RECENT, lambda line: b"|Finished " in line, budget=64 * 1024
        )
        return [event for _, event in found if isinstance(event, Finished)]

    def model(self, at: int | None = None, marks: tuple[int, ...] = (), *, plays: bool = False) -> Model:
        """The model now, or as of a moment, which `plays` on. Raises TreeError while there is no journal."""
        if not self.there:
            raise TreeError("There is no journal yet.")
        run = self.follower.run
        if at is None or at >= self._present(run):
            mode = Mode.END if run.outcome is not None else Mode.LIVE
            if mode is Mode.LIVE and self._pulse is Pulse.NOT_RESPONDING:
                mode = Mode.SILENT
            if self._progress.more:
                mode = Mode.READING
            place = (self.follower.path, self.follower.offset)
            present = self._present(run)
            outlook = NO_OUTLOOK
            if mode is Mode.LIVE:
                outlook = self._outlooks.of(run, present, present, moving=True)
            return self._build(run, place, present, mode, list(self._finished), marks, outlook)
        ended = run.outcome is not None
        past, path, offset = self._past.at(at)
        finished = self._finished_before(path, offset)
        outlook = NO_OUTLOOK
        if past.outcome is None:
            outlook = self._past_outlooks.of(past, at, self._now_us(), moving=plays)
        mode = Mode.REPLAY if ended else Mode.FROZEN
        return self._build(past, (path, offset), at, mode, finished, marks, outlook)

    def _present(self, run: Run) -> int:
        """The moment that "now" shows: the end of what is over, else the present."""
        if run.outcome is not None or self._pulse is Pulse.NOT_RESPONDING or self._progress.more:
            return run.last
        return max(self._now_us(), run.last)

    def _build(
        self,
        run: Run,
        place: tuple[str, int],
        at: int,
        mode: Mode,
        finished: list[Finished],
        marks: tuple[int, ...],
        outlook: Outlook,
    ) -> Model:
        progress = self._progress
        share = progress.done_bytes / progress.total_bytes if progress.total_bytes else 1.0
        pulse = self._pulse if mode in (Mode.LIVE, Mode.END, Mode.SILENT) else Pulse.UNKNOWN
        past = mode in (Mode.REPLAY, Mode.FROZEN)
        timeline = self._timeline(run, marks)
        if past and timeline.gap_at(at) is not None and run.outcome is None:
            pulse, outlook = Pulse.NOT_RESPONDING, NO_OUTLOOK
        return build(
            run,
            Seen(
                now=self._now_us(),
                at=at,
                mode=mode,
                pulse=pulse,
                timeline=timeline,
                usages=self.usage.at(run.nodes, at) if past else self.usage.nodes,
                notable=self._notable_at(*place),
                finished=finished,
                outlook=outlook,
                read_share=share if progress.more else 1.0,
                damage=GONE if self._gone else self.follower.damage,
                horizon=self.follower.run.last,
                over_at_horizon=self.stands,
                earlier=self._earlier,
                called=self._called,
                aftermath=NO_AFTERMATH if past else aftermath(self.source, run, pulse),
            ),
        )

    def _timeline(self, run: Run, marks: tuple[int, ...]) -> Timeline:
        """The counts over time of the whole tree, whatever moment is shown."""
        whole = self.follower.run
        gaps = tuple(TermGap(gap.since, gap.until, gap.ended) for gap in list(whole.gaps))
        return replace(self.scan.timeline(whole.first_assigned or run.first_assigned, marks), gaps=gaps)

    def _notable_at(self, path: str, offset: int) -> list[tuple[str, int, Event]]:
        """The last notable records before a place, the newest first."""
        places = self.scan.notable_before(path, offset, NOTES)
        if places is None:
            found = events_before(
                self.source, path, offset, NOTES, lambda line: not is_quiet(line), budget=512 * 1024
            )
            return [(path, start, event) for start, event in found]
        key = places[0] if places else ("", 0)
        if self._notable is None or self._notable[0] != key:
            self._notable = key, [(where, start, self.event_at(where, start)) for where, start in places]
        return self._notable[1]

    def event_at(self, path: str, offset: int) -> Event:
        """The record that begins at an offset."""
        line = self.source.read(path, offset, MAX_LINE_BYTES).partition(b"\n")[0]
        event = decode(line)
        return UnknownEvent(0, "StrangeLine", event.text) if isinstance(event, StrangeLine) else event

    def neighbour(self, at: int, steps: int) -> int | None:
        """The moment of the next record after `at` (steps 1) or of the last before it (-1); None for none."""
        journals = terms(self.source)
        ends = [offset_at(self.source, term.path, at, term.upto) for term in journals]
        if steps > 0:
            for term, end in zip(journals, ends, strict=True):
                line = self.source.read(term.path, end, MAX_LINE_BYTES).partition(b"\n")[0]
                event = decode(line) if line and (term.upto is None or end < term.upto) else None
                if event is not None and not isinstance(event, StrangeLine) and event.at > at:
                    return event.at
            return None
        for term, end in reversed(list(zip(journals, ends, strict=True))):
            for _, event in events_before(self.source, term.path, end, 64):
                if event.at < at:
                    return event.at
        return None

    def nothing_yet(self, name: str) -> Model:
        """What is shown without a readable journal: a job that is about to begin, with everything unknown."""
        now = self._now_us()
        where = f" in {self.source.root}" if isinstance(self.source, LocalSource) else ""
        state, reason = "Preparing", f"There is no journal yet{where}: waiting for the job to begin."
        try:
            refuse_damaged_start(self.source)
        except TreeError as error:
            state, reason = "Damaged", error.sentences
        return Model(
            job=safe_text(name, 200),
            face=Face.PREPARING,
            mode=Mode.LIVE,
            state=state,
            at=now,
            now=now,
            reason=safe_text(reason, 400),
        )
