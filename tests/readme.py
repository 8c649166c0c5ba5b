"""Reads the README: its files, its commands, its tables."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"(?:<!-- (?P<mark>[^>]*) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)


def kinds() -> set[tuple[str, bool]]:
    """What blocks there are: their language, and whether a reader is asked to write them into a file."""
    return {
        (match["kind"], (match["mark"] or "").startswith("file "))
        for match in _BLOCK.finditer(README.read_text())
    }


def files() -> dict[str, str]:
    """Blocks marked `<!-- file NAME -->`: what a reader is asked to write into a file."""
    return {
        match["mark"].removeprefix("file "): match["text"]
        for match in _BLOCK.finditer(README.read_text())
        if match["mark"] and match["mark"].startswith("file ")
    }


def commands() -> list[str]:
    """Every command line of the README, in order, those that set up the environment left out."""
    lines = [
        line
        for match in _BLOCK.finditer(README.read_text())
        if match["kind"] == "sh"
        for line in match["text"].splitlines()
    ]
    return [line for line in lines if line.strip() and not line.startswith("python3 -m venv")]


def python_examples() -> list[str]:
    """Python that stands by itself, not the files that a reader is asked to write."""
    return [
        match["text"]
        for match in _BLOCK.finditer(README.read_text())
        if match["kind"] == "python" and not (match["mark"] or "").startswith("file ")
    ]


def between(start: str, end: str) -> str:
    """What stands between two markers."""
    text = README.read_text()
    return text[text.index(start) + len(start) : text.index(end)]
