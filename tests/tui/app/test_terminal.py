"""The monitor in a real terminal: the diff layer shows the same, idle sends nothing, NO_COLOR no colour."""

import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ptys import Terminal
from tmux import Tmux

_COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|38;[25]|48;[25])[;0-9]*m")
#: Bracketed paste, mouse and focus reports off, the other screen left, the cursor shown.
_RESTORED = (b"\x1b[?2004l", b"\x1b[?1003l", b"\x1b[?1004l", b"\x1b[?1049l", b"\x1b[?25h")
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


def test_an_arrow_key_cut_in_two_by_a_slow_line_is_an_arrow_key(ended: Path, tmp_path: Path) -> None:
    with watching(ended, tmp_path) as terminal:
        terminal.press("4")
        terminal.until(lambda text: "[4 Errors" in text and "> " in text)
        first = next(row for row in terminal.text.splitlines() if row.startswith(" >"))
        terminal.press("\x1b")
        terminal.read(0.3)
        terminal.press("[B")
        terminal.until(lambda text: "\n >" in text and first not in text)
        assert "[4 Errors" in terminal.text
        terminal.press("\x1b")
        terminal.until(lambda text: "[1 Overview]" in text)


@pytest.mark.parametrize("smooth", ["0", "1"])
def test_a_report_of_the_size_leaves_the_mouse_where_it_is(ended: Path, tmp_path: Path, smooth: str) -> None:
    with watching(ended, tmp_path, TEXTUAL_SMOOTH_SCROLL=smooth) as terminal:
        terminal.press("\x1b[?2048;2$y\x1b[48;24;80;480;800t\x1b[48;24;80;0;0t")
        column = terminal.text.splitlines()[1].index("5 Timeline") + 3
        terminal.press(f"\x1b[<0;{column};2M\x1b[<0;{column};2m")
        terminal.until(lambda text: "[5 Timeline]" in text)
        # Only a terminal that was asked for them reports positions in pixels.
        assert b"?1016h" not in terminal.raw


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_gives_the_terminal_back_and_ends_the_monitor(
    ended: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with watching(ended, tmp_path) as terminal:
        os.kill(terminal.pid, number)
        assert terminal.wait() == -number
        rest = terminal.raw.rpartition(b"\x1b[?2004h")[2]
        assert all(sequence in rest for sequence in _RESTORED)


def test_without_its_terminal_the_monitor_ends(ended: Path, tmp_path: Path) -> None:
    with watching(ended, tmp_path) as terminal:
        pid, terminal.pid = terminal.pid, 0
        os.dup2(os.open(os.devnull, os.O_RDONLY), terminal.fd)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGHUP


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_ctrl_z_stops_the_shells_job_and_fg_goes_on(ended: Path, tmp_path: Path) -> None:
    script = tmp_path / "watch.sh"
    command = shlex.join([sys.executable, "-m", "bscore_tui", str(ended)])
    script.write_text(f"{command}\necho left with $?\n")
    environ = {"HOME": str(tmp_path), "TERM": "screen", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    terminal = Tmux(tmp_path / "terminal", ["bash", "--norc", "-i"], environ)
    try:
        terminal.type(f"sh {script}")
        terminal.press("Enter")
        terminal.until("? keys", "quit")
        terminal.press("3")
        terminal.until("[3 Nodes]")
        terminal.type(":process")
        terminal.until("> worker")
        terminal.press("C-z")
        terminal.until("Stopped", true=lambda text: "? keys" not in text)
        terminal.type("clear; fg")
        terminal.press("Enter")
        terminal.until("[3 Nodes]", "? keys", ": process")
        terminal.press("Escape")
        terminal.until(true=lambda text: ": process" not in text)
        terminal.press("4")
        terminal.until("[4 Errors")
        terminal.press("Q")
        terminal.until("left with 0", true=lambda text: "? keys" not in text)
    finally:
        terminal.kill()


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_ctrl_z_does_not_stop_what_no_shell_could_wake(ended: Path, tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "TERM": "screen", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    terminal = Tmux(tmp_path / "terminal", [sys.executable, "-m", "bscore_tui", str(ended)], environ)
    try:
        terminal.until("? keys", "quit")
        terminal.press("C-z", "3")
        terminal.until("[3 Nodes]")
    finally:
        terminal.kill()


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "TERM": "xterm", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    terminal = Terminal(["bscore_tui", str(tmp_path / "nowhere")], environ)
    try:
        assert terminal.wait() == 2
        assert "There is no folder" in terminal.text
        assert "bscore job list" in terminal.text
    finally:
        terminal.close()


def test_what_happens_in_a_pager_stays_there(ended: Path, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\ntrap 'echo interrupted' INT\necho begun\nread line\necho $line\nread line\n")
    pager.chmod(0o755)
    with watching(ended, tmp_path, PAGER=str(pager)) as terminal:
        terminal.press("6o")
        terminal.until(lambda text: "begun" in text)
        terminal.press("\x03")
        terminal.until(lambda text: "interrupted" in text)
        terminal.press("\n\n")
        terminal.until(lambda text: "[6 Logs]" in text and "? keys" in text and "begun" not in text)
        pager.unlink()
        terminal.press("o")
        terminal.until(lambda text: "set PAGER to a program that is there" in text)
        terminal.press("1")
        terminal.until(lambda text: "[1 Overview]" in text)


def test_no_bytes_from_the_terminal_break_the_keyboard(ended: Path, tmp_path: Path) -> None:
    with watching(ended, tmp_path) as terminal:
        for noise in (
            "\x1b[99999999999999999999~",
            "\x1b[<0;99999;99999M\x1b[<0;0;0M\x1b[<64;1;1m",
            "\x1b[48;0;0;0;0t\x1b[1;1R\x1b[?2026;2$y\x1b[I\x1b[O",
            "\x1b[?62;22c\x1b]11;rgb:0/0/0\x1b\\",
            "\x1b[200~pasted\x1b[201~",
        ):
            terminal.press(noise)
            for key, screen in (("3", "[3 Nodes]"), ("1", "[1 Overview]")):
                terminal.press(key)
                terminal.until(lambda text, screen=screen: screen in text)  # type: ignore[misc]  # bound per step
        os.write(terminal.fd, b"\xff\xc3(\x80")
        terminal.press("4")
        terminal.until(lambda text: "[4 Errors" in text)
