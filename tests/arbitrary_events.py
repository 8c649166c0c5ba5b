"""Any event at all, for property tests: every field of every kind, with hostile text."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st

from bscore.core.events import Event, FailureKind, Outcome
from bscore.core.limits import Limits

NASTY = ["", '"', "\\", "a=b", "|", "\n", "\r\n", "\0", "\x1b[2J", "\u202e", "\u2028", "\ud83d\ude00",
         "-", "\udc80",
          ",", " ", "us=123", "…", "\U000e0001", "é", "\\U0000dc00", "\ud800\U000e0001",
         "\x85"]  # fmt: skip
TEXT = st.text(st.characters(), max_size=20) | st.lists(st.sampled_from(NASTY), max_size=6).map("".join)
#: Years 1970 to 2100.
TIMES = st.integers(0, 4_102_444_800_000_000)
NUMBERS = st.integers(-(2**63), 2**64)
FLOATS = st.floats(allow_nan=False)
PAIRS = st.lists(st.tuples(st.integers(0, 2**40), st.integers(1, 10_000)), max_size=5).map(tuple)

_STRATEGIES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: NUMBERS,
    float: FLOATS,
    bool: st.booleans(),
    bool | None: st.none() | st.booleans(),
    int | None: st.none() | NUMBERS,
    float | None: st.none() | FLOATS,
    tuple[str, ...]: st.lists(TEXT, max_size=4).map(tuple),
    tuple[int, ...]: st.lists(NUMBERS, max_size=10).map(tuple),
    tuple[tuple[int, int], ...]: PAIRS,
    FailureKind: st.sampled_from(FailureKind),
    Outcome: st.sampled_from(Outcome),
}


def _build(kind: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    fields = {field.name: _STRATEGIES[hints[field.name]] for field in dataclasses.fields(kind)}
    if "at" in fields:
        fields["at"] = TIMES
    return st.builds(kind, **fields)


_STRATEGIES[Limits] = _build(Limits)
KINDS: tuple[type[Any], ...] = get_args(Event)


def events_of(*kinds: type[Any]) -> st.SearchStrategy[Any]:
    """Any events of these kinds."""
    return st.one_of(*map(_build, kinds))


EVENTS: st.SearchStrategy[Event] = events_of(*KINDS)
