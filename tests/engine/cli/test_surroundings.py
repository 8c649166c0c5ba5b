"""A machine that refuses something: the right thing is named, the code is 2, and no job is left behind."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from cli_runs import POWERLESS, Here, ended, environment, start
from real_runs import ECHO, make_job, rows_of

LONG = "x" * 256


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    (tmp_path / "in").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "in/a").touch()
    (tmp_path / "score.py").write_text(ECHO)
    monkeypatch.chdir(tmp_path)
    return Here(monkeypatch, capsys, tmp_path / "home")


RUN = ["run", "--script", "score.py", "--input", "in", "--output", "out", "--workers", "1"]


def _limited(which: int, limit: int) -> dict[str, Any]:
    return {"preexec_fn": lambda: resource.setrlimit(which, (limit, limit))}


@pytest.mark.parametrize("output", ["out", None])
@pytest.mark.parametrize(
    ("which", "limit", "said"),
    [
        (resource.RLIMIT_NOFILE, 14, "ulimit -n"),
        (resource.RLIMIT_NOFILE, 30, "ulimit -n"),
        (resource.RLIMIT_FSIZE, 0, "ulimit -f"),
        (resource.RLIMIT_FSIZE, 512, "ulimit -f"),
    ],
)
def test_a_limit_that_no_job_can_live_with_is_named_before_one_is_made(
    tmp_path: Path, here: Here, which: int, limit: int, said: str, output: str | None
) -> None:
    words = RUN if output else [word for word in RUN if word not in ("--output", "out")]
    code, _, err = ended(start(tmp_path / "home", *words, **_limited(which, limit)))
    assert (code, said in err) == (2, True), err
    assert not list((tmp_path / "home").glob("jobs/*"))


def test_no_folder_for_temporary_files_is_needed_to_run_and_named_where_it_is(
    tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "nowhere")])
    assert here(*RUN)[0] == 0
    code, out, err = here("validate", *RUN[1:-4], "--output", "other")
    assert (code, "Set TMPDIR" in out + err) == (2, True)


@pytest.mark.parametrize(
    ("words", "blamed"),
    [
        (["--script", f"{LONG}.py"], "script: cannot be reached"),
        (["--script", "score.py", "--code", LONG], "code: cannot be read"),
        (["--script", "score.py", "--model", LONG], "--model: cannot be reached"),
        (["--script", "score.py", "--python", f"./{LONG}"], "--python: cannot be reached"),
        (["--script", "score.py", "--output", LONG], "The output folder"),
        (["--script", "score.py", "--output", f"out/{LONG}/deep"], "The output folder"),
    ],
)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_name_that_is_too_long_is_blamed_itself(
    here: Here, command: str, words: list[str], blamed: str
) -> None:
    given = words if "--output" in words else [*words, "--output", "out"]
    code, out, err = here(command, *given, "--input", "in")
    assert (code, blamed in out + err, "too long" in out + err) == (2, True, True)
    assert "BSCORE_HOME" not in out + err


def test_a_working_directory_that_was_removed_is_named(tmp_path: Path, here: Here) -> None:
    gone = tmp_path / "gone"
    for words in (RUN, ["job", "show", "./x"], ["job", "delete", "./x"]):
        gone.mkdir()
        code = f"import os; os.rmdir({str(gone)!r}); from bscore.cli import main; main()"
        done = subprocess.run(
            # -P, as for the installed command: Python 3.13 itself fails with a removed folder on its path.
            [sys.executable, "-P", "-c", code, *words],
            cwd=gone,
            env=environment(tmp_path / "home"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, "The working directory was removed." in done.stderr) == (2, True), (
            done.stderr
        )
        assert "Traceback" not in done.stderr


def test_an_empty_home_is_refused(tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BSCORE_HOME")
    monkeypatch.setenv("HOME", "")
    for words in (RUN, ["job", "list"], ["job", "show", "last"]):
        code, out, err = here(*words)
        assert (code, out, "HOME is empty" in err) == (2, "", True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux alone has a full device")
@pytest.mark.parametrize(
    "words",
    [
        ["bscore.cli", "--help"],
        ["bscore.cli", "job", "list"],
        ["bscore_tui", "--help"],
        ["bscore_tui", "--version"],
    ],
    ids=" ".join,
)
def test_a_stdout_that_takes_nothing_is_said_alike_everywhere(tmp_path: Path, words: list[str]) -> None:
    home = tmp_path / "home"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            env=environment(home),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "Traceback" not in done.stderr
    assert (done.returncode, "No space left on device" in done.stderr) == (2, True), done.stderr


def test_a_job_that_cannot_be_gone_on_with_here_has_not_failed_by_that(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path / "home", items=5)
    (job.tree / "checkpoint").chmod(0o500)
    code, _, err = ended(start(tmp_path / "home", "job", "resume", "job1", before=POWERLESS))
    assert (code, "checkpoint" in err) == (2, True), err
    (job.tree / "checkpoint").chmod(0o700)
    limit = _limited(resource.RLIMIT_NOFILE, 30)
    code, _, err = ended(start(tmp_path / "home", "job", "resume", "job1", **limit))
    assert (code, "ulimit -n" in err) == (2, True), err
    assert here("job", "resume", "job1")[0] == 0


def test_a_master_that_gives_up_ends_with_the_code_of_what_job_show_says(tmp_path: Path, here: Here) -> None:
    long = "def run(b):\n    return ['x' * 1000 for _ in b]\n"
    job = make_job(tmp_path / "home", long, items=200)
    limit = _limited(resource.RLIMIT_FSIZE, 65536)
    code, _, err = ended(start(tmp_path / "home", "job", "resume", "job1", **limit))
    assert code == 4, err
    assert here.json("job", "show", "job1")["status"] == "NotResponding"
    assert here("job", "resume", "job1")[0] == 0
    assert rows_of(job) == {"x" * 1000: 200}
