"""The list of commands over a screen: each shows the command it runs; what cannot be undone asks once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Line

_SIDE_BY_SIDE = 100
#: Rows for the command below the list.
_MOST = 3


class Entry(Protocol):
    """A command that can be chosen."""

    @property
    def name(self) -> str:
        """Its verb."""
        ...

    @property
    def help(self) -> str:
        """What it does, in a few words."""
        ...

    @property
    def harm(self) -> str:
        """What cannot be undone; empty for nothing."""
        ...

    @property
    def line(self) -> str:
        """The command as it is typed."""
        ...


@dataclass
class CommandList:
    """An overlay; `run` and `copy` get the number of the chosen entry."""

    title: str
    entries: Sequence[Entry]
    run: Callable[[int], None]
    copy: Callable[[int], None]
    selected: int = 0
    asked: bool = False
    closed: bool = False

    def key(self, key: str, character: str | None) -> None:
        """As `Overlay.key`."""
        if self.asked:
            self.asked = False
            if key == "y":
                self._run()
        elif key in ("up", "k", "down", "j", "tab"):
            self.selected = (self.selected + (-1 if key in ("up", "k") else 1)) % len(self.entries)
        elif key in ("enter", "space"):
            self._choose()
        elif key in ("y", "c"):
            self.closed = True
            self.copy(self.selected)
        else:
            self.closed = True

    def paste(self, text: str) -> None:
        """Nothing is typed here."""

    def click(self, row: int) -> None:
        """The entry that was clicked: first it is selected, then chosen."""
        number = row - 2
        if 0 <= number < len(self.entries):
            if number == self.selected:
                self._choose()
            self.selected = number

    def lines(self, width: int) -> list[Line]:
        """A title, a row per command; in narrow windows the selected command stands below."""
        found: list[Line] = [[], [("   ", "text"), (self.title, "title")]]
        for number, entry in enumerate(self.entries):
            style = "selected" if number == self.selected else "text"
            sign = ">" if number == self.selected else " "
            label = f" {sign} {entry.name:<9} {entry.help:<22}"
            if width >= _SIDE_BY_SIDE:
                label = f"{label} {safe_text(entry.line, 4000)}"
            found.append([(label[: width - 1].ljust(width), style)])
        chosen = self.entries[self.selected]
        line, room = safe_text(chosen.line, 4000), width - 6
        if width < _SIDE_BY_SIDE:
            pieces = (line[start : start + room] for start in range(0, min(len(line), _MOST * room), room))
            found += [[(f"     {piece}", "dim")] for piece in pieces]
        if self.asked:
            found.append([(f" ! {chosen.harm}; y does it, any other key does not"[: width - 1], "warn")])
        return [*found, []]

    def foot(self, width: int) -> Line | None:
        """The keys of the list."""
        if self.asked:
            return [(" y", "key"), (" do it  ", "dim"), ("esc", "key"), (" leave it", "dim")]
        keys = (("enter", "run"), ("y", "copy the command"), ("q", "close"))
        return [part for key, label in keys for part in ((f" {key}", "key"), (f" {label} ", "dim"))]

    def _choose(self) -> None:
        if self.entries[self.selected].harm and not self.asked:
            self.asked = True
        else:
            self._run()

    def _run(self) -> None:
        self.closed = True
        self.run(self.selected)
