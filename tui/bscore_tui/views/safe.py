"""The only door for text that comes from outside: log lines, paths, names, config values, exceptions.

Law: what comes out holds no control character, no half of a surrogate pair, nothing that turns the
direction of writing or has no width; and it is never longer than its limit.
"""

from __future__ import annotations

import re

from bscore.logtree.drawn import last_drawn

LIMIT = 4096
_ESCAPES = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]"  # CSI
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c|$)"  # OSC, DCS, SOS, PM, APC
    "|\x9b[0-?]*[ -/]*[@-~]"  # CSI in one character
    "|\x1b[ -/]*[0-~]"  # the other escapes
)
_FORBIDDEN = (
    *range(0x7F, 0xA0),  # DEL, C1
    0xAD,  # soft hyphen
    0x61C,
    *range(0x180B, 0x1810),
    *range(0x200B, 0x2010),  # zero width, marks of direction
    *range(0x2028, 0x202F),  # line and paragraph separator, embeddings
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),  # variation selectors: terminals disagree on their width
    0xFEFF,
    *range(0xFFF0, 0xFFFC),
    *range(0xD800, 0xE000),
    *range(0xE0000, 0xE0FFF + 1),
)
_TABLE = {code: 0x2400 + code for code in range(0x20)} | dict.fromkeys(_FORBIDDEN, 0xFFFD)


def safe_text(raw: bytes | str, limit: int = LIMIT) -> str:
    """One line fit for a terminal: `limit` characters at most, no escape sequence, controls as pictures."""
    text = raw[: limit * 4]
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text.isprintable() and len(text) <= limit and (text.isascii() or not _has_forbidden(text)):
        return text
    text = _ESCAPES.sub("", text)
    if "\t" in text:
        text = text.expandtabs(8)
    text = text[:limit].translate(_TABLE)
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def _has_forbidden(text: str) -> bool:
    return any(ord(char) in _TABLE for char in text if char > "\x7e")


def safe_lines(raw: bytes | str, most: int = 1000, limit: int = LIMIT) -> list[str]:
    """A text of several lines, each as `safe_text` gives it; at most `most` of them.

    Of a line that was drawn over, as a progress bar does, it is what stands there in the end.
    """
    data = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    data = data.rstrip(b"\r\n")
    pieces = data.split(b"\n", most)[:most] if data else []
    return [safe_text(last_drawn(piece), limit) for piece in pieces]
