"""An exception as text: type, message, trace and place, without the frames of bscore.

Exceptions never cross the wire as objects: half of the wild ones cannot be pickled.
"""

from __future__ import annotations

import os
import traceback
from typing import Any, Iterable, Optional, Set, Tuple

MAX_MESSAGE_CHARACTERS = 4096
MAX_TRACE_CHARACTERS = 1 << 18
MAX_HANDLED_CHARACTERS = 400

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


def plain(text: Any, limit: int = MAX_MESSAGE_CHARACTERS) -> str:
    """An exact str without surrogates, cut in its middle; `text` may be of a subclass with its own mind."""
    clean = str.encode(text, "utf-8", "backslashreplace").decode("utf-8")
    if len(clean) <= limit:
        return clean
    half = limit // 2
    return "%s\n[... %d characters cut ...]\n%s" % (clean[:half], len(clean) - 2 * half, clean[-half:])


def shown(value: Any, limit: int = 1000) -> str:
    """repr(value), whatever that repr does."""
    try:
        return plain(repr(value), limit)
    except BaseException as error:
        return "<%s whose repr() raised %s>" % (type(value).__name__, type(error).__name__)


def describe(error: BaseException, code: str) -> Tuple[str, str, str, str]:
    """Type, message, trace and place of an exception; `code` is the script's folder."""
    kind = type(error)
    name = (
        kind.__qualname__
        if kind.__module__ in ("builtins", None)
        else kind.__module__ + "." + kind.__qualname__
    )
    try:
        message = plain(str(error))
    except BaseException as second:
        message = "<the message of this exception raised %s>" % type(second).__name__
    try:
        formed = traceback.TracebackException(kind, error, error.__traceback__)
        _hide_own_frames(formed, set())
        trace = plain("".join(formed.format()), MAX_TRACE_CHARACTERS)
        place = _syntax_place(error, code) or place_of(
            [(f.filename, f.lineno, f.name) for f in formed.stack], code
        )
    except BaseException as second:
        trace = "%s: %s\n(its trace could not be written: %s)\n" % (name, message, type(second).__name__)
        place = ""
    return plain(name), message, trace, place


def handled(error: BaseException) -> str:
    """Type and first line of the exception that led to this one, "" where there is none."""
    led = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if led is None:
        return ""
    name, message, _, _ = describe(led, "")
    first = message.split("\n", 1)[0]
    return plain("%s: %s" % (name, first) if first else name, MAX_HANDLED_CHARACTERS)


def _hide_own_frames(formed: Any, seen: Set[int]) -> None:
    if formed is None or id(formed) in seen:
        return
    seen.add(id(formed))
    kept = [frame for frame in formed.stack if not _hidden(frame.filename)]
    formed.stack = traceback.StackSummary.from_list(kept)
    _hide_own_frames(formed.__cause__, seen)
    _hide_own_frames(formed.__context__, seen)
    for inner in getattr(formed, "exceptions", None) or ():
        _hide_own_frames(inner, seen)


def _hidden(filename: str) -> bool:
    return filename.startswith((_OWN_FOLDER, "<frozen importlib"))


def _syntax_place(error: BaseException, code: str) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return "%s:%s" % (relative(plain(error.filename), code), error.lineno)
    return ""


def place_of(frames: Iterable[Tuple[str, Optional[int], str]], code: str) -> str:
    """`score.py:12 in run`: the innermost frame of the script, else the innermost of all.

    `frames` are (file, line, function), the innermost last.
    """
    last = ours = None
    for frame in frames:
        last = frame
        if is_script(frame[0], code):
            ours = frame
    chosen = ours or last
    return "" if chosen is None else plain("%s:%s in %s" % (relative(chosen[0], code), chosen[1], chosen[2]))


def is_script(filename: str, code: str) -> bool:
    """Whether a file belongs to the script's folder, an environment inside it left out."""
    return filename.startswith(os.path.join(code, "")) and "/site-packages/" not in filename


def relative(filename: str, code: str) -> str:
    """A file name as a person knows it: below the script's folder where it is there."""
    return filename[len(os.path.join(code, "")) :] if is_script(filename, code) else filename
