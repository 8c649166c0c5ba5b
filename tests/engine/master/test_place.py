"""A copy of a job's directory never touches the rows of its original; one that was moved is the job."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bscore.cli.home import all_jobs
from bscore.errors import StorageError, UsageError
from bscore.logtree import paths
from bscore.master.job import Job, create_job, load_job
from bscore.master.place import original_of, settle
from bscore.master.run import run_job
from real_runs import expected_rows, finish, make_job, rows_of, run_here, start_master

KILLED_AT_ITS_NAME = """
import os, pathlib, sys
import real_runs
sys.addaudithook(lambda name, args: name == "os.rename" and str(args[1]).endswith("/job1") and os._exit(9))
real_runs.make_job(pathlib.Path({folder!r}))
"""


def left_by_a_killed_master(folder: Path, **changes: object) -> Job:
    """A job with committed rows that nobody goes on with."""
    job = make_job(folder, items=60, **changes)
    assert finish(start_master(job, "commit recorded", nth=2)) == -signal.SIGKILL
    return job


def test_a_copy_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    job = left_by_a_killed_master(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(job.tree, copy)
    before = {path: path.read_bytes() for path in job.final.parent.iterdir()}
    assert before, "the part file of the first term"
    with pytest.raises(UsageError, match=r"copy is a copy of .*job1") as caught:
        run_job(load_job(copy))
    assert str(job.tree) in str(caught.value.remedy)
    assert {path: path.read_bytes() for path in job.final.parent.iterdir()} == before
    assert run_here(job) == 0
    assert rows_of(job) == expected_rows(60)


def test_a_copy_whose_rows_lie_within_it_is_a_job_of_its_own(tmp_path: Path) -> None:
    job = left_by_a_killed_master(tmp_path, output=tmp_path / "jobs/job1" / paths.OUTPUT)
    copy = tmp_path / "copy"
    shutil.copytree(job.tree, copy)
    second = load_job(copy)
    for each in (second, job):
        assert run_here(each) == 0
        assert rows_of(each) == expected_rows(60)
    assert second.final.is_relative_to(copy)


@pytest.mark.parametrize("inside", [True, False], ids=["rows within", "rows elsewhere"])
def test_a_moved_directory_is_the_job_and_takes_its_rows_along(tmp_path: Path, inside: bool) -> None:
    output = tmp_path / "jobs/job1" / paths.OUTPUT if inside else tmp_path / "out"
    job = left_by_a_killed_master(tmp_path, output=output)
    moved = tmp_path / "moved"
    job.tree.rename(moved)
    assert original_of(moved) is None
    again = load_job(moved)
    assert run_here(again) == 0
    assert rows_of(again) == expected_rows(60)
    assert again.final.is_relative_to(moved) is inside
    shutil.copytree(moved, job.tree)
    assert original_of(job.tree) == moved, "the directory that was moved is the job, also for later copies"


def test_another_job_that_took_the_place_of_a_moved_one_is_no_original(tmp_path: Path) -> None:
    job = left_by_a_killed_master(tmp_path)
    moved = tmp_path / "moved"
    job.tree.rename(moved)
    (job.tree / paths.CHECKPOINT).mkdir(parents=True)
    settle(job.tree)
    assert original_of(moved) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"tree": 1}', '{"tree": 1, "mark": 2}', '{"tree": "\\u0000", "mark": ""}']
)
def test_a_place_that_cannot_be_read_is_that_of_no_copy(tmp_path: Path, text: str) -> None:
    (tmp_path / paths.CHECKPOINT).mkdir()
    (tmp_path / paths.PLACE).write_text(text)
    assert original_of(tmp_path) is None
    settle(tmp_path)
    assert original_of(tmp_path) is None


def test_a_job_of_an_earlier_version_has_no_place_and_can_be_resumed(tmp_path: Path) -> None:
    job = left_by_a_killed_master(tmp_path)
    (job.tree / paths.PLACE).unlink()
    old = load_job(job.tree)
    job.part(1).rename(old.part(1))
    assert old.part(1).name == ".predictions.csv.1.part"
    assert run_here(old) == 0
    assert rows_of(old) == expected_rows(60)
    assert (job.tree / paths.PLACE).exists()


def test_whoever_is_killed_while_a_job_is_made_leaves_no_job_and_the_name_free(tmp_path: Path) -> None:
    root = tmp_path / "jobs"
    config = make_job(tmp_path).config
    shutil.rmtree(root)
    code = KILLED_AT_ITS_NAME.format(folder=str(tmp_path))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 9
    assert all_jobs(root) == []
    assert create_job(root, config).tree.is_dir()
    assert [tree.name for tree in all_jobs(root)] == ["job1"]


def test_a_job_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    config = make_job(tmp_path).config
    root = tmp_path / "others"
    with pytest.raises(StorageError, match="Not a directory"):
        create_job(root, replace(config, output=config.code / "score.py" / "out"))
    assert list(root.iterdir()) == []


def test_jobs_that_share_an_output_leave_each_others_rows_alone(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    script = "def init():\n    raise ValueError\ndef run(b):\n    return b\n"
    failing = make_job(tmp_path / "a", script, output=tmp_path / "out")
    assert run_here(failing) == 1
    job = left_by_a_killed_master(tmp_path / "b", output=tmp_path / "out")
    before = job.part(1).read_bytes()
    assert run_here(failing) == 1
    assert job.part(1).read_bytes() == before
    assert job.part(1) not in failing.parts()
    assert run_here(job) == 0
    assert rows_of(job) == expected_rows(60)
