"""Foreign text in lines of reports. Pure."""

from __future__ import annotations

_TEXT_CHARS = 300


def one_line(text: str, most: int = _TEXT_CHARS) -> str:
    """Foreign text for a line of a report: nothing unprintable, no line break, not endless."""
    return shorten(
        "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[: most + 1]), most
    )


def shorten(text: str, most: int = _TEXT_CHARS) -> str:
    """The beginning of a text that may be endless."""
    return text if len(text) <= most else text[:most] + "…"
