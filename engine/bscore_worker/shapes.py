"""The shape of a message: what two occurrences of one error or warning have in common."""

from __future__ import annotations

import re

#: What differs between two occurrences of one error: quoted text, paths, numbers.
_VARIABLE = re.compile(
    r"'[^'\n]{0,400}'"
    r'|"[^"\n]{0,400}"'
    r"|(?:[A-Za-z]:)?(?:/[\w.@%+=~-]+){2,}/?"
    r"|0x[0-9a-fA-F]+"
    r"|\b[0-9a-f]{8,}\b"
    r"|[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?"
)


#: Shapes of the messages of one place that are told apart; the shape and the message of all further ones.
MAX_SHAPES_OF_PLACE = 10
OTHER_SHAPE, OTHER_MESSAGE = "", "other messages"


def message_shape(message: str) -> str:
    """The first line of a message without quoted texts, paths and numbers; at most 200 characters."""
    first = message.strip().split("\n", 1)[0][:1000]
    return _VARIABLE.sub("#", first)[:200]
