"""What all screens share: options of the view, a selection that survives moving rows, a filter.

A page draws nothing itself and reads no file: it asks a view for a body and the desk for everything else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from bscore_tui.screens.moments import moment_of
from bscore_tui.views.styles import Body, Options, opened
from bscore_tui.views.wholes import Whole, wholes

if TYPE_CHECKING:
    from bscore_tui.screens.desk import Desk
    from bscore_tui.widgets.line_view import LineView

Entry = str | tuple[str, str, str]
"""A footer entry: an action's id, or (id, other keys, another label); empty means the usual."""


class Page:
    """A screen of the monitor; one object per screen lives as long as the monitor shows the job."""

    name: ClassVar[str] = ""
    footer: ClassVar[tuple[Entry, ...]] = ()
    #: What the footer shows besides from 100 columns on.
    footer_wide: ClassVar[tuple[Entry, ...]] = ()
    #: The page is about a list: its first row is selected from the beginning.
    selects_first: ClassVar[bool] = False
    #: Names of the page's views and orders; the first ones are the usual.
    variants: ClassVar[tuple[str, ...]] = ("",)
    orders: ClassVar[tuple[str, ...]] = ("",)

    def __init__(self, desk: Desk, subject: str = "") -> None:
        self.desk = desk
        #: What an inner page is about, as a target id; "" for the six screens.
        self.subject = subject
        self.filter = ""
        self.variant = self.variants[0]
        self.sort = self.orders[0]
        self.reverse = False
        self.toggled: frozenset[str] = frozenset()
        self.selected = ""
        self.row = 0
        self.top = 0
        #: The wheel has scrolled the selection away; the next key brings it back.
        self.loose = False
        self.shown = Body([])

    @property
    def crumb(self) -> str:
        """What stands in the breadcrumb for this page."""
        return self.subject or self.name

    def options(self) -> Options:
        """The options of the view."""
        return replace(
            self.desk.options,
            selected=self.selected,
            filter=self.filter,
            sort=self.sort,
            reverse=self.reverse,
            variant=self.variant,
            toggled=self.toggled,
        )

    def draw(self, width: int, height: int) -> Body:
        """What the view shows now."""
        raise NotImplementedError

    def body(self, width: int, height: int) -> Body:
        """As `draw`, with the selection kept on its thing, or on its row where the thing is gone."""
        body = self.draw(width, height)
        if self._settle(body):
            body = self.draw(width, height)
        self.shown = body
        return body

    def _settle(self, body: Body) -> bool:
        """Whether the selection had to change because of what the view shows."""
        rows = rows_of(body)
        if not rows:
            return False
        own = [row for row in rows if body.targets[row] == self.selected]
        if own:
            self.row = min(own, key=lambda row: abs(row - self.row))
            return False
        if not self.selected and not self.selects_first:
            return False
        self.row = min(rows, key=lambda row: abs(row - self.row)) if self.selected else rows[0]
        self.selected = body.targets[self.row]
        return True

    def select(self, row: int) -> None:
        """Select what a row of the body names."""
        self.row, self.selected = row, self.shown.targets[row]

    def move(self, rows: int) -> bool:
        """Select so many rows further on; False where the page has nothing to select."""
        known = rows_of(self.shown)
        self.loose = False
        if not known:
            return False
        if not self.selected:
            self.select(known[0] if rows > 0 else known[-1])
            return True
        here = min(range(len(known)), key=lambda index: abs(known[index] - self.row))
        self.select(known[max(0, min(len(known) - 1, here + rows))])
        return True

    def target(self) -> str:
        """What `enter` opens: the selected thing, or the first one named."""
        rows = rows_of(self.shown)
        return opened(self.selected or (self.shown.targets[rows[0]] if rows else ""))

    def acted_on(self, view: LineView) -> str:
        """What commands act on: the page's subject, or the selected row while it is seen; "" is the job."""
        if self.subject:
            return self.subject
        named = self.selected and self.shown.targets.get(self.row) == self.selected
        return opened(self.selected) if named and view.shows(self.row) else ""

    def wheel(self, rows: int, view: LineView) -> None:
        """Scroll by rows; the selection may leave the screen."""
        self.loose = True
        view.scroll_lines(rows)
        self.top = view.top

    def hint(self) -> str:
        """What stands at the right of the breadcrumb."""
        return ""

    def moment(self) -> int | None:
        """When what is selected happened; None if no time belongs to it."""
        return moment_of(self.target(), self.desk.model)

    def wholes(self) -> list[Whole]:
        """The texts of what is selected, whole, or of the job; at least one."""
        known = self.selected if self.selected in self.shown.targets.values() else ""
        return wholes(known or self.subject, self.desk.model)

    def copied(self) -> str:
        """What `y` copies instead of the selected row; empty for the row."""
        return ""

    def place(self) -> tuple[str, int]:
        """The file and the offset that `o` opens; ("", 0) for none."""
        return "", 0

    def entries(self) -> tuple[Entry, ...]:
        """The footer's entries now."""
        return self.footer

    def remembered(self) -> dict[str, object]:
        """What reopening the job brings back."""
        return {
            "filter": self.filter,
            "variant": self.variant,
            "sort": self.sort,
            "reverse": self.reverse,
            "toggled": sorted(self.toggled),
            "selected": self.selected,
        }

    def recall(self, state: dict[str, object]) -> None:
        """Take what was remembered; what does not fit is left out."""
        for name in ("filter", "selected"):
            if isinstance(state.get(name), str):
                setattr(self, name, state[name])
        if state.get("variant") in self.variants:
            self.variant = str(state["variant"])
        if state.get("sort") in self.orders:
            self.sort = str(state["sort"])
        self.reverse = state.get("reverse") is True
        toggled = state.get("toggled")
        if isinstance(toggled, list):
            self.toggled = frozenset(name for name in toggled if isinstance(name, str))

    def do_view(self) -> None:
        """The next view of the page."""
        self.variant = self.variants[(self.variants.index(self.variant) + 1) % len(self.variants)]
        self.selected, self.row, self.top = "", 0, 0

    def do_sort(self) -> None:
        """The next order of the page's rows."""
        self.sort = self.orders[(self.orders.index(self.sort) + 1) % len(self.orders)]
        self.reverse = False
        self.desk.say(f"sorted by {self.sort}" if self.sort else "most deviating first")

    def do_sort_back(self) -> None:
        """The other direction."""
        self.reverse = not self.reverse


def rows_of(body: Body) -> list[int]:
    """The lines of a body that can be selected, from the top."""
    return sorted(body.targets)
