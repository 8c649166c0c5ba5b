"""Screen 2: which mini-batches are left and why, which were slow, what became of a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from bscore.core.state import Run
from bscore.logtree.source import Source
from bscore_tui.reading.batch_rows import state_of
from bscore_tui.reading.stories import find_batches
from bscore_tui.screens.page import Entry
from bscore_tui.screens.reading_page import ReadingPage
from bscore_tui.views.batches import ORDERS, VARIANTS, batches, find_row, shown_variant, variants_of
from bscore_tui.views.model import BatchRow
from bscore_tui.views.styles import Body
from bscore_tui.views.wholes import Whole

#: Shorter words are not looked for in item names: they are in nearly all of them.
_MIN_LETTERS = 2


class Batches(ReadingPage[tuple[BatchRow, ...]]):
    """Lists of mini-batches; a filter that fits no row is looked for in the names of all items."""

    name = "batches"
    selects_first = True
    variants = VARIANTS
    orders = ORDERS
    footer: ClassVar[tuple[Entry, ...]] = (
        "open", ("view", "", "next list"), "sort", ("filter", "", "item or worker"), "actions",
        ("its_time", "", "time"), "back", "items", "log", "palette",
    )  # fmt: skip

    def reader(self) -> Callable[[], tuple[BatchRow, ...]]:
        """Looks for the filter in the manifest."""
        feed = self.desk.feed
        return partial(_rows_of_items, feed.source, feed.reader.follower.run, self.filter)

    def about(self) -> object:
        """What was found is about the filter."""
        return self.filter

    def version(self) -> object:
        """What was found depends on the filter, and the states on the moment."""
        return (self.filter, super().version())

    def wholes(self) -> list[Whole]:
        """The item that was found, whole, before what is known of its mini-batch."""
        number = self.selected.partition(":")[2]
        rows = (self.content or ()) if self.filter else ()
        found = [("item", row.why) for row in rows if str(row.mini_batch) == number]
        row = find_row(self.desk.model, self.variant, number)
        found += [("why", row.why)] if row is not None and row.why else []
        return found + super().wholes()

    def do_view(self) -> None:
        """The next list that this moment has."""
        lists = variants_of(self.desk.model)
        here = lists.index(shown_variant(self.desk.model, self.variant))
        self.variant = lists[(here + 1) % len(lists)]
        self.selected, self.row, self.top = "", 0, 0

    def draw(self, width: int, height: int) -> Body:
        """The chosen list, or the mini-batches of the items that were found."""
        body = batches(self.desk.model, width, height, self.options())
        word = self.filter
        if body.targets or len(word) < _MIN_LETTERS or word.startswith("!"):
            return body
        self.refresh()
        if self.content is None:
            looking = f"    looking for {word} in the names of all items"
            return Body([*body.lines[: body.fixed], [(looking, "dim")]], {}, body.fixed)
        return batches(self.desk.model, width, height, self.options(), self.content)


def _rows_of_items(source: Source, run: Run, text: str) -> tuple[BatchRow, ...]:
    return tuple(
        BatchRow(number, state_of(run, number), worker=run.in_flight.get(number, ""), why=path)
        for number, path in find_batches(source, text)
    )
