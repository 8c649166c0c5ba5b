"""A Run as one line of JSON and back: a cache that saves folding a long journal from its start.

The shape follows the field types of `state`; `SHAPE` names it. A line of another shape, or one that
was torn, decodes to None: the reader then folds from an earlier place.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from typing import Any
from zlib import crc32

from bscore import __version__
from bscore.core.ranges import Ranges
from bscore.core.state import Run

#: Snapshots are taken after so many bytes of journal at least, and so many times their own size.
MIN_JOURNAL_BYTES = 1024 * 1024
JOURNAL_PER_SNAPSHOT = 20

_MODULE = re.compile(r"\b(?:\w+\.)+(?=\w)")


def encode_run(run: Run) -> str:
    """The run as one line of JSON without its newline."""
    return json.dumps(_plain(run), separators=(",", ":"))


def decode_run(line: str) -> Run:
    """The run that `encode_run` wrote. Raises ValueError when the line is none of this version."""
    try:
        return typing.cast("Run", _builder(Run)(json.loads(line)))
    except (LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"not a snapshot of shape {SHAPE}") from error


def encode_snapshot(term: int, offset: int, crc: int, run: Run) -> bytes:
    """One line of the snapshots file.

    `offset` is how many bytes of the term's journal the run holds, `crc` the CRC-32 of the journal
    since its last commit record at that place.
    """
    text = json.dumps([SHAPE, term, offset, crc, encode_run(run)], separators=(",", ":"))
    return f"{crc32(text.encode()):08x} {text}\n".encode()


def decode_snapshot(line: bytes) -> tuple[int, int, int, Run] | None:
    """(term, offset, crc, run), or None for a line that is torn or of another shape."""
    head, _, text = line.rstrip(b"\n").partition(b" ")
    try:
        if int(head, 16) != crc32(text):
            return None
        shape, term, offset, crc, encoded = json.loads(text)
        if shape != SHAPE:
            return None
        return term, offset, crc, decode_run(encoded)
    except (ValueError, TypeError, RecursionError):
        return None


def due(journal_bytes: int, snapshot_bytes: int) -> bool:
    """Whether so much journal since the last snapshot of that size is worth another."""
    return journal_bytes >= max(MIN_JOURNAL_BYTES, JOURNAL_PER_SNAPSHOT * snapshot_bytes)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if dataclasses.is_dataclass(value):
        return [_plain(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, Ranges):
        return value.pairs()
    if isinstance(value, dict):
        return [[_plain(key), _plain(item)] for key, item in value.items()]
    items = sorted(value) if isinstance(value, set) else value
    return [_plain(item) for item in items]


@cache
def _builder(kind: Any) -> Callable[[Any], Any]:
    """The function that builds a value of this type from its plain form."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        (some,) = (argument for argument in arguments if argument is not type(None))
        build = _builder(some)
        return lambda plain: None if plain is None else build(plain)
    if origin is not None:
        return _container(origin, arguments)
    if kind is Ranges:
        return lambda plain: Ranges((start, stop) for start, stop in plain)
    if dataclasses.is_dataclass(kind):
        return _dataclass(typing.cast("type", kind))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    return _exactly(kind)


def _exactly(kind: Any) -> Callable[[Any], Any]:
    """Values of just this type; a whole number may stand for any number."""
    fitting = (float, int) if kind is float else (type(None),) if kind is None else (kind,)

    def build(plain: Any) -> Any:
        if type(plain) in fitting:
            return plain
        raise TypeError(f"{plain!r} is no {kind}")

    return build


def _container(origin: Any, arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if origin is dict:
        key, value = map(_builder, arguments)
        return lambda plain: {key(a): value(b) for a, b in plain}
    if origin is tuple and (len(arguments) != 2 or arguments[1] is not Ellipsis):
        builders = [_builder(argument) for argument in arguments]
        return lambda plain: tuple(build(item) for build, item in zip(builders, plain, strict=True))
    item = _builder(arguments[0])
    return lambda plain: origin(item(value) for value in plain)


def _dataclass(kind: type) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    builders = [_builder(hints[name]) for name in names]
    limits = {f.name: _maxlen(f) for f in dataclasses.fields(kind)}

    def build(plain: Any) -> Any:
        values = {n: b(item) for n, b, item in zip(names, builders, plain, strict=True)}
        for name, maxlen in limits.items():
            if maxlen is not None:
                values[name] = deque(values[name], maxlen=maxlen)
        return kind(**values)

    return build


def _maxlen(field: dataclasses.Field[Any]) -> int | None:
    if field.default_factory is dataclasses.MISSING:
        return None
    default = field.default_factory()
    return default.maxlen if isinstance(default, deque) else None


def _shape() -> str:
    """A digest of this version, and of the field names and types of everything a Run holds."""
    seen: dict[str, list[str]] = {}

    def visit(kind: Any) -> None:
        for argument in typing.get_args(kind):
            visit(argument)
        if dataclasses.is_dataclass(kind) and isinstance(kind, type) and kind.__name__ not in seen:
            hints = typing.get_type_hints(kind)
            # In which file a class stands says nothing of its shape.
            seen[kind.__name__] = [
                f"{f.name}:{_MODULE.sub('', str(hints[f.name]))}" for f in dataclasses.fields(kind)
            ]
            for hint in hints.values():
                visit(hint)

    visit(Run)
    # Another version may fold the same journal to another run of the same shape.
    return f"{crc32(json.dumps([__version__, sorted(seen.items())]).encode()):08x}"


SHAPE = _shape()
