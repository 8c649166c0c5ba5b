"""Events cut so that their record fits into one line of the journal. Pure."""

from __future__ import annotations

import dataclasses
from typing import Any

from bscore.core import events as ev
from bscore.core.events import Assigned, Event, Finished
from bscore.logtree import grammar
from bscore.logtree.records import MAX_LINE_BYTES, encode

CUT_MARK = "…"
#: Widest process and thread ids, so that a line fits whoever writes it.
_WIDEST_PID = 10**10 - 1
_WIDEST_THREAD = 2**64 - 1
_MARK_BYTES = len(CUT_MARK.encode()) + len('""')
_NAMES_BYTES = 4096
_NAME_BYTES = 512
_HOT = (Finished, Assigned)
#: Lists of names, which are cut first.
_NAMES = {ev.InputsChanged: "first_names", ev.ColumnsSeen: "columns"}


def fit(event: Event) -> Event:
    """The event with its longest texts cut (ending in `…`) so that its line has at most 8 KiB.

    Returns the same object where nothing needs cutting. Pairs of ids are never cut: whoever assigns
    keeps them short (some hundred at most).
    """
    if isinstance(event, _HOT) and len(event.worker) < 256:
        return event
    excess = len(encode(event, _WIDEST_PID, _WIDEST_THREAD)) - MAX_LINE_BYTES
    if excess <= 0:
        return event
    changes: dict[str, Any] = {}
    field = _NAMES.get(type(event))
    if field is not None:
        given = getattr(event, field)
        changes[field] = names = _fit_names(given)
        excess -= len(grammar.texts(given).encode()) - len(grammar.texts(names).encode())
    values = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    sizes = {name: _size(value) for name, value in values.items() if type(value) is str}
    cap = _cap(list(sizes.values()), sum(sizes.values()) - excess)
    changes.update({name: cut(values[name], cap) for name, size in sizes.items() if size > cap})
    fitted: Event = dataclasses.replace(event, **changes)
    return fitted


def _size(value: str) -> int:
    return len(grammar.text(value).encode())


def _cap(sizes: list[int], budget: int) -> int:
    """The size to which the longest must be cut so that the sum of all is at most `budget`."""
    rest = budget
    for index, size in enumerate(sorted(sizes)):
        share = rest // (len(sizes) - index)
        if size > share:
            return share
        rest -= size
    return max(sizes, default=0)


def cut(value: str, nbytes: int) -> str:
    """The longest beginning of a text that, with `…` behind it, is at most `nbytes` as a value."""
    if _size(value) <= nbytes:
        return value
    low, high = 0, min(len(value), max(nbytes - _MARK_BYTES, 0))
    while low < high:
        middle = (low + high + 1) // 2
        if _size(value[:middle] + CUT_MARK) <= nbytes:
            low = middle
        else:
            high = middle - 1
    return value[:low] + CUT_MARK


def _fit_names(names: tuple[str, ...]) -> tuple[str, ...]:
    kept: list[str] = []
    rest = _NAMES_BYTES
    for name in names:
        short = cut(name, _NAME_BYTES)
        rest -= _size(short) + 1
        if rest < 0:
            break
        kept.append(short)
    return tuple(kept)
