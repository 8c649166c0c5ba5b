"""The lists of commands over a screen: each shows the command it runs; what cannot be undone asks first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from bscore_tui.views.layout import wrap
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Line, Options

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
    def keep(self) -> str:
        """What any key but `y` does where there is harm."""
        ...

    @property
    def line(self) -> str:
        """The command as it is typed."""
        ...


class Group(Protocol):
    """Commands for one thing."""

    @property
    def title(self) -> str:
        """The thing."""
        ...

    @property
    def commands(self) -> Sequence[Entry]:
        """What can be done with it."""
        ...


@dataclass
class CommandList:
    """An overlay; `run` and `copy` get the chosen entry."""

    groups: Sequence[Group]
    run: Callable[[Entry], None]
    copy: Callable[[Entry], None]
    options: Options
    selected: int = 0
    asked: bool = False
    closed: bool = False

    @property
    def entries(self) -> list[Entry]:
        """The commands of all groups, from the top."""
        return list(chain.from_iterable(group.commands for group in self.groups))

    @property
    def chosen(self) -> Entry:
        """The selected one."""
        return self.entries[self.selected]

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
            self.copy(self.chosen)
        else:
            self.closed = True

    def paste(self, text: str) -> None:
        """Nothing is typed here."""

    def click(self, row: int) -> None:
        """The entry that was clicked: first it is selected, then chosen; never does a click say yes."""
        number = self._numbers().get(row)
        if self.asked or number is None:
            self.asked = False
        elif number == self.selected:
            self._choose()
        else:
            self.selected = number

    def _numbers(self) -> dict[int, int]:
        """Row -> number of the entry that stands there: a gap and a title before each group."""
        rows: dict[int, int] = {}
        at, number = 0, 0
        for group in self.groups:
            at += 2
            for _ in group.commands:
                rows[at] = number
                at, number = at + 1, number + 1
        return rows

    def lines(self, width: int) -> list[Line]:
        """Each group's title and commands; in narrow windows the selected command stands below."""
        found: list[Line] = []
        entries = iter(enumerate(self.entries))
        for group in self.groups:
            found += [[], [("   ", "text"), (group.title, "title")]]
            found += [self._entry(*next(entries), width) for _ in group.commands]
        line, room = safe_text(self.chosen.line, 4000), width - 6
        if width < _SIDE_BY_SIDE:
            pieces = (line[start : start + room] for start in range(0, min(len(line), _MOST * room), room))
            found += [[(f"     {piece}", "dim")] for piece in pieces]
        if self.asked:
            rows = wrap(self.chosen.harm, room, _MOST, self.options)
            found += [[(f" {' ' if number else '!'} {row}", "warn")] for number, row in enumerate(rows)]
        return [*found, []]

    def _entry(self, number: int, entry: Entry, width: int) -> Line:
        chosen = number == self.selected
        label = f" {'>' if chosen else ' '} {entry.name:<9} {entry.help:<28}"
        if width >= _SIDE_BY_SIDE:
            label = f"{label} {safe_text(entry.line, 4000)}"
        return [(label[: width - 1].ljust(width), "selected" if chosen else "text")]

    def foot(self, width: int) -> Line | None:
        """The keys of the list."""
        keys = (("enter", "run"), ("y", "copy the command"), ("q", "close"))
        if self.asked:
            keys = (("y", self.chosen.help), ("any other key", self.chosen.keep), ("", ""))
        return [part for key, label in keys for part in ((f" {key}", "key"), (f" {label} ", "dim"))]

    def _choose(self) -> None:
        if self.chosen.harm:
            self.asked = True
        else:
            self._run()

    def _run(self) -> None:
        self.closed = True
        self.run(self.chosen)
