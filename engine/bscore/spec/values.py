"""How a value of each kind is read from its text, and the words for what is expected.

Reading starts from the text as written, never from what YAML 1.1 makes of it: `no` stays a
word, `010` is not eight, a date is no date.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

INT_MAX = 2**31 - 1
#: File systems take 255; the part files of a job put more around the name.
FILE_NAME_BYTES = 200
SECONDS_MAX = 259200
_UNITS = {"": 1, "b": 1, "kb": 1024, "mb": 1024**2, "gb": 1024**3}
_SIZE = re.compile(r"(\d+)\s*([a-z]*)", re.IGNORECASE | re.ASCII)
_INT = re.compile(r"[-+]?\d+", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)", re.ASCII)


class Shape(Enum):
    """What a value looks like in a document."""

    SCALAR = "scalar"
    """One word or number."""
    LIST = "list"
    """A list of words."""
    MAP = "map"
    """Names with words."""
    NODE = "node"
    """Something with a structure of its own, read by its dialect."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: the words for it, and how it is read; `parse` raises ValueError."""

    expected: str
    parse: Callable[[str], object]
    choices: tuple[str, ...] = ()
    shape: Shape = Shape.SCALAR


@dataclass(frozen=True, slots=True)
class Size:
    """A mini-batch size: a count of items, or bytes where a unit was written."""

    count: int
    nbytes: int | None = None


def _int(text: str, low: int, high: int) -> int:
    if not _INT.fullmatch(text):
        raise ValueError("not a whole number")
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0":
        raise ValueError("a leading zero means octal to some readers: write it without")
    if len(digits) > 18 or not low <= int(text) <= high:
        raise ValueError("out of range")
    return int(text)


def whole(low: int, high: int = INT_MAX) -> Kind:
    """Whole numbers in [low, high]."""
    words = f"a whole number, {low} or more" if high == INT_MAX else f"a whole number from {low} to {high}"
    return Kind(words, lambda text: _int(text, low, high))


def number(low: float, high: float, expected: str, *, above: bool = False) -> Kind:
    """Numbers in [low, high], or in (low, high] with `above`."""

    def parse(text: str) -> float:
        if not _NUMBER.fullmatch(text):
            raise ValueError("not a number")
        value = float(text)
        if not math.isfinite(value) or not low <= value <= high or (above and value == low):
            raise ValueError("out of range")
        return value

    return Kind(expected, parse)


def one_of(*choices: str) -> Kind:
    """One of some words, in any case; the value is spelled as listed here."""

    def parse(text: str) -> str:
        for choice in choices:
            if choice.lower() == text.lower():
                return choice
        raise ValueError("unknown word")

    return Kind("one of " + ", ".join(choices), parse, choices)


def _boolean(text: str) -> bool:
    match text.lower():
        case "true":
            return True
        case "false":
            return False
        case _:
            raise ValueError("not a truth value")


def _size(text: str) -> Size:
    found = _SIZE.fullmatch(text.strip())
    if not found or found[2].lower() not in _UNITS:
        raise ValueError("not a size")
    if len(found[1]) > 18 or int(found[1]) > INT_MAX:
        raise ValueError(f"too large, at most {INT_MAX}")
    unit = found[2].lower()
    value = _int(found[1], 1, INT_MAX) * _UNITS[unit]
    return Size(value) if not unit else Size(1, value)


def _file_name(text: str) -> str:
    if text in {"", ".", ".."} or "/" in text or not text.isprintable():
        raise ValueError("not a plain file name")
    if len(text.encode()) > FILE_NAME_BYTES:
        raise ValueError(f"too long, at most {FILE_NAME_BYTES} bytes")
    return text


def _words(text: str) -> tuple[str, ...]:
    if text.lstrip().startswith("["):
        try:
            words = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("not a JSON list") from None
    else:
        words = [word.strip() for word in text.split(",")]
    if not all(isinstance(word, str) and word for word in words):
        raise ValueError("an empty name, or something that is no name")
    return tuple(words)


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL byte")
    return text


def _no_text(_text: str) -> object:
    raise ValueError("has parts of its own")


TRUTH = Kind("True or False", _boolean, ("True", "False"))
SECONDS = number(0, SECONDS_MAX, f"seconds, more than 0 and at most {SECONDS_MAX}", above=True)
INTERVAL = number(0, INT_MAX, "seconds, 0 (off) or more")
PERCENT = number(0, 100, "a percentage from 0 to 100")
SIZE = Kind("a number of items, 1 or more, or a size such as 10kb or 1MB", _size)
FILE_NAME = Kind("a file name without folders", _file_name)
TEXT = Kind("a text", _text)
#: A text that names an input or output.
REFERENCE = Kind("a text", _text)
WORDS = Kind("a list of names", _words, shape=Shape.LIST)
TEXTS = Kind("names with values", _no_text, shape=Shape.MAP)
NODE = Kind("keys with values", _no_text, shape=Shape.NODE)
ANY = Kind("anything", _text, shape=Shape.NODE)
