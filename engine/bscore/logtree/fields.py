"""Which field of an event stands under which key, and how its type is written and read. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_type_hints

from bscore.core.events import FailureKind, Outcome
from bscore.logtree import grammar
from bscore.logtree.grammar import GrammarError

_KEYS = {
    "mini_batch": "id",
    "attempt": "try",
    "elapsed_ns": "took",
    "process_ns": "cpu",
    "run_ns": "run",
    "succeeded": "ok",
    "nbytes": "bytes",
    "pairs": "ids",
}
_PAIRS = tuple[tuple[int, int], ...]


Writer = Callable[[Any], str]
Reader = Callable[[str], Any]


def _optional(value: float | None) -> str:
    return "-" if value is None else repr(value)


def _read_float(value: str) -> float:
    try:
        number = float(value)
    except ValueError as error:
        raise GrammarError(value) from error
    if math.isnan(number):
        raise GrammarError(value)
    return number


def _read_bool(value: str) -> bool:
    if value not in {"yes", "no"}:
        raise GrammarError(value)
    return value == "yes"


def _read_kind(value: str) -> FailureKind:
    return FailureKind(grammar.read_text(value))


def _read_outcome(value: str) -> Outcome:
    return Outcome(grammar.read_text(value))


_CODECS: dict[Any, tuple[Writer, Reader]] = {
    str: (grammar.text, grammar.read_text),
    int: (str, grammar.read_int),
    float: (repr, _read_float),
    bool: (lambda value: "yes" if value else "no", _read_bool),
    bool | None: (lambda value: "yes" if value else "no", _read_bool),
    int | None: (_optional, lambda value: None if value == "-" else grammar.read_int(value)),
    float | None: (_optional, lambda value: None if value == "-" else _read_float(value)),
    tuple[str, ...]: (grammar.texts, grammar.read_texts),
    tuple[int, ...]: (grammar.integers, grammar.read_integers),
    _PAIRS: (grammar.pairs, grammar.read_pairs),
    FailureKind: (grammar.text, _read_kind),
    Outcome: (grammar.text, _read_outcome),
}

Column = tuple[str, str, Writer, Reader]


def columns(kind: type[Any]) -> tuple[Column, ...]:
    """(field, key, writer, reader) of each field that stands in the record as a value of its own."""
    hints = get_type_hints(kind)
    special = {"at", "limits"} | ({"start"} if "elapsed_ns" in hints else set())
    return tuple(
        (name, _KEYS.get(name, name), *_CODECS[hints[name]]) for name in hints if name not in special
    )
