"""Scripts, folders and jobs that the user may not read: a clear error, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.master.job import Job
from bscore.master.run import run_job
from cli_runs import POWERLESS, ended, start
from real_runs import finish, make_job, start_master

pytestmark = pytest.mark.skipif(os.geteuid() == 0 and not POWERLESS, reason="root may read everything")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    for folder in ("code", "closed"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "score.py").write_text("def run(mini_batch):\n    return mini_batch\n")
    (tmp_path / "code" / "closed.py").touch(mode=0)
    (tmp_path / "closed").chmod(0)
    yield tmp_path
    (tmp_path / "closed").chmod(0o700)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--script", "code/closed.py"], "closed.py cannot be read: Permission denied"),
        (["--script", "closed/score.py"], "code: cannot be read: Permission denied, given"),
        (["--code", "closed", "--script", "score.py"], "code: cannot be read: Permission denied, given"),
        (["--script", "code/score.py", "--model", "closed/m"], "--model: cannot be reached: Permission"),
    ],
)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_what_may_not_be_read_is_named(place: Path, command: str, words: list[str], said: str) -> None:
    done = subprocess.run(
        [
            *POWERLESS,
            sys.executable,
            "-m",
            "bscore.cli",
            command,
            *words,
            "--input",
            "code",
            "--output",
            "out",
        ],
        cwd=place,
        env={**os.environ, "BSCORE_HOME": str(place / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "settings.json" not in done.stdout + done.stderr


NOBODY = 65534


def _give_away(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, NOBODY, NOBODY)


@pytest.fixture
def theirs(tmp_path: Path) -> Job:
    """A job of another user, of which everybody may read the logs."""
    if os.geteuid() != 0:
        pytest.skip("only root can make files of another user")
    job = make_job(tmp_path, "def run(b):\n    raise ValueError\n", limits=Limits(error_threshold=0, tries=1))
    run_job(job)
    for path in (tmp_path, tmp_path / "jobs"):
        path.chmod(0o755)
    _give_away(job.tree)
    return job


def test_a_job_of_another_user_is_shown_and_nobody_is_sent_to_what_only_its_owner_may(
    theirs: Job, tmp_path: Path
) -> None:
    code, out, _ = ended(start(tmp_path, "job", "show", "job1", before=POWERLESS))
    assert (code, '"status": "Failed"' in out, '"go_on": null' in out) == (0, True, True)
    for words in (["resume"], ["delete", "-y"], ["debug"]):
        code, _, err = ended(start(tmp_path, "job", *words, "job1", before=POWERLESS))
        assert (code, "belongs to nobody" in err) == (2, True), err
    for words in (["cancel"], ["stack"], ["abandon", "--remaining"]):
        code, _, err = ended(start(tmp_path, "job", *words, "job1", before=POWERLESS))
        assert (code, "is Failed already" in err) == (2, True), err
        assert "resume" not in err


def test_what_is_asked_of_a_job_of_another_user_says_whose_it_is(tmp_path: Path, theirs: Job) -> None:
    job = make_job(tmp_path, name="job2")
    assert finish(start_master(job, "commit recorded")) < 0
    _give_away(job.tree)
    for words in (["resume"], ["cancel"], ["abandon", "--remaining"]):
        code, _, err = ended(start(tmp_path, "job", *words, "job2", before=POWERLESS))
        assert (code, "belongs to nobody" in err) == (2, True), err


def test_a_closed_entry_hides_no_other_job(tmp_path: Path) -> None:
    job = make_job(tmp_path, items=5)
    run_job(job)
    (tmp_path / "jobs/closed").mkdir(mode=0)
    code, out, err = ended(start(tmp_path, "job", "list", before=POWERLESS))
    assert (code, '"job1"' in out, "may not read them: closed" in err) == (0, True, True)
    for words in (["show"], ["delete", "-y"], ["resume"]):
        code, _, err = ended(start(tmp_path, "job", *words, "closed", before=POWERLESS))
        assert (code, "closed cannot be read: Permission denied" in err) == (2, True)
    (job.tree / paths.JOB_FILE).chmod(0)
    assert ended(start(tmp_path, "job", "list", before=POWERLESS))[:2] == (0, out)


@pytest.mark.parametrize("what", ["closed", "file"])
def test_a_jobs_root_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path, what: str) -> None:
    root = tmp_path / "jobs"
    if what == "file":
        root.touch()
    else:
        root.mkdir(mode=0)
    for words in (["list"], ["show", "x"], ["delete", "-y", "last"]):
        code, out, err = ended(start(tmp_path, "job", *words, before=POWERLESS))
        assert (code, out, str(root) in err, "no jobs yet" in err) == (2, "", True, False)
    root.chmod(0o700)
