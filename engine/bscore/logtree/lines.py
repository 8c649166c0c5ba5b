"""Foreign text in lines of reports. Pure."""

from __future__ import annotations

_TEXT_CHARS = 300


def one_line(text: str) -> str:
    """Foreign text for a line of a report: nothing unprintable, no line break, not endless."""
    return shorten(
        "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[: _TEXT_CHARS + 1])
    )


def shorten(text: str) -> str:
    """The beginning of a text that may be endless."""
    return text if len(text) <= _TEXT_CHARS else text[:_TEXT_CHARS] + "…"
