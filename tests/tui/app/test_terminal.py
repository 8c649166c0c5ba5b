"""The monitor in a real terminal: the diff layer shows the same, idle sends nothing, NO_COLOR no colour."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ptys import Terminal

_COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38;[25]|48;[25])[;0-9]*m")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

pytestmark = pytest.mark.slow


@contextmanager
def watching(tree: Path, home: Path, **environ: str) -> Iterator[Terminal]:
    own = {
        "HOME": str(home),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }
    own["PATH"] = os.environ["PATH"]
    terminal = Terminal(["bscore_tui", str(tree)], {**own, **environ})
    try:
        terminal.until(lambda text: "? keys" in text and "quit" in text)
        yield terminal
    finally:
        terminal.close()


def _without_diff(home: Path) -> None:
    folder = home / ".config" / "bscore"
    folder.mkdir(parents=True)
    (folder / "tui.toml").write_text("diff = false\n")


def test_only_changes_are_sent_and_the_screen_is_the_same(ended: Path, tmp_path: Path) -> None:
    whole_home, diff_home = tmp_path / "whole", tmp_path / "diff"
    _without_diff(whole_home)
    steps = [
        ("3", "[3 Nodes]"), ("v", "resources,"), ("4", "ATTEMPTS"), ("j", "> "), ("\r", "> trace"),
        ("?", "> keys"),
        ("q", "> trace"), ("2", "[2 Batches]"), (":", "screen"), ("\x1b", "next list"), ("6", "FOLLOW"),
        ("k", "raw      2"), ("\x0c", "raw      2"), ("1", "[1 Overview]"),
    ]  # fmt: skip
    with watching(ended, whole_home) as whole, watching(ended, diff_home) as diff:
        for keys, shown in steps:
            for terminal in (whole, diff):
                terminal.press(keys)
                terminal.until(lambda text, shown=shown: shown in text)  # type: ignore[misc]  # bound per step
            diff.until(lambda text: whole.read(0.05) == 0 and text == whole.text)
            for row in range(24):
                assert diff.screen.buffer[row] == whole.screen.buffer[row], keys
        assert len(diff.raw) < len(whole.raw)


def test_an_ended_job_sends_nothing_while_nobody_types(ended: Path, tmp_path: Path) -> None:
    with watching(ended, tmp_path) as terminal:
        while terminal.read(1.1):
            pass
        assert terminal.read(2.2) == 0


def test_no_color_sends_no_colour(ended: Path, tmp_path: Path) -> None:
    with watching(ended, tmp_path, NO_COLOR="1") as terminal:
        terminal.press("4")
        terminal.until(lambda text: "ATTEMPTS" in text)
        assert _COLOUR.findall(terminal.raw) == []
        assert "> " in terminal.text


def test_a_terminal_without_unicode_gets_ascii(ended: Path, tmp_path: Path) -> None:
    with watching(ended, tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") as terminal:
        terminal.press("3")
        terminal.until(lambda text: "[3 Nodes]" in text)
        assert terminal.text.isascii()


def test_leaving_names_the_outcome_and_gives_the_terminal_back(ended: Path, tmp_path: Path) -> None:
    with watching(ended, tmp_path) as terminal:
        terminal.press("Q")
        assert terminal.wait() == 0
        assert b"\x1b]2;Completed golden" in terminal.raw
        assert b"\x1b[?1049l" in terminal.raw
        assert not _CONTROL.search(terminal.text.replace("\n", ""))
