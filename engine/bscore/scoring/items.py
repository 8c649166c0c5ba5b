"""What `inputs` stands for: a folder to be listed, paths, values just as they are, or a table."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bscore.errors import UsageError
from bscore.spec.problems import shown

#: So many inputs are looked at before it is decided whether they are paths.
LOOKED_AT = 1000
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:://|::)")


@dataclass(frozen=True, slots=True)
class Items:
    """Inputs understood: `kind` is `texts` (folders ... to be listed), `paths`, `values` or `table`."""

    kind: str
    values: Any


def understand(inputs: Any, items: str | None) -> Items:
    """Which kind of inputs these are. Raises UsageError for what cannot be scored."""
    if items not in (None, "paths", "values"):
        raise UsageError(f"items is {items!r}, expected 'paths' or 'values'.")
    if inputs is None:
        return Items("texts", ())
    if isinstance(inputs, str | os.PathLike):
        if items == "values":
            raise UsageError("items='values' goes with a list.", remedy="Give inputs=[text] for one value.")
        return Items("texts", (os.fspath(inputs),))
    if _is_table(inputs):
        return Items("table", inputs)
    if isinstance(inputs, bytes | bytearray | Mapping | set | frozenset) or not isinstance(inputs, Iterable):
        raise UsageError(
            f"inputs is {type(inputs).__name__}, which has no rows or no order.",
            remedy="Give a folder, a list of paths or values, or a DataFrame.",
        )
    rest = iter(inputs)
    first = list(itertools.islice(rest, LOOKED_AT if items is None else 1))
    if not first:
        raise UsageError("There is nothing to score: inputs holds no items.")
    kind = items or ("paths" if _are_paths(first) else "values")
    return Items(kind, itertools.chain(first, rest))


def _is_table(value: Any) -> bool:
    frame = getattr(sys.modules.get("pandas"), "DataFrame", None)
    return isinstance(frame, type) and isinstance(value, frame)


def _are_paths(first: Sequence[Any]) -> bool:
    """Whether one is a Path, or all are texts that name what is there. Raises UsageError for half of that."""
    if any(isinstance(item, os.PathLike) for item in first):
        return True
    if not all(isinstance(item, str) for item in first):
        return False
    there = [os.path.lexists(text) for text in first]
    if all(found or _URL.match(text) for found, text in zip(there, first, strict=True)):
        return True
    like_paths = [place for place, text in enumerate(first) if os.sep in text and not _URL.match(text)]
    missing = [first[place] for place in like_paths if not there[place]]
    if missing and any(there[place] for place in like_paths):
        raise UsageError(
            f"inputs names files that are there, but there is no {shown(missing[0])}.",
            remedy="Correct it, or say what all of them are: items='paths' or items='values'.",
        )
    return False


def absolute(items: Iterable[Any]) -> Iterator[bytes]:
    """Paths made absolute; URLs stay as they are. Raises UsageError for what is no path."""
    here = os.getcwdb()
    for number, item in enumerate(items):
        if not isinstance(item, str | os.PathLike):
            raise UsageError(
                f"Item {number} is {type(item).__name__}, expected a path.",
                remedy="Give paths only, or items='values' to hand over everything as it is.",
            )
        path = os.fsencode(item)
        is_url = _URL.match(os.fspath(item)) if isinstance(item, str) else None
        yield path if is_url or path.startswith(b"/") else os.path.join(here, path)
