"""`?`: the keys of the page it was opened on, out of the action table."""

from __future__ import annotations

from typing import ClassVar

from bscore_tui.actions import actions_of, shown_key
from bscore_tui.screens.page import Entry, Page
from bscore_tui.views.layout import beside
from bscore_tui.views.styles import Body, Line

_TWO_COLUMNS = 100


class Help(Page):
    """`subject` is the name of the page that was left."""

    name = "help"
    footer: ClassVar[tuple[Entry, ...]] = ("back", ("down", "up down", "scroll"))

    @property
    def crumb(self) -> str:
        """What this is."""
        return "keys"

    def draw(self, width: int, height: int) -> Body:
        """Groups of keys, those of the page first."""
        groups = self._groups()
        if width < _TWO_COLUMNS:
            return Body([line for group in groups for line in group])
        left = [line for group in groups[:1] + groups[2:3] for line in group]
        right = [line for group in groups[1:2] + groups[3:] for line in group]
        return Body(beside(left, right, width // 2, width, self.options()))

    def _groups(self) -> list[list[Line]]:
        actions = actions_of(self.subject)
        names = list(dict.fromkeys(action.group for action in actions))
        groups: list[list[Line]] = []
        for name in names:
            lines: list[Line] = [[], [(f" {name}", "title")]]
            for action in actions:
                if action.group == name:
                    keys = "  ".join(shown_key(key) for key in self.desk.keys_of(action.id))
                    lines.append([(f"   {keys:<17}", "key"), (f" {action.help}", "text")])
            groups.append(lines)
        return groups
