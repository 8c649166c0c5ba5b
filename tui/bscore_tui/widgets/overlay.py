"""What lies over the lower rows of a body while something is asked: a typed line, or choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bscore_tui.views.styles import Line
from bscore_tui.widgets.edit import Edit
from bscore_tui.widgets.palette import Choice, choice_lines, choices

_CLOSING = ("escape", "ctrl+c")


class Overlay(Protocol):
    """Takes every key while it is there."""

    #: Set once it has been answered or given up.
    closed: bool

    def key(self, key: str, character: str | None) -> None:
        """A key was pressed."""
        ...

    def paste(self, text: str) -> None:
        """Text was pasted."""
        ...

    def lines(self, width: int) -> list[Line]:
        """What is drawn over the lowest rows of the body."""
        ...

    def foot(self, width: int) -> Line | None:
        """What takes the place of the footer; None leaves it."""
        ...

    def click(self, row: int) -> None:
        """One of its lines was clicked."""
        ...


@dataclass
class Asking:
    """A line to type; `changed` hears every change, `take` the final text, `give_up` an escape."""

    edit: Edit
    take: Callable[[str], None]
    changed: Callable[[str], None] | None = None
    give_up: Callable[[], None] | None = None
    closed: bool = False

    def key(self, key: str, character: str | None) -> None:
        """As `Overlay.key`."""
        if key in _CLOSING:
            self.closed = True
            if self.give_up is not None:
                self.give_up()
        elif key == "enter":
            self.closed = True
            self.take(self.edit.text)
        elif key in ("up", "ctrl+p"):
            self.edit.recall()
            self._tell()
        elif self.edit.key(key, character):
            self._tell()

    def paste(self, text: str) -> None:
        """As `Overlay.paste`."""
        self.edit.insert(text)
        self._tell()

    def lines(self, width: int) -> list[Line]:
        """Nothing but the typed line."""
        return []

    def foot(self, width: int) -> Line | None:
        """The typed line."""
        return self.edit.line(width)

    def click(self, row: int) -> None:
        """Nothing to click."""

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed(self.edit.text)


@dataclass
class Palette:
    """Choices for what is typed; enter takes the selected one."""

    things: Sequence[str]
    take: Callable[[str], None]
    edit: Edit = field(default_factory=lambda: Edit(": "))
    selected: int = 0
    closed: bool = False

    def _offered(self) -> list[Choice]:
        return choices(self.edit.text, self.things)

    def key(self, key: str, character: str | None) -> None:
        """As `Overlay.key`."""
        if key in _CLOSING or (key == "backspace" and not self.edit.text):
            self.closed = True
        elif key == "enter":
            self._choose(self.selected)
        elif key in ("up", "down", "tab", "shift+tab"):
            count = max(1, len(self._offered()))
            self.selected = (self.selected + (1 if key in ("down", "tab") else -1)) % count
        elif self.edit.key(key, character):
            self.selected = 0

    def paste(self, text: str) -> None:
        """As `Overlay.paste`."""
        self.edit.insert(text)
        self.selected = 0

    def lines(self, width: int) -> list[Line]:
        """The choices."""
        return [[], *choice_lines(self._offered(), self.selected, width)]

    def foot(self, width: int) -> Line | None:
        """The typed line."""
        return self.edit.line(width)

    def click(self, row: int) -> None:
        """The choice that was clicked."""
        if row >= 1:
            self._choose(row - 1)

    def _choose(self, number: int) -> None:
        offered = self._offered()
        if 0 <= number < len(offered):
            self.closed = True
            self.take(offered[number].target)
