"""Screen 2: which mini-batches are left and why, which were slow, what became of a file."""

from __future__ import annotations

from typing import ClassVar

from bscore_tui.screens.page import Entry, Page
from bscore_tui.views.batches import ORDERS, VARIANTS, batches
from bscore_tui.views.styles import Body


class Batches(Page):
    """Lists of mini-batches."""

    name = "batches"
    selects_first = True
    variants = VARIANTS
    orders = ORDERS
    footer: ClassVar[tuple[Entry, ...]] = (
        "open", ("view", "", "next list"), "sort", ("filter", "", "item or worker"), "actions",
        ("its_time", "", "time"), "items", "log", "palette", "back",
    )  # fmt: skip

    def draw(self, width: int, height: int) -> Body:
        """The chosen list."""
        return batches(self.desk.model, width, height, self.options())
