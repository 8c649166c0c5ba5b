"""A thread that turns files into pictures: it reads, builds a frozen model and hands it over.

Law: nothing piles up. A picture is built when something changed or a second has passed, at most four times
a second; changes of the file system are hints to look at once, a look every second needs none of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bscore.logtree.source import LocalSource, Source
from bscore_tui.reading.hints import Hints
from bscore_tui.reading.playing import Playhead
from bscore_tui.reading.reader import JobReader, wall_us
from bscore_tui.reading.tree_index import TreeIndex
from bscore_tui.views.model import Mode, Model
from bscore_tui.views.words import span

#: Between two looks: at least, and at most.
FAST_S = 0.25
SLOW_S = 1.0
#: How long the first picture waits for the journal; from a snapshot on it is mostly read by then.
FIRST_S = 0.05
#: Logs indexed in one go, so that a look never waits longer than some hundredths of a second.
INDEX_BYTES = 8 * 1024 * 1024


class Feed:
    """Delivers models of one job until it is stopped. Its methods may be called from any thread."""

    def __init__(
        self,
        source: Source,
        *,
        name: str = "",
        fast_s: float = FAST_S,
        cache: Path | None = None,
        now_us: Callable[[], int] = wall_us,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is read yet.

        `name` is shown while there is no journal; `fast_s` is the shortest time between two pictures;
        `cache` a folder outside the tree for the indexes of large files.
        """
        self.source = source
        self.reader = JobReader(source, now_us)
        self.name = name or (Path(source.root).name if isinstance(source, LocalSource) else "job")
        self.playhead = Playhead()
        #: Block indexes of all logs, made between two looks.
        self.index = TreeIndex(source, cache)
        self._fast_s = fast_s
        self._monotonic_s = monotonic_s
        self._marks: tuple[int, ...] = ()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._asked = False
        self._dirty = False
        self._thread: threading.Thread | None = None
        self._hints: Hints | None = None
        self._deliver: Callable[[Model], None] = lambda _model: None
        self._latest: Model | None = None

    @property
    def latest(self) -> Model | None:
        """The model delivered last."""
        return self._latest

    def begin_ahead(self) -> None:
        """Let another process begin to index the logs; only before there are threads."""
        if isinstance(self.source, LocalSource):
            self.index.begin_ahead()

    def first(self) -> Model:
        """A model from what can be read at once; only before `start`."""
        until_s = self._monotonic_s() + FIRST_S
        while self.reader.begin() and self._monotonic_s() < until_s:
            continue
        self._latest = self.reader.model() if self.reader.there else self.reader.nothing_yet(self.name)
        return self._latest

    def start(self, deliver: Callable[[Model], None]) -> None:
        """Begin; `deliver` is called from the feed's thread."""
        self._deliver = deliver
        if isinstance(self.source, LocalSource):
            self._hints = Hints(self.source.root, self._wake.set)
            self._hints.start()
        self._thread = threading.Thread(target=self._run, name="bscore-feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped.set()
        self._wake.set()
        if self._hints is not None:
            self._hints.stop()
        if self._thread is not None:
            self._thread.join(timeout=10.0)
        self.index.close()

    def look_at(self, at: int | None) -> None:
        """Show a moment; None is now, or the end."""
        with self._lock:
            self.playhead.go(at)
        self._ask()

    def toggle(self) -> None:
        """Freeze what is live; play or pause what is past."""
        model = self._latest
        if model is None:
            return
        with self._lock:
            self.playhead.toggle(model, self._monotonic_s())
        self._ask()

    def step(self, steps: int) -> None:
        """To the next record, or to the one before."""
        model = self._latest
        if model is None:
            return
        at = self.reader.neighbour(model.at, steps)
        if at is not None:
            self.look_at(at)

    def change_speed(self, steps: int) -> None:
        """Play faster or slower."""
        with self._lock:
            self.playhead.change_speed(steps)
        self._ask()

    def set_marks(self, marks: tuple[int, ...]) -> None:
        """Moments to be drawn on the strip."""
        with self._lock:
            self._marks = marks
        self._ask()

    def _ask(self) -> None:
        self._asked = True
        self._wake.set()

    def _run(self) -> None:
        drawn_s = float("-inf")
        while not self._stopped.is_set():
            begun_s = self._monotonic_s()
            changed, more = self.reader.poll()
            if self._latest is not None and not more:
                changed |= self.reader.compare()
            asked, self._asked = self._asked, False
            now_s = self._monotonic_s()
            self._dirty = self._dirty or changed
            due = now_s - drawn_s >= (self._fast_s if self._dirty or self._moves() else SLOW_S)
            if asked or due:
                self._picture(anew=asked or self._dirty)
                drawn_s, self._dirty = now_s, False
            if not more and not self.index.poll(INDEX_BYTES):
                self._wait(begun_s)

    def _moves(self) -> bool:
        return self.playhead.playing

    def _wait(self, begun_s: float) -> None:
        """Until the next look: soon after a hint or a request, at the latest after a second."""
        pause_s = self._fast_s if self._moves() or self._dirty else SLOW_S
        self._wake.wait(pause_s)
        self._wake.clear()
        rest_s = begun_s + self._fast_s - self._monotonic_s()
        if rest_s > 0 and not self._asked:
            self._stopped.wait(rest_s)

    def _picture(self, *, anew: bool) -> None:
        """Deliver a model where it differs; `anew`: something was read or asked for since the last one."""
        with self._lock:
            at = self.playhead.at(self._monotonic_s())
            marks, plays = self._marks, self.playhead.playing
        latest = self._latest
        if not anew and latest is not None and self._stands(latest, at):
            # Only the clock went on: nothing has to be counted again.
            model = replace(latest, now=self.reader.now)
            if _ago(model) == _ago(latest):
                return
        elif not self.reader.there:
            model = self.reader.nothing_yet(self.name)
        else:
            model = self.reader.model(at, marks, plays=plays)
            with self._lock:
                if at is not None and model.mode in (Mode.LIVE, Mode.END, Mode.SILENT):
                    self.playhead.go(None)
        if model.mode is Mode.END and latest is not None and replace(model, now=latest.now) == latest:
            return
        self._latest = model
        self._deliver(model)

    def _stands(self, latest: Model, at: int | None) -> bool:
        """Whether the moment to be shown is the one that is shown."""
        return self.reader.there and (at == latest.at if at is not None else self.reader.stands)


def _ago(model: Model) -> str:
    """How long ago the moment shown is, as the screens say it."""
    return span((model.now - model.at) / 1e6)
