r"""Grammar of one journal line, both directions. Pure: values in, text out, and back.

    YYYY-MM-DD HH:MM:SS,mmm|LEVEL|pid|thread id|Name key=value key=value ... us=NNN

A value is a plain word, or a quoted string where it could be misread. Quoted strings are JSON's, with
everything unprintable escaped, so that a line never moves a terminal's cursor; printable letters of
every language stay readable. One escape is not JSON's: `\U0000dc00`, for a lone low surrogate that
stands behind a lone high one (JSON would read the two as one character).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_LAST = "9999-12-31 23:59:59"
_PLAIN = re.compile(r"[A-Za-z0-9_./:@+<>*()-]+")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_LONG = {value[1]: key for key, value in _SHORT.items()} | {"/": "/"}
_ESCAPE = re.compile(
    r'\\(?:U([0-9a-f]{8})|u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|u([0-9a-f]{4})|(["\\/bfnrt]))'
)
_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_PAIR = re.compile(rf'([a-z0-9_]+)=([^ "]*(?:{_QUOTED}[^ "]*)*)(?: |\Z)')
_ITEM = re.compile(rf'({_QUOTED}|[^",]+)(?:,|\Z)')
#: No number of a record is longer; floats still hold it.
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_RUN = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")
#: Mini-batches that one record can name: those handed out at once, and far from what memory holds.
MAX_IDS = 1_000_000


class GrammarError(ValueError):
    """The text is not of this grammar; never leaves this package."""


@lru_cache(maxsize=64)
def second_text(second: int) -> str:
    """Seconds since 1970 as `YYYY-MM-DD HH:MM:SS` (UTC); what no calendar holds is its last second."""
    try:
        return (_EPOCH + timedelta(seconds=second)).isoformat(sep=" ")[:19]
    except OverflowError:
        return _LAST


@lru_cache(maxsize=64)
def read_second(text: str) -> int:
    """The opposite of `second_text`; GrammarError where there is no such second."""
    try:
        return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH) // _SECOND
    except ValueError as error:
        raise GrammarError(text) from error


@lru_cache(maxsize=4096)
def word(value: str) -> str:
    """A text that repeats (a worker's name), as one value; remembered."""
    return text(value)


def text(value: str) -> str:
    """Any text as one value: plain where nothing in it could be misread, else quoted."""
    if _PLAIN.fullmatch(value):
        return value
    if value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    return '"' + "".join(_escaped(value)) + '"'


def _escaped(value: str) -> Iterator[str]:
    high_before = False
    for char in value:
        short = _SHORT.get(char)
        code = ord(char)
        if short is not None:
            yield short
        elif char.isprintable():
            yield char
        elif code > 0xFFFF:
            offset = code - 0x10000
            yield f"\\u{0xD800 + (offset >> 10):04x}\\u{0xDC00 + (offset & 0x3FF):04x}"
        elif high_before and 0xDC00 <= code <= 0xDFFF:
            yield f"\\U{code:08x}"
        else:
            yield f"\\u{code:04x}"
        high_before = 0xD800 <= code <= 0xDBFF


def read_text(value: str) -> str:
    """The opposite of `text`."""
    if not value.startswith('"'):
        if not value:
            raise GrammarError(value)
        return value
    if len(value) < 2 or not value.endswith('"'):
        raise GrammarError(value)
    inner = value[1:-1]
    return _ESCAPE.sub(_unescape, inner) if "\\" in inner else inner


def _unescape(match: re.Match[str]) -> str:
    wide, high, low, code, short = match.groups()
    if short is not None:
        return _LONG[short]
    if high is not None:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    number = int(code if code is not None else wide, 16)
    if number > 0x10FFFF:
        raise GrammarError(match[0])
    return chr(number)


def texts(values: tuple[str, ...]) -> str:
    """Several texts as one value, separated by commas."""
    return ",".join(map(text, values))


def read_texts(value: str) -> tuple[str, ...]:
    """The opposite of `texts`."""
    found: list[str] = []
    position = 0
    while position < len(value):
        match = _ITEM.match(value, position)
        if match is None:
            raise GrammarError(value)
        found.append(read_text(match[1]))
        position = match.end()
    return tuple(found)


def pairs(values: tuple[tuple[int, int], ...]) -> str:
    """(first, count) pairs as `17-24,30`."""
    if len(values) == 1 and values[0][1] == 1:
        return str(values[0][0])
    return ",".join(str(first) if count == 1 else f"{first}-{first + count - 1}" for first, count in values)


def read_pairs(value: str) -> tuple[tuple[int, int], ...]:
    """The opposite of `pairs`."""
    found: list[tuple[int, int]] = []
    ids = 0
    for part in value.split(",") if value else ():
        match = _RUN.fullmatch(part)
        if match is None:
            raise GrammarError(value)
        first = int(match[1])
        count = 1 if match[2] is None else int(match[2]) - first + 1
        ids += count
        if count < 1 or ids > MAX_IDS:
            raise GrammarError(value)
        found.append((first, count))
    return tuple(found)


def read_int(value: str) -> int:
    """A decimal integer, nothing else that int() would take."""
    if _INTEGER.fullmatch(value) is None:
        raise GrammarError(value)
    return int(value)


def integers(values: tuple[int, ...]) -> str:
    """Several integers as one value, separated by commas."""
    return ",".join(map(str, values))


def read_integers(value: str) -> tuple[int, ...]:
    """The opposite of `integers`."""
    return tuple(map(read_int, value.split(","))) if value else ()


def read_values(body: str) -> dict[str, str]:
    """`key=value key=value` as a dictionary of raw values; GrammarError for anything else."""
    found: dict[str, str] = {}
    position = 0
    while position < len(body):
        match = _PAIR.match(body, position)
        if match is None:
            raise GrammarError(body)
        found[match[1]] = match[2]
        position = match.end()
    return found
