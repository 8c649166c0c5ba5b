"""Screen 4 and its trace: failed attempts by cause, down to the raising line and what was printed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from bscore.observe.traces import pointer
from bscore_tui.actions import shown_key
from bscore_tui.reading.traces import trace_page
from bscore_tui.screens.desk import Desk
from bscore_tui.screens.page import Entry
from bscore_tui.screens.reading_page import ReadingPage
from bscore_tui.views.cells import brief
from bscore_tui.views.errors import ORDERS, errors
from bscore_tui.views.layout import crop
from bscore_tui.views.model import ErrorRow
from bscore_tui.views.pages import TracePage
from bscore_tui.views.styles import Body
from bscore_tui.views.trace import again, trace

_CRUMB = 32


class _GroupPage(ReadingPage[TracePage]):
    """What the list and the trace share: one error group and its trace."""

    def group(self) -> ErrorRow | None:
        """The group that is meant."""
        raise NotImplementedError

    def number(self) -> int:
        """Which failure of the group is shown, from 0."""
        return 0

    def near(self) -> tuple[int, str] | None:
        """A failure from which the one that is shown is soon found, and its record."""
        return None

    def reader(self) -> Callable[[], TracePage] | None:
        """Reads the trace of a failure of the group."""
        row = self.group()
        return (
            None
            if row is None
            else partial(trace_page, self.desk.feed.source, row, self.number(), self.until(), self.near())
        )

    def about(self) -> object:
        """A failure of a group."""
        row = self.group()
        return None if row is None else (row.key, self.number())

    def version(self) -> object:
        """What one failure left never changes."""
        return self.about()

    def copied(self) -> str:
        """The command that reproduces it."""
        row = self.group()
        return "" if row is None else again(self.desk.model, row, self.content)

    def place(self) -> tuple[str, int]:
        """The file that holds the trace, else the journal."""
        page = self.content
        if page is None:
            return "", 0
        return pointer(page.pointer if page.text else page.record) or ("", 0)

    def do_log(self) -> None:
        """The very lines of the trace in their file; the record of what left none."""
        path, offset = self.place()
        if path:
            self.desk.open(f"log:{path}@{offset}")
        else:
            self.desk.say("no record of it was found")

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
    footer_wide: ClassVar[tuple[Entry, ...]] = (("next_match", "n/N", "attempt"), "actions", "palette")

    def __init__(self, desk: Desk, subject: str = "") -> None:
        super().__init__(desk, subject)
        self._number = 0
        #: Records of the failures shown so far.
        self._records: dict[int, str] = {}

    def near(self) -> tuple[int, str] | None:
        """The last one before it that was shown."""
        known = [number for number in self._records if number <= self.number()]
        return (max(known), self._records[max(known)]) if known else None

    def group(self) -> ErrorRow | None:
        """The group of the subject."""
        key = self.subject.partition(":")[2]
        return next((row for row in self.desk.model.errors if row.key == key), None)

    def number(self) -> int:
        """The one that was stepped to; at an earlier moment there may be fewer."""
        row = self.group()
        return min(self._number, max(row.count - 1, 0)) if row is not None else 0

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
        """Which failure of how many is shown."""
        row = self.group()
        if row is None or row.counts == "item":
            return ""
        keys = f"  {self._keys()}" if row.count > 1 else ""
        return f"{self._what(row)} {self.number() + 1:,} of {row.count:,}{keys}"

    def _keys(self) -> str:
        return "/".join(shown_key(self.desk.keys_of(name)[0]) for name in ("next_match", "previous_match"))

    def _what(self, row: ErrorRow) -> str:
        return "attempt" if row.first_mini_batch is not None else "worker"

    def draw(self, width: int, height: int) -> Body:
        """The trace."""
        self.refresh()
        if self.group() is None:
            return Body([[(" this error had not happened yet at the moment shown", "dim")]])
        if self.content is None:
            return Body([[(" reading the trace", "dim")]])
        if self.content.record:
            self._records[self.content.number] = self.content.record
        return trace(self.desk.model, self.content, width, height, self.options())

    def target(self) -> str:
        """Its mini-batch, whatever row is selected."""
        row, page = self.group(), self.content
        number = page.mini_batch if page is not None else row.first_mini_batch if row is not None else None
        return "" if number is None else f"mb:{number}"

    def moment(self) -> int | None:
        """When it failed."""
        return self.content.at if self.content is not None else None

    def do_next_match(self) -> None:
        """The next failure of the group."""
        self._step(1)

    def do_previous_match(self) -> None:
        """The failure before."""
        self._step(-1)

    def _step(self, steps: int) -> None:
        row = self.group()
        if row is None or row.counts == "item":
            return
        number = self.number() + steps
        if 0 <= number < row.count:
            self._number, self.top = number, 0
        else:
            self.desk.say(f"no more {self._what(row)}s in that direction")
