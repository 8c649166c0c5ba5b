"""One worker: what it does now, how it did so far, the ends of its files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from bscore.logtree import paths
from bscore_tui.reading.stories import worker_page
from bscore_tui.screens.page import Entry
from bscore_tui.screens.reading_page import ReadingPage
from bscore_tui.views.model import find
from bscore_tui.views.pages import WorkerPage
from bscore_tui.views.styles import Body
from bscore_tui.views.worker import worker


class Worker(ReadingPage[WorkerPage]):
    """`subject` is `worker:<node>/<process>`."""

    name = "worker"
    footer: ClassVar[tuple[Entry, ...]] = (
        ("open", "", "mini-batch"), ("log", "", "log"), "pager", "actions", "its_time", "back",
    )  # fmt: skip
    footer_wide: ClassVar[tuple[Entry, ...]] = ("copy", "freeze", "palette")

    @property
    def worker(self) -> str:
        """Its id."""
        return self.subject.partition(":")[2]

    @property
    def crumb(self) -> str:
        """Node and process."""
        return " ".join(paths.split_worker(self.worker))

    def reader(self) -> Callable[[], WorkerPage]:
        """Reads the ends of its files."""
        return partial(worker_page, self.desk.feed.source, self.worker, self.until())

    def version(self) -> object:
        """Its files may grow at any time while the job lives."""
        model = self.desk.model
        if self.until() is not None:
            return super().version()
        return self.subject if model.ended is not None else (self.subject, model.now)

    def draw(self, width: int, height: int) -> Body:
        """The page."""
        self.refresh()
        page = self.content or WorkerPage(self.worker)
        return worker(self.desk.model, page, width, height, self.options())

    def entries(self) -> tuple[Entry, ...]:
        """Only a worker that runs something leads to a mini-batch."""
        if self._running() is not None:
            return self.footer
        return tuple(entry for entry in self.footer if entry[0] != "open")

    def _running(self) -> int | None:
        row = find(self.desk.model, self.worker)
        return None if row is None else row.mini_batch

    def do_open(self) -> None:
        """What it runs now."""
        number = self._running()
        if number is not None:
            self.desk.open(f"mb:{number}")
            return
        row = find(self.desk.model, self.worker)
        gone = row is not None and row.state == "gone"
        self.desk.say("this worker is gone" if gone else "it runs nothing at this moment")

    def do_log(self) -> None:
        """What the script printed there."""
        self.desk.open(f"file:{paths.user_stdout(*paths.split_worker(self.worker))}")

    def do_view(self) -> None:
        """The worker's own log, mini-batch by mini-batch."""
        self.desk.open(f"file:{paths.worker_log(*paths.split_worker(self.worker))}")

    def target(self) -> str:
        """The worker itself, for the list of commands."""
        return self.subject

    def place(self) -> tuple[str, int]:
        """What the script printed there."""
        return paths.user_stdout(*paths.split_worker(self.worker)), 0
