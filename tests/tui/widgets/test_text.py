"""Typing, the palette, copying, names of nodes: plain values in, plain values out."""

import base64
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore_tui.clipboard import MAX_BYTES, copy, osc52
from bscore_tui.screens.outside import pager_command
from bscore_tui.widgets.aliases import Aliases
from bscore_tui.widgets.edit import Edit
from bscore_tui.widgets.footer import entry_at
from bscore_tui.widgets.palette import choices


def _typed(edit: Edit, *keys: str) -> str:
    for key in keys:
        edit.key(key, key if len(key) == 1 else None)
    return edit.text


def test_a_line_is_edited_as_in_a_shell() -> None:
    assert _typed(Edit("/ "), *"score me", "ctrl+w", *"py") == "score py"
    assert _typed(Edit("/ "), *"abc", "home", "x", "end", "backspace") == "xab"
    assert _typed(Edit("/ "), *"abc", "left", "delete", "ctrl+u") == ""


def test_up_recalls_what_was_typed_before() -> None:
    edit = Edit("/ ", history=["first", "second"])
    edit.recall()
    edit.recall()
    edit.recall()
    assert edit.text == "first"


@given(st.text(max_size=300), st.integers(10, 200))
def test_a_typed_line_fits_and_holds_no_control_character(text: str, width: int) -> None:
    edit = Edit("/ ")
    edit.insert(text)
    drawn = "".join(piece for piece, _ in edit.line(width))
    assert len(drawn) <= width
    assert drawn.isprintable()


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("5530", "mb:5530"),
        ("mb 5,530", "mb:5530"),
        ("item part-055303.csv", "item:part-055303.csv"),
        ("02:30", "time:02:30"),
        ("@ -5m", "time:-5m"),
        ("err", "page:errors"),
        ("node 10.0.0.7", "node:10.0.0.7"),
        ("10.0.0.7 process002", "worker:10.0.0.7/process002"),
        ("part-055303.csv", "item:part-055303.csv"),
    ],
)
def test_the_palette_understands_what_is_typed(typed: str, target: str) -> None:
    things = ["node:10.0.0.7", "worker:10.0.0.7/process001", "worker:10.0.0.7/process002"]
    assert choices(typed, things)[0].target == target


def test_copying_goes_to_the_terminal_and_is_cut() -> None:
    sent: list[str] = []
    said = copy("é" * MAX_BYTES, {}, sent.append)
    assert "cut at" in said
    assert len(base64.b64decode(sent[0][7:-1])) == MAX_BYTES
    assert osc52(b"x") == "\x1b]52;c;eA==\x07"


def test_under_tmux_its_buffer_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmux = tmp_path / "tmux"
    tmux.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat > {tmp_path}/buffer\n')
    tmux.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert copy("words", {"TMUX": "/x,1,0"}, [].append) == "copied to the tmux buffer"
    assert (tmp_path / "buffer").read_text() == "words"
    assert (tmp_path / "asked").read_text() == "load-buffer -w -\n"


def test_a_tmux_that_refuses_leaves_the_terminal() -> None:
    sent: list[str] = []
    monkey = {"TMUX": "/nowhere/socket,1,0"}
    assert copy("words", monkey, sent.append).startswith("copied")


def test_names_of_nodes_keep_the_width() -> None:
    aliases = Aliases({"10.0.0.4": "east", "10.0.0.5": "a-very-long-name"})
    lines = [[("10.0.0.4 process000 10.0.0.40 10.0.0.5.", "text")]]
    assert aliases.apply(lines) == [[("east     process000 10.0.0.40 a-very-….", "text")]]
    assert Aliases({}).apply(lines) is lines


def test_a_click_finds_its_key() -> None:
    entries = [("enter", "open"), ("q", "quit")]
    assert [entry_at(entries, 80, column) for column in (0, 1, 10, 11, 12, 13, 18, 19)] == [
        None, 0, 0, None, None, 1, 1, None,
    ]  # fmt: skip


def test_the_pager_begins_at_the_line_where_it_can() -> None:
    assert pager_command("", "/f", 90) == ["less", "+90P", "--", "/f"]
    assert pager_command("vim -R", "/f", 90) == ["vim", "-R", "/f"]
