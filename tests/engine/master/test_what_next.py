"""What an ended job advises to do next is something that helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscore.cli.job_facts import read_facts, whole
from bscore.core.lasting_failure import fails_again
from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.logtree.reports import START_ANEW
from bscore.logtree.trees import in_commands
from bscore.master.job import Job
from real_runs import make_job, run_here, run_of

EMPTY = "def run(b):\n    return []\n"
RAISES = "def run(b):\n    raise ValueError('no')\n"
SHORT_AND_RAISES = "def run(b):\n    assert not b[0].endswith('0'), 'no'\n    return b[1:]\n"


def result_of(job: Job) -> str:
    return (job.tree / paths.JOB_RESULT).read_text()


@pytest.mark.parametrize(
    ("script", "limits"),
    [
        (EMPTY, Limits(error_threshold=0)),
        (EMPTY, Limits()),
        (EMPTY, Limits(allowed_failed_count=1)),
        (EMPTY, Limits(allowed_failed_percent=50)),
        (SHORT_AND_RAISES, Limits(error_threshold=0, tries=1)),
    ],
    ids=["items", "no result at all", "mini-batches", "percent", "also without what was given up"],
)
def test_where_too_much_is_done_without_result_nobody_is_sent_into_a_resume(
    tmp_path: Path, script: str, limits: Limits
) -> None:
    job = make_job(tmp_path, script, items=20, workers=1, limits=limits)
    assert run_here(job) == 1
    assert START_ANEW in result_of(job)
    assert "job resume" not in result_of(job)
    shown = whole(read_facts(job.tree))
    assert START_ANEW in shown["status_reason"]
    assert shown["go_on"] is None
    assert run_here(job) == 1, "a resume fails alike"


@pytest.mark.parametrize("limits", [Limits(error_threshold=0, tries=1), Limits(tries=1)])
def test_what_was_given_up_can_be_tried_again(tmp_path: Path, limits: Limits) -> None:
    job = make_job(tmp_path, RAISES, items=20, limits=limits)
    assert run_here(job) == 1
    assert not fails_again(run_of(job))
    assert f"bscore job resume {in_commands(job.tree)} --retry-failed" in result_of(job)
    assert START_ANEW not in result_of(job)


def test_a_job_whose_rows_were_removed_is_not_said_to_go_on(tmp_path: Path) -> None:
    script = "def run(b):\n    assert b[0] < '/data/item00010', 'no'\n    return b\n"
    job = make_job(tmp_path, script, items=20, workers=1, limits=Limits(error_threshold=0, tries=1))
    assert run_here(job) == 1
    assert whole(read_facts(job.tree))["go_on"] is not None
    job.part(1).unlink()
    shown = whole(read_facts(job.tree))
    assert shown["go_on"] is None
    assert f"Nothing can go on with it: the rows in {job.part(1)} were removed" in shown["status_reason"]
