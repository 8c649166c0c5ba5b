"""The one palette: pages, actions, nodes, workers, mini-batches, items and times by what is typed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bscore_tui.actions import ACTIONS, ROOTS, shown_key
from bscore_tui.views.styles import Line

MAX_CHOICES = 8
_NUMBER = re.compile(r"(?:mb|mini-batch|batch)?\s*#?([\d,]+)$", re.IGNORECASE)
_TIME = re.compile(r"@?\s*(\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d(:\d\d(\.\d+)?)?$|@?\s*[-+]\s*\d+\s*[smhd]$")


@dataclass(frozen=True, slots=True)
class Choice:
    """Something the palette offers; `target`: a target id, or `page:…`, `do:…`, `time:…`, `item:…`."""

    label: str
    hint: str
    target: str


def choices(text: str, things: Sequence[str]) -> list[Choice]:
    """What `text` may mean, best first. `things` are target ids that exist (nodes, workers, files)."""
    text = text.strip()
    word, _, rest = text.partition(" ")
    rest = rest.strip()
    if word in ("item", "i") and rest:
        return [Choice(f"item {rest}", "its fate", f"item:{rest}")]
    if word == "@" or _TIME.fullmatch(text):
        return [Choice(text.lstrip("@ "), "go to this time", f"time:{text.lstrip('@ ')}")]
    found: list[Choice] = []
    if text and (number := _NUMBER.fullmatch(text)):
        found.append(Choice(f"mini-batch {number[1]}", "its attempts", f"mb:{number[1].replace(',', '')}"))
    found += _named(text, _static())
    found += _named(rest if word in ("node", "worker", "file") and rest else text, map(_thing, things))
    if text:
        found.append(Choice(f"item {text}", "look for it in item names", f"item:{text}"))
    return found[:MAX_CHOICES]


def _static() -> list[Choice]:
    pages = [Choice(name.replace("_", "-"), "screen", f"page:{name}") for name in ROOTS]
    return pages + [
        Choice(action.help, shown_key(action.keys[0]), f"do:{action.id}")
        for action in ACTIONS
        if action.group != "moving"
    ]


def _thing(target: str) -> Choice:
    kind, _, name = target.partition(":")
    return Choice(f"{kind} {name.replace('/', ' ') if kind == 'worker' else name}", "", target)


def _named(text: str, offered: Iterable[Choice]) -> list[Choice]:
    """Those that hold every word, first those that begin with the first one."""
    words = text.lower().split()
    fitting = [choice for choice in offered if all(word in choice.label.lower() for word in words)]
    return sorted(fitting, key=lambda choice: not choice.label.lower().startswith(words[0]) if words else 0)


def choice_lines(offered: Sequence[Choice], selected: int, width: int) -> list[Line]:
    """One row per choice, the selected one marked."""
    lines: list[Line] = []
    for number, choice in enumerate(offered):
        sign = ">" if number == selected else " "
        label = f" {sign} {choice.label}"
        room = max(1, width - len(label) - len(choice.hint) - 2)
        style = "selected" if number == selected else "text"
        hint = "selected" if number == selected else "dim"
        lines.append([(label[: width - 1], style), (" " * room, style), (choice.hint, hint), (" ", hint)])
    return lines
