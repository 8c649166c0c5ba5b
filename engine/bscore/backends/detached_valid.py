"""What a detached agent may send: values of the known kinds, every field of its type, of its own node."""

from __future__ import annotations

import dataclasses
import enum
import io
import math
import pickle
import sys
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any

from bscore.core.events import Event
from bscore.logtree.source import inside
from bscore.node.messages import Answer, LogChunk, Poll

#: Where the kinds of values stand that frames are made of.
_MODULES = frozenset(
    {
        "bscore.backends.detached_wire", "bscore.core.limits", "bscore.core.run_events",
        "bscore.core.work_events", "bscore.node.messages",
    }
)  # fmt: skip
_MOST = 1 << 63
#: No log is that long.
_MOST_OFFSET = 1 << 42


class _Known(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = getattr(sys.modules.get(module), name, None) if module in _MODULES else None
        if not isinstance(found, type) or found.__module__ != module:
            raise pickle.UnpicklingError(f"frames hold no {module}.{name}")
        return found


def load(data: bytes | memoryview) -> Any:
    """The frame in these bytes; raises anything at all where there is none."""
    return _Known(io.BytesIO(data)).load()


def why_nonsense(poll: Poll, node: str) -> str:
    """Why a poll cannot be one of this node's agent; empty where it can."""
    if not _fits(Poll)(poll) or poll.node != node:
        return "a poll with values of other types, or of another node"
    for report in poll.reports:
        event = report.event if isinstance(report, Answer) else report
        if not str(getattr(event, "worker", f"{node}/")).startswith(f"{node}/"):
            return f"{type(event).__name__} of a worker of another node"
        if getattr(event, "node", node) != node:
            return f"{type(event).__name__} of another node"
    for chunk in poll.logs:
        if not _is_own_log(chunk, node):
            return f"a piece of {chunk.path!r:.200}, which is no log of this node"
    return ""


def _is_own_log(chunk: LogChunk, node: str) -> bool:
    folders = chunk.path.split("/")[:-1]
    own = folders[:1] == ["logs"] and node in folders and inside(chunk.path)
    return own and 0 <= chunk.offset < _MOST_OFFSET


Fits = Callable[[Any], bool]
_NUMBERS: dict[Any, Fits] = {
    int: lambda value: type(value) is int and -_MOST <= value < _MOST,
    float: lambda value: type(value) in (int, float) and not math.isnan(value),
}


@cache
def _fits(hint: Any) -> Fits:
    """Whether a value is of the type that an annotation names."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if arguments == typing.get_args(Event):
            kinds = {kind: _fits(kind) for kind in arguments}
            return lambda value: type(value) in kinds and kinds[type(value)](value)
        some = tuple(map(_fits, arguments))
        return lambda value: any(fits(value) for fits in some)
    if origin is tuple and arguments[-1:] != (Ellipsis,):
        each = tuple(map(_fits, arguments))
        return lambda value: (
            type(value) is tuple
            and len(value) == len(each)
            and all(fits(part) for fits, part in zip(each, value, strict=True))
        )
    if origin in (tuple, list):
        fits = _fits(arguments[0])
        return lambda value: type(value) is origin and all(map(fits, value))
    if hint in _NUMBERS:
        return _NUMBERS[hint]
    if dataclasses.is_dataclass(hint):
        return _fields(typing.cast("type", hint))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return lambda value: type(value) is hint
    return lambda value: value is None if hint in (None, type(None)) else type(value) is hint


def _fields(kind: type) -> Fits:
    hints = typing.get_type_hints(kind)
    each = [(field.name, _fits(hints[field.name])) for field in dataclasses.fields(kind)]

    def fits(value: Any) -> bool:
        return type(value) is kind and all(check(getattr(value, name, Ellipsis)) for name, check in each)

    return fits
