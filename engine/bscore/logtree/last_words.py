"""Why a master gave up, in the file that claimed its term: room for that is reserved while there is some.

Only then can a full disk be told of on that very disk. Pure.
"""

from __future__ import annotations

RESERVED_BYTES = 2048


def reserved(text: str = "") -> bytes:
    """What stands in the file: the text, cut where it is too long, and blanks up to the end of its line."""
    data = text.encode("utf-8", "backslashreplace")[: RESERVED_BYTES - 1]
    return data.ljust(RESERVED_BYTES - 1) + b"\n"


def read_reserved(data: bytes) -> str:
    """The text in one line; empty where a master said nothing."""
    return " ".join(data[:RESERVED_BYTES].decode("utf-8", "replace").split())
