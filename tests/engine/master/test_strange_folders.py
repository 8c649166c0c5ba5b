"""A job's directory while its job runs: removed, its folders swapped for links, made without a umask."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from bscore.errors import StorageError
from bscore.logtree import paths
from bscore.logtree.writer import TreeWriter
from bscore.master.job import Job
from bscore.master.run import run_job
from bscore.node.lines import LineFile, append
from cli_runs import SLOW, ended, has_done, start
from real_runs import make_job, wait_for

#: Is begun by a first worker; every further one has to make its files where they belong.
DYING = SLOW.replace("    time.sleep", "    if os.path.exists({gate!r}): os._exit(1)\n    time.sleep")


@pytest.mark.parametrize("inside", [True, False], ids=["output inside", "output elsewhere"])
def test_of_a_directory_that_was_removed_no_half_comes_back_and_the_user_is_told(
    tmp_path: Path, inside: bool
) -> None:
    gate = tmp_path / "gate"
    output = tmp_path / ("jobs/job1/outputs/score" if inside else "out")
    job = make_job(tmp_path, DYING.format(gate=str(gate)), items=2000, mini_batch_size=1, output=output)
    shell = start(tmp_path, "job", "resume", "job1")
    wait_for(lambda: has_done(job, 3))
    shutil.rmtree(job.tree)
    gate.touch()
    code, _, err = ended(shell)
    assert (code, "removed" in err, "Resume the job" in err) == (4, True, False), err
    assert not job.tree.exists()
    again = make_job(tmp_path, items=5, output=tmp_path / "other")
    run_job(again)


def _swap(job: Job, folder: str, far: Path) -> None:
    (job.tree / folder).rename(far.with_name("aside"))
    far.mkdir()
    (job.tree / folder).symlink_to(far)


@pytest.mark.parametrize("folder", ["logs", "logs/user", "logs/sys"])
def test_a_log_folder_that_was_swapped_for_a_link_is_not_followed(tmp_path: Path, folder: str) -> None:
    far = tmp_path / "far"
    job = make_job(tmp_path, items=5)
    _swap(job, folder, far)
    with TreeWriter(job.tree) as writer:
        for write in (writer.append, writer.replace, lambda path, data: writer.put(path, 0, data)):
            with pytest.raises(StorageError, match=f"{folder}/"):
                write(f"{folder}/a.txt", b"x\n")
    with pytest.raises(OSError, match="a link stands in place of a folder"):
        LineFile(str(job.tree), f"{folder}/a")
    with pytest.raises(OSError, match="a link stands in place of a folder"):
        append(str(job.tree), f"{folder}/a", b"")
    assert list(far.iterdir()) == []


def test_nothing_of_a_job_can_be_written_by_everybody_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        job = make_job(tmp_path, "def run(b):\n    raise ValueError\n", items=5)
        run_job(job)
    finally:
        os.umask(before)
    for path in (job.tree.parent, job.tree, *job.tree.rglob("*")):
        assert not path.stat().st_mode & stat.S_IWOTH, path
    assert (job.tree / paths.CONTROL).stat().st_mode & stat.S_IWGRP, "the group is the user's affair"
