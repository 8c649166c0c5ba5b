"""stdout and stderr that are full, closed or left, and text in them that would act on a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bscore.cli.home import find_job
from bscore.cli.output import FORMATS, print_value
from bscore.core.events import Outcome
from bscore.core.limits import Limits
from bscore.master.job import load_job
from bscore.master.run import run_job
from cli_runs import Here, environment
from ptys import Terminal
from real_runs import make_job, run_of

DEPLOYMENT = """
endpoint_name: of the cloud, so that a note is said first
code_configuration: {code: ., scoring_script: score.py}
"""
EVIL = "one\x1b[2J\x1b]0;title\x07\u202etwo\x85\U000e0001"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


def shell(home: Path, line: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A shell line in which "$@" is the bscore command with these arguments."""
    words = ["bash", "-o", "pipefail", "-c", line, "bash", sys.executable, "-m", "bscore.cli", *arguments]
    variables = environment(home) | more
    return subprocess.run(
        words, cwd=home, env=variables, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    "line",
    ['"$@" 2>/dev/full', '"$@" 2>&-', '"$@" <&- >&- 2>&-', '"$@" 2>&1 | head -1', '"$@" 2>&1 | head -0'],
)
def test_a_run_ends_as_it_should_whoever_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    (tmp_path / "score.py").write_text("def run(b):\n    return b\n")
    (tmp_path / "job.yml").write_text(DEPLOYMENT)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.txt").touch()
    words = ["run", "job.yml", "--input", "data", "--output", "out", "-n", "job1"]
    assert shell(tmp_path, line, *words).returncode == 0
    monkeypatch.setenv("BSCORE_HOME", str(tmp_path))
    assert run_of(load_job(find_job("job1"))).outcome is Outcome.COMPLETED


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("words", [["job", "list"], ["--help"]])
def test_an_output_that_cannot_be_written_is_said_in_a_line(
    tmp_path: Path, words: list[str], buffered: str
) -> None:
    done = shell(tmp_path, '"$@" >/dev/full', *words, PYTHONUNBUFFERED=buffered)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "Error: The output cannot be written: No space left on device."
    assert len(done.stderr.splitlines()) <= 2


def test_a_reader_that_has_left_is_no_error(tmp_path: Path) -> None:
    done = shell(tmp_path, '"$@" | sh -c "exec <&-"', "job", "list")
    assert (done.returncode, "Error" in done.stderr) == (0, False)


def test_a_wrong_word_is_refused_without_anybody_to_hear_it(tmp_path: Path) -> None:
    assert shell(tmp_path, '"$@" 2>/dev/full', "job", "list", "--no-such-option").returncode == 2


@pytest.mark.parametrize("form", FORMATS)
def test_foreign_text_cannot_act_on_a_terminal(
    form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    print_value([{"name": EVIL, EVIL: "plain"}], form)
    out = capsys.readouterr().out
    assert all(c.isprintable() or c in "\n\t" for c in out)
    assert "one\\x1b[2J" in out or form in ("json", "yaml")


@pytest.mark.parametrize("text", [EVIL, "- not: a list", "two\nlines", "é … 漢", "\ud83d alone", "\x7f", ""])
def test_json_and_yaml_give_every_text_back(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    value = {"message": text, text: [text, 1, None]}
    print_value(value, "json")
    assert json.loads(capsys.readouterr().out) == value
    if text.isprintable() or "\ud83d" not in text:
        print_value(value, "yaml")
        assert yaml.safe_load(capsys.readouterr().out) == value


def test_a_terminal_is_not_painted_by_an_error_message(tmp_path: Path) -> None:
    script = f"def run(b):\n    raise ValueError({EVIL!r})\n"
    run_job(make_job(tmp_path, script, items=5, limits=Limits(tries=1)))
    words = ["bscore.cli", "job", "show", "job1", "--query", "errors[].message", "-o", "tsv"]
    terminal = Terminal(words, {**os.environ, "BSCORE_HOME": str(tmp_path)})
    try:
        terminal.until(lambda text: "two" in text)
    finally:
        terminal.close()
    assert b"\x1b" not in terminal.raw
    assert b"one\\x1b[2J" in terminal.raw
