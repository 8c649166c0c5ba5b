"""One mini-batch: its attempts, the story of the last one from all sources, its items."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from bscore_tui.reading.stories import batch_story
from bscore_tui.screens.page import Entry
from bscore_tui.screens.reading_page import ReadingPage
from bscore_tui.views.mini_batch import mini_batch
from bscore_tui.views.model import WorkerRow
from bscore_tui.views.pages import AttemptRow, BatchStory
from bscore_tui.views.styles import Body, opened
from bscore_tui.views.wholes import Whole
from bscore_tui.views.words import batch_name

#: Items that are offered to be read whole.
_WHOLE_ITEMS = 200


class MiniBatch(ReadingPage[BatchStory]):
    """`subject` is `mb:<number>`."""

    name = "mini_batch"
    footer: ClassVar[tuple[Entry, ...]] = (
        ("open", "", "trace"), "log", "items", "pager", "actions", "its_time", "unfold", "back",
    )  # fmt: skip
    footer_wide: ClassVar[tuple[Entry, ...]] = ("copy", "freeze", "palette")

    @property
    def number(self) -> int:
        """The mini-batch."""
        return int(self.subject.partition(":")[2])

    @property
    def crumb(self) -> str:
        """Its name."""
        return batch_name(self.number)

    def reader(self) -> Callable[[], BatchStory]:
        """Reads its story up to the moment shown."""
        return partial(batch_story, self.desk.feed.source, self.number, self.until(), self._running())

    def _running(self) -> WorkerRow | None:
        return next((row for row in self.desk.model.workers if row.mini_batch == self.number), None)

    def version(self) -> object:
        """What is over does not change any more; what runs prints without a word in the journal."""
        story = self.content
        if story is not None and (story.done or story.abandoned) and self.until() is None:
            return self._key
        running = self._running()
        if running is not None and self.until() is None:
            return (super().version(), running.id, self.desk.model.at // 1_000_000)
        return super().version()

    def draw(self, width: int, height: int) -> Body:
        """The page."""
        self.refresh()
        if self.content is None:
            return Body([[(" reading the journal", "dim")]])
        return mini_batch(self.desk.model, self.content, width, height, self.options())

    def attempt(self) -> AttemptRow | None:
        """The selected attempt, or the last failed one, or the last."""
        rows = self.content.attempts if self.content is not None else ()
        chosen = [row for row in rows if f"log:{row.log_path}@{row.log_offset}" == self.selected]
        failed = [row for row in rows if row.failed]
        return next(iter([*chosen, *failed[::-1], *rows[::-1]]), None)

    def do_open(self) -> None:
        """The trace of the attempt, or its record where it did not fail."""
        if self.selected.startswith("at:"):
            self.desk.open(opened(self.selected))
            return
        attempt = self.attempt()
        if attempt is None:
            running = self._running()
            self.desk.open(f"worker:{running.id}" if running is not None else "none:")
        elif attempt.trace:
            self.desk.open(f"log:{attempt.trace}")
        else:
            self.do_log()

    def do_log(self) -> None:
        """The record of the attempt in the journal."""
        attempt = self.attempt()
        if attempt is None:
            self.desk.say("not tried so far: no record of it")
        else:
            self.desk.open(f"log:{attempt.log_path}@{attempt.log_offset}")

    def do_items(self) -> None:
        """Every item by name."""
        self.toggled ^= {"items"}

    def do_unfold(self) -> None:
        """Every line of the story."""
        self.toggled ^= {"story"}

    def target(self) -> str:
        """The mini-batch itself, for the list of commands."""
        return self.subject

    def place(self) -> tuple[str, int]:
        """The journal at the attempt."""
        attempt = self.attempt()
        return ("", 0) if attempt is None else (attempt.log_path, attempt.log_offset)

    def wholes(self) -> list[Whole]:
        """What its attempts failed with, its items, its command."""
        story, texts = self.content, [("run it here", self.copied())]
        if story is not None:
            texts += [(f"try {row.attempt}", f"{row.outcome}  {row.place}".strip()) for row in story.attempts]
            texts += [("item", item.path) for item in story.items[:_WHOLE_ITEMS]]
        return texts

    def copied(self) -> str:
        """The command that runs it here."""
        return f"bscore job debug {self.desk.model.called} --mini-batch {self.number}"
