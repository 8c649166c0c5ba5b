"""A copy of a job's directory never touches the rows of its original; one that was moved is the job."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bscore.cli.home import all_jobs
from bscore.core import events as e
from bscore.errors import TreeError, UsageError
from bscore.logtree import paths
from bscore.logtree.place import Place
from bscore.master.job import Job, create_job, load_job
from bscore.master.place import original_of, write_place
from bscore.master.run import run_job
from real_runs import (
    SLOW_ECHO,
    events_of,
    expected_rows,
    finish,
    make_job,
    rows_of,
    run_here,
    start_master,
    wait_for,
)

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
    write_place(job.tree, Place(str(job.tree), "0123abcd"))
    assert original_of(moved) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"tree": 1}', '{"tree": 1, "mark": ""}', '{"tree": "x", "mark": "../x"}']
)
def test_a_place_that_is_damaged_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    job = left_by_a_killed_master(tmp_path)
    path = job.tree / paths.PLACE
    before = path.read_text()
    path.write_text(text)
    with pytest.raises(TreeError, match="it is damaged") as caught:
        load_job(job.tree)
    assert "part files" in (caught.value.remedy or "")
    assert path.read_text() == text
    path.write_text(before)
    assert run_here(load_job(job.tree)) == 0
    assert rows_of(job) == expected_rows(60)


def test_a_copy_in_place_of_its_original_takes_the_rows_along(tmp_path: Path) -> None:
    job = make_job(tmp_path, SLOW_ECHO, items=600)
    master = start_master(job)
    wait_for(lambda: any(isinstance(x, e.Committed) and x.rows for x in events_of(job)))
    master.kill()
    finish(master)
    copy, aside = tmp_path / "copy", tmp_path / "aside"
    shutil.copytree(job.tree, copy)
    job.tree.rename(aside)
    assert finish(start_master(load_job(copy), "commit recorded", nth=2)) == -signal.SIGKILL
    taken = {path: path.read_bytes() for path in load_job(copy).parts()}
    assert [path.name.split(".")[3] for path in taken] == ["1", "2"]
    with pytest.raises(UsageError, match="Rows of this job are gone"):
        run_job(load_job(aside))
    assert {path: path.read_bytes() for path in load_job(copy).parts()} == taken
    assert run_here(load_job(copy)) == 0
    assert rows_of(job) == expected_rows(600)
    assert list(job.final.parent.iterdir()) == [job.final]


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
    with pytest.raises(UsageError, match="a part of its path is a file"):
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


def test_a_journal_whose_first_record_is_damaged_is_refused_and_its_rows_are_kept(tmp_path: Path) -> None:
    job = left_by_a_killed_master(tmp_path)
    journal = job.tree / paths.JOURNAL
    whole = journal.read_bytes()
    journal.write_bytes(b"XX" + whole[2:])
    rows = job.part(1).read_bytes()
    with pytest.raises(TreeError, match=r"first record of .* cannot be read"):
        run_job(job)
    assert job.part(1).read_bytes() == rows
    journal.write_bytes(whole)
    assert run_here(job) == 0
    assert rows_of(job) == expected_rows(60)


def test_a_manifest_that_outlived_its_journal_is_listed_on(tmp_path: Path) -> None:
    """As after a power failure before the first record was on the disk."""
    job = left_by_a_killed_master(tmp_path)
    (job.tree / paths.JOURNAL).write_bytes(b"")
    assert run_here(job) == 0
    assert rows_of(job) == expected_rows(60)
    assert list(job.final.parent.iterdir()) == [job.final]


def test_what_a_killed_bscore_left_of_a_job_is_swept_in_time(tmp_path: Path) -> None:
    root = tmp_path / "jobs"
    for name, hours in ((".new-01234567", 2), (".new-89abcdef", 0)):
        (root / name / "logs").mkdir(parents=True)
        then = time.time() - 3600 * hours
        os.utime(root / name, (then, then))
    make_job(tmp_path)
    assert sorted(path.name for path in root.iterdir()) == [".new-89abcdef", "job1"]
