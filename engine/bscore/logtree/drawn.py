"""Lines that were drawn over, as by a progress bar: many states in one line, with carriage returns. Pure."""

from __future__ import annotations


def last_drawn(line: bytes) -> bytes:
    """What a terminal shows in the end of a line: behind its last carriage return, unless that is blank."""
    end = len(line)
    while True:
        start = line.rfind(b"\r", 0, end)
        state = line[start + 1 : end]
        if start < 0 or state.strip():
            return state
        end = start
