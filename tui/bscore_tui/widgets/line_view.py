"""Lines of a view on the screen: repaints the rows that differ, scrolls, tells what was clicked.

It knows nothing of what the lines mean; the rows that can be opened are named by the view.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from bscore_tui.views.styles import Line
from bscore_tui.widgets.palettes import PALETTES

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events

_WHEEL_ROWS = 3


class LineView(Widget):
    """Draws a list of lines; the first `fixed` ones stay while the rest scrolls."""

    can_focus = False
    DEFAULT_CSS: ClassVar[str] = "LineView { height: 1fr; width: 1fr; }"

    @dataclass
    class Clicked(Message):
        """The mouse pressed on a line: its number among the lines, the column, and how often."""

        view: LineView
        number: int
        column: int
        times: int

    @dataclass
    class Wheel(Message):
        """The wheel moved by so many rows (negative: up)."""

        view: LineView
        rows: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()
        self._fixed = 0
        self._top = 0
        self._over: Sequence[Line] = ()
        self._shown: dict[int, tuple[Line, Strip]] = {}

    @property
    def top(self) -> int:
        """How many lines are scrolled away."""
        return self._top

    @property
    def lines(self) -> Sequence[Line]:
        """The lines drawn now."""
        return self._lines

    def show(
        self, lines: Sequence[Line], *, fixed: int = 0, top: int | None = None, over: Sequence[Line] = ()
    ) -> None:
        """Draw these lines, and `over` on the lowest rows; only rows that differ are repainted."""
        self._lines, self._fixed, self._over = lines, fixed, over
        self._top = self._clamped(self._top if top is None else top)
        self._repaint()

    def scroll_lines(self, rows: int) -> None:
        """Move down by so many lines, up if negative, not past the ends."""
        self.scroll_top(self._top + rows)

    def scroll_top(self, top: int) -> None:
        """Put that line first."""
        top = self._clamped(top)
        if top != self._top:
            self._top = top
            self._repaint()

    def reveal(self, number: int) -> None:
        """Scroll as little as needed until the line can be seen."""
        if number < self._fixed:
            return
        room = max(1, self.size.height - self._fixed)
        position = number - self._fixed
        if position < self._top:
            self.scroll_top(position)
        elif position >= self._top + room:
            self.scroll_top(position - room + 1)

    def redraw(self) -> None:
        """Forget every drawn row: the theme or the size changed."""
        self._shown.clear()
        self.refresh()

    def number_at(self, row: int) -> int:
        """The number of the line drawn in a row of the widget."""
        return row if row < self._fixed else row + self._top

    def row_of(self, number: int) -> int:
        """The row of the widget that a line by its number is drawn in."""
        return number if number < self._fixed else number - self._top

    def shows(self, number: int) -> bool:
        """Whether the line by its number is not scrolled away."""
        return number < self._fixed or self._fixed <= self.row_of(number) < self.size.height

    def _line_of_row(self, row: int) -> Line:
        covered = row - (self.size.height - len(self._over))
        if covered >= 0:
            return self._over[covered]
        number = self.number_at(row)
        return self._lines[number] if 0 <= number < len(self._lines) else []

    def _clamped(self, top: int) -> int:
        return max(0, min(top, len(self._lines) - max(1, self.size.height)))

    def _repaint(self) -> None:
        width = self.size.width
        for row in range(self.size.height):
            shown = self._shown.get(row)
            if shown is None or shown[0] != self._line_of_row(row):
                self._shown.pop(row, None)
                self.refresh(Region(0, row, width, 1))

    def render_line(self, y: int) -> Strip:
        """One row (Textual's line API)."""
        line = self._line_of_row(y)
        shown = self._shown.get(y)
        if shown is not None and shown[0] == line and shown[1].cell_length == self.size.width:
            return shown[1]
        strip = strip_of(line, self.size.width, self.palette, self.visual_style.rich_style)
        self._shown[y] = (line, strip)
        return strip

    @property
    def palette(self) -> Mapping[str, Style]:
        """What the style names look like in the theme in force."""
        return PALETTES.get(self.app.theme, PALETTES["ansi-dark"])

    def on_resize(self) -> None:
        """A new size draws anew."""
        self._top = self._clamped(self._top)
        self._shown.clear()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel down."""
        event.stop()
        self.post_message(self.Wheel(self, _WHEEL_ROWS))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel up."""
        event.stop()
        self.post_message(self.Wheel(self, -_WHEEL_ROWS))

    def on_click(self, event: events.Click) -> None:
        """The button was pressed and released."""
        event.stop()
        self.post_message(self.Clicked(self, self.number_at(event.y), event.x, event.chain))


def strip_of(line: Line, width: int, palette: Mapping[str, Style], base: Style) -> Strip:
    """A line as a strip of exactly `width` columns."""
    plain = palette["text"]
    segments = [Segment(text, base + palette.get(style, plain)) for text, style in line if text]
    return Strip(segments).adjust_cell_length(width, base + _row_style(line, palette))


def _row_style(line: Line, palette: Mapping[str, Style]) -> Style:
    """A selected row is marked to its end."""
    whole = bool(line) and all(style == "selected" for _, style in line)
    return palette["selected"] if whole else palette["text"]
