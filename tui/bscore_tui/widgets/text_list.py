"""Texts that a screen has no room for, over it: one is selected and shown whole, to be read or copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bscore_tui.views.layout import crop, middle, wrap
from bscore_tui.views.styles import Line, Options

_LABEL = 12
#: Rows of the selected text at most, and of the list.
_MOST = 9
_LISTED = 6


@dataclass
class TextList:
    """An overlay; `copy` gets what the selected text is, and the text."""

    texts: Sequence[tuple[str, str]]
    copy: Callable[[str, str], None]
    options: Options
    selected: int = 0
    closed: bool = False

    def key(self, key: str, character: str | None) -> None:
        """As `Overlay.key`."""
        if key in ("up", "k", "down", "j", "tab"):
            self.selected = (self.selected + (-1 if key in ("up", "k") else 1)) % len(self.texts)
            return
        self.closed = True
        if key in ("enter", "y", "c"):
            self.copy(*self.texts[self.selected])

    def paste(self, text: str) -> None:
        """Nothing is typed here."""

    def click(self, row: int) -> None:
        """The text that was clicked."""
        number = row - 1 + self._first
        if 1 <= row <= min(len(self.texts), _LISTED) and number < len(self.texts):
            self.selected = number

    @property
    def _first(self) -> int:
        return max(0, min(self.selected - _LISTED // 2, len(self.texts) - _LISTED))

    def lines(self, width: int) -> list[Line]:
        """A row per text, and below them the selected one from its beginning to its end."""
        found: list[Line] = [[]]
        for number in range(self._first, min(self._first + _LISTED, len(self.texts))):
            label, text = self.texts[number]
            chosen = number == self.selected
            name = crop(label, _LABEL, self.options).ljust(_LABEL)
            row = f" {'>' if chosen else ' '} {name} {middle(text, width - _LABEL - 6, self.options)}"
            found.append([(row.ljust(width - 1), "selected" if chosen else "text")])
        whole = wrap(self.texts[self.selected][1], width - 6, _MOST, self.options, ends=True)
        return [*found, [], *([(f"     {row}", "strong")] for row in whole), []]

    def foot(self, width: int) -> Line | None:
        """The keys of the list."""
        keys = (("enter", "copy it whole"), ("up down", "another text"), ("q", "close"))
        return [part for key, label in keys for part in ((f" {key}", "key"), (f" {label} ", "dim"))]
