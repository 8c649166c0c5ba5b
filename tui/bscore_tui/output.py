"""Send the terminal only the cells that changed.

Textual repaints whole lines of a widget; over SSH that is 10 to 700 times more bytes than needed
(measured). A mirror of what the terminal shows is kept; what equals it is not sent. Law: applying
what comes out gives the same screen as a full repaint. Built on `App._display` and the updates of
the compositor, which are private: the contract test notices when they change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.control import Control
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

if TYPE_CHECKING:
    from rich.console import Console

#: What stands in one column: its character and style, or a whole piece and the column in it.
Cell = tuple[object, object]
#: Equal columns between two changed runs that are sent again: cheaper than moving the cursor.
_BRIDGE = 5


class Mirror:
    """What the terminal shows, as far as it is known."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, Cell]] = {}
        self._last: dict[tuple[int, int], Strip] = {}

    def forget(self) -> None:
        """Nothing is known of the terminal any more: the next update is sent whole."""
        self._rows.clear()
        self._last.clear()

    def changes(self, update: CompositorUpdate, console: Console) -> str | None:
        """The sequence that brings the terminal up to date; None if this kind is not known."""
        if isinstance(update, LayoutUpdate):
            pieces = _pieces_of_layout(update)
        elif isinstance(update, ChopsUpdate):
            pieces = _pieces_of_chops(update)
        else:
            return None
        return "".join(self._piece(x, y, strip, console) for x, y, strip in pieces)

    def _piece(self, x: int, y: int, strip: Strip, console: Console) -> str:
        last = self._last.get((x, y))
        if last is not None and (last is strip or last == strip):
            return ""
        row = self._rows.setdefault(y, {})
        cells = _cells(strip)
        runs = list(_runs([row.get(x + column) != cell for column, cell in enumerate(cells)]))
        if not runs:
            self._last[x, y] = strip
            return ""
        self._remember(x, y, strip, cells)
        if cells[0][0] is strip:
            self._distrust(x + len(cells), y)
            return Control.move_to(x, y).segment.text + strip.render(console)
        return "".join(
            Control.move_to(x + start, y).segment.text + strip.crop(start, end).render(console)
            for start, end in runs
        )

    def _remember(self, x: int, y: int, strip: Strip, cells: list[Cell]) -> None:
        row = self._rows[y]
        row.update(enumerate(cells, x))
        end = x + len(cells)
        stale = [
            (column, line)
            for (column, line), piece in self._last.items()
            if line == y and column != x and column < end and column + piece.cell_length > x
        ]
        for place in stale:
            del self._last[place]
        self._last[x, y] = strip

    def _distrust(self, x: int, y: int) -> None:
        """Terminals disagree on the width of such text: what stands behind it may have been overwritten."""
        row = self._rows[y]
        for column in [column for column in row if column >= x]:
            del row[column]
        for place in [place for place in self._last if place[1] == y and place[0] >= x]:
            del self._last[place]


def _cells(strip: Strip) -> list[Cell]:
    """One entry per column; all of a strip with wide or zero-width characters are one piece."""
    cells: list[Cell] = []
    for text, style, control in strip:
        if not control:
            cells.extend((character, style) for character in text)
    if len(cells) == strip.cell_length and (strip.text.isascii() or all(map(_single, strip))):
        return cells
    return [(strip, column) for column in range(strip.cell_length)]


def _single(segment: Segment) -> bool:
    return segment.cell_length == len(segment.text) and all(
        Segment(character).cell_length == 1 for character in segment.text if not character.isascii()
    )


def _runs(changed: list[bool]) -> Iterator[tuple[int, int]]:
    """Start and end of the changed columns, near ones joined."""
    start = end = -1
    for column, is_changed in enumerate(changed):
        if not is_changed:
            continue
        if start >= 0 and column - end > _BRIDGE:
            yield start, end
            start = column
        elif start < 0:
            start = column
        end = column + 1
    if start >= 0:
        yield start, end


def _pieces_of_layout(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, line in enumerate(update.strips, update.region.y):
        yield update.region.x, y, Strip.join(_present(line))


def _present(strips: Iterable[Strip | None]) -> list[Strip]:
    return [strip for strip in strips if strip is not None]


def _pieces_of_chops(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > x2 or end <= x1:
                continue
            yield x, y, strip if x >= x1 and end <= x2 else strip.crop(0, min(end, x2) - x)


class Sent(CompositorUpdate):
    """An update already turned into what is sent."""

    def __init__(self, sequence: str) -> None:
        self._sequence = sequence

    def render_segments(self, console: Console) -> str:
        """As `CompositorUpdate.render_segments`."""
        return self._sequence
