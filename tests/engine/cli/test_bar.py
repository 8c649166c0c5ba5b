"""The progress bar says whole numbers at every width, and draws only where it can."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bscore.cli.progress import ProgressBar, ProgressLines, bar_line, percent, progress_on_stderr
from bscore.core.estimate import percent as core_percent
from bscore.core.limits import Limits
from bscore.core.reduce import fold
from bscore.core.state import Run
from histories import World


@pytest.fixture(scope="module")
def half() -> Run:
    """A run that is somewhere in its middle."""
    world = World(7, mini_batches=50, checked=False)
    world.begin_term()
    while world.run.over < 19:
        world.step()
    return fold(world.history)


def test_what_does_not_fit_is_left_out_whole(half: Run) -> None:
    end = "about 3 min left"
    whole = words(bar_line(half, 1000, end))
    assert whole[1:3] == [f"{len(half.done)} of 50 mini-batches", end]
    for width in range(1, 140):
        line = bar_line(half, width, end)
        assert len(line) < max(width, 1)
        assert words(line) == [part for part in whole if part in words(line)]
        if width > 40:
            assert words(line)[:2] == whole[:2]
            assert re.match(r"[━─]{10,24}  ", line)


def test_what_is_abandoned_is_not_done() -> None:
    world = World(7, mini_batches=4, chances={"raises": 1.0}, limits=Limits(tries=1, error_threshold=-1))
    run = world.play()
    assert len(run.abandoned) == 4
    assert percent(run) == "0 %  0 of 4 mini-batches"
    assert core_percent(run) == 0
    line = bar_line(run, 120)
    assert "4 abandoned" in line
    assert "━" not in line


def words(line: str) -> list[str]:
    """What a line says beside its bar."""
    return [part for part in line.split("  ") if part and not part.startswith(("━", "─"))]


def test_where_a_terminal_is_dumb_there_are_plain_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(progress_on_stderr(tmp_path), ProgressBar)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress_on_stderr(tmp_path), ProgressLines)


def test_without_stderr_progress_is_said_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: Run
) -> None:
    monkeypatch.setattr("sys.stderr", None)
    progress_on_stderr(tmp_path).close(half)
    ProgressBar(tmp_path).tick(half, half.last)
