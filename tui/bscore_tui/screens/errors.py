"""Screen 4 and its trace: failed attempts by cause, down to the raising line and what was printed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from bscore.observe.traces import pointer
from bscore_tui.reading.stories import trace_page
from bscore_tui.screens.page import Entry
from bscore_tui.screens.reading_page import ReadingPage
from bscore_tui.views.cells import brief
from bscore_tui.views.errors import ORDERS, again, errors, trace
from bscore_tui.views.layout import crop
from bscore_tui.views.model import ErrorRow
from bscore_tui.views.pages import TracePage
from bscore_tui.views.styles import Body

_CRUMB = 32


class _GroupPage(ReadingPage[TracePage]):
    """What the list and the trace share: one error group and its trace."""

    def group(self) -> ErrorRow | None:
        """The group that is meant."""
        raise NotImplementedError

    def reader(self) -> Callable[[], TracePage] | None:
        """Reads the trace of the group."""
        row = self.group()
        return None if row is None else partial(trace_page, self.desk.feed.source, row)

    def version(self) -> object:
        """A group's first trace never changes."""
        row = self.group()
        return None if row is None else row.key

    def copied(self) -> str:
        """The command that reproduces it."""
        row = self.group()
        return "" if row is None else again(self.desk.model, row)

    def place(self) -> tuple[str, int]:
        """The file that holds the trace."""
        row = self.group()
        return (pointer(row.trace) if row is not None else None) or ("", 0)

    def do_log(self) -> None:
        """The very lines of the trace in their file."""
        path, offset = self.place()
        if path:
            self.desk.open(f"log:{path}@{offset}")
        else:
            self.desk.say("the trace is not in the tree")

    def do_unfold(self) -> None:
        """Frames of libraries too."""
        self.toggled ^= {"trace"}


class Errors(_GroupPage):
    """The groups; from 100 columns on with the trace beside them."""

    name = "errors"
    selects_first = True
    orders = ORDERS
    footer: ClassVar[tuple[Entry, ...]] = (
        ("open", "", "trace"), "log", ("copy", "", "copy command"), ("its_time", "", "its time"), "filter",
        "back", "sort", "actions",
    )  # fmt: skip
    footer_wide: ClassVar[tuple[Entry, ...]] = ("items", "pager", "unfold", "freeze", "palette")

    def group(self) -> ErrorRow | None:
        """The selected group."""
        key = self.target().partition(":")[2]
        known = self.desk.model.errors
        return next((row for row in known if row.key == key), known[0] if known else None)

    def draw(self, width: int, height: int) -> Body:
        """The groups, and the trace where there is room."""
        if width >= 100:
            self.refresh()
        return errors(self.desk.model, width, height, self.options(), self.content)


class Trace(_GroupPage):
    """One group's trace; `subject` is `error:<key>`."""

    name = "trace"
    footer: ClassVar[tuple[Entry, ...]] = (
        ("open", "", "mini-batch"), "log", "items", ("copy", "", "copy"), "pager", "its_time", "back",
        "unfold",
    )  # fmt: skip
    footer_wide: ClassVar[tuple[Entry, ...]] = (("next_match", "n/N", "other error"), "actions", "palette")

    def group(self) -> ErrorRow | None:
        """The group of the subject."""
        key = self.subject.partition(":")[2]
        return next((row for row in self.desk.model.errors if row.key == key), None)

    @property
    def crumb(self) -> str:
        """What went wrong."""
        row = self.group()
        return (
            f"{crop(brief(row.what, self.options()), _CRUMB, self.options())} > trace"
            if row is not None
            else "trace"
        )

    def hint(self) -> str:
        """How often it happened."""
        row = self.group()
        return "" if row is None else f"1 of {row.count:,}  n/N"

    def draw(self, width: int, height: int) -> Body:
        """The trace."""
        self.refresh()
        page = self.content or TracePage(self.subject.partition(":")[2])
        if self.group() is None:
            return Body([[(" this error had not happened yet at the moment shown", "dim")]])
        return trace(self.desk.model, page, width, height, self.options())

    def target(self) -> str:
        """Its mini-batch, whatever row is selected."""
        row = self.group()
        return "" if row is None or row.first_mini_batch is None else f"mb:{row.first_mini_batch}"

    def do_next_match(self) -> None:
        """The next group."""
        self._other(1)

    def do_previous_match(self) -> None:
        """The group before."""
        self._other(-1)

    def _other(self, steps: int) -> None:
        keys = [row.key for row in self.desk.model.errors]
        key = self.subject.partition(":")[2]
        if key not in keys:
            return
        self.subject = f"error:{keys[(keys.index(key) + steps) % len(keys)]}"
        self.content, self.top = None, 0
