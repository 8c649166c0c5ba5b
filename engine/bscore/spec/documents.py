"""Small documents that others may have written: JSON of bounded depth, flat values of the right types. Pure.

Checked by hand: they are read at every start, some of them every second, where importing a library for it
would cost more than all else.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")
_TYPES = {"str": str, "int": int}
#: Whole numbers of all documents fit into 64 bits.
_MOST = 1 << 63


def read_json(text: str | bytes) -> object:
    """The value of a JSON text. Raises ValueError for anything else, nested too deeply included."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def flat(kind: type[T], facts: object) -> T:
    """A dataclass of texts and whole numbers from a JSON object; keys that it does not know are ignored.

    Raises ValueError with what is missing or of the wrong type.
    """
    if not isinstance(facts, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004  # one error for all that is wrong with it
    values: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]  # every caller gives a dataclass
        value = facts.get(field.name, field.default)
        if value is MISSING:
            raise ValueError(f"{field.name} is missing")
        # Not isinstance: true and false are no numbers.
        if type(value) is not _TYPES[str(field.type)]:
            raise ValueError(f"{field.name} is {type(value).__name__}, expected {field.type}")
        if isinstance(value, int) and not -_MOST <= value < _MOST:
            raise ValueError(f"{field.name} is out of range")
        values[field.name] = value
    return kind(**values)
