"""Screen 5: throughput, failures and losses over the whole run, and what happened when."""

from __future__ import annotations

from typing import ClassVar

from bscore_tui.screens.page import Entry, Page
from bscore_tui.views.styles import Body
from bscore_tui.views.timeline import timeline


class Timeline(Page):
    """Enter goes to the moment of the selected record."""

    name = "timeline"
    footer: ClassVar[tuple[Entry, ...]] = (
        ("open", "", "go to its time"), ("next_error", "e/E", ""), ("next_warning", "w/W", ""), "mark",
        ("freeze", "", "freeze"), ("at", "", "time"), "filter", "back",
    )  # fmt: skip
    footer_wide: ClassVar[tuple[Entry, ...]] = (("step", ", .", "step"), "copy", "palette")

    def draw(self, width: int, height: int) -> Body:
        """Charts and records."""
        return timeline(self.desk.model, width, height, self.options())
