"""Python stacks as faulthandler writes them: the script's place, and the text without bscore's frames."""

from __future__ import annotations

import re

from bscore_worker.traces import place_of

_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.*)$')
_LOOP = "/bscore_worker/loop.py"


def _threads(text: str) -> list[list[str]]:
    """The text cut into one block of lines per thread."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith(("Thread 0x", "Current thread 0x")) or not line:
            blocks.append([])
        blocks[-1].append(line)
    return [block for block in blocks if any(block)]


def _frames(block: list[str]) -> list[tuple[str, int | None, str]]:
    """(file, line, function) with the innermost last."""
    found = []
    for line in block:
        match = _FRAME.match(line)
        if match:
            number = match["line"]
            found.append((match["file"], int(number) if number.isdigit() else None, match["function"]))
    return found[::-1]


def place(text: str, code: str) -> str:
    """The script's innermost frame in the thread that runs it; empty when there is none."""
    blocks = _threads(text)
    running = [block for block in blocks if any(_LOOP in line for line in block)]
    for block in running or blocks[-1:]:
        frames = [frame for frame in _frames(block) if "/bscore_worker/" not in frame[0]]
        found = place_of([frame for frame in frames if not frame[0].startswith("<frozen importlib")], code)
        if found:
            return found
    return ""


def without_own_frames(text: str) -> str:
    """The stacks as a person wants to read them: the script's threads, each up to where bscore called it."""
    shown = []
    for block in _threads(text):
        own = next((i for i, line in enumerate(block) if "/bscore_worker/" in line), len(block))
        kept = block[:own]
        if own == len(block) or any(_FRAME.match(line) for line in kept):
            shown.append("\n".join(kept))
    return "\n\n".join(shown).strip("\n") + "\n"
