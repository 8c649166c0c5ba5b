"""Texts that strangers may have written into a log, a path, a name or an exception."""

from __future__ import annotations

from pathlib import Path

CORPUS = Path(__file__).parent / "data/hostile/lines.bin"

TEXTS: tuple[str, ...] = (
    "\x1b[31mred\x1b[0m",
    "\x1b[2J\x1b[H",
    "\x1b]52;c;aGVsbG8=\x07",
    "\x1b]0;title\x1b\\",
    "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1b[6n",
    "\x1bc",
    "\x1b",
    "\x1b[",
    "\x1b]",
    "\x9b31mC1",
    "\x9d52;c;x\x9c",
    "\x85\x84",
    "\x00NUL\x01\x02",
    "a\rb\x08c\x07d\x0be\x0cf",
    "\u202eevil\u202c",
    "\u2066x\u2069",
    "\u200b\u200d\ufeff",
    "\u2028\u2029",
    "\udc80\ud800",
    "\U000e0041\U000e007f",
    "\u061c",
    "\xad",
    "\ufff9\ufffb",
    "value [/red]",
    "[bold red]boom[/]",
    "[@click=app.quit]x[/]",
    "$x {y} %s \\n",
    "name\nwith\r\nlines",
    "\t\ttabs\t",
    "漢字かな交じり文" * 20,
    "e\u0301" * 50,
    "👩‍👩‍👧‍👦" * 10,
    "=" * 10_000,
    "\x7f" * 30,
    "",
    " ",
    "\u3000",
    "ﷺ" * 30,
)
"""Each once by itself; `CORPUS` holds them and worse as raw bytes, one a line."""


def raw_lines() -> list[bytes]:
    """The corpus: the texts, and bytes that are no text at all."""
    return CORPUS.read_bytes().split(b"\n")


def is_clean(text: str) -> bool:
    """Whether a text may be sent to a terminal: all of it printable, nothing that turns or hides the rest."""
    return text.isprintable() and not any(
        0xD800 <= ord(c) < 0xE000
        or 0x200B <= ord(c) < 0x2010
        or 0x202A <= ord(c) < 0x202F
        or ord(c) in (0xFEFF, 0xAD)
        for c in text
    )
