"""Whole traces of the script, by the pointers that the journal carries."""

from __future__ import annotations

import re

from bscore.logtree.source import Source

MAX_TRACE_BYTES = 64 * 1024
#: Files of traces hold a headline, the trace's lines, and an empty line before the next headline.
_END = re.compile(rb"\n\n(?=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)")


def pointer(trace: str) -> tuple[str, int] | None:
    """`logs/user/error/…@1234` as (path, offset); None for anything else."""
    path, _, offset = trace.rpartition("@")
    return (path, int(offset)) if path and offset.isascii() and offset.isdigit() else None


def read_trace(source: Source, trace: str) -> bytes:
    """The headline and trace at a pointer, without the empty line behind; b"" where there is none."""
    place = pointer(trace)
    if place is None:
        return b""
    data = source.read(place[0], place[1], MAX_TRACE_BYTES)
    return _END.split(data, maxsplit=1)[0].rstrip(b"\n")
