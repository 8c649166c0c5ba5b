"""summary_only: what the script writes itself is published when the job completes, and only then."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.errors import StorageError
from bscore.logtree import paths
from bscore.outputs.own_files import make_staging, publish_own_files, staging_folder
from real_runs import events_of, finish, make_job, run_here, run_of, start_master, wait_for

SCRIPT = """
import os
def run(mini_batch):
    folder = os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], "deep")
    os.makedirs(folder, exist_ok=True)
    for path in mini_batch:
        with open(os.path.join(folder, os.path.basename(path)), "w") as file:
            file.write("scored")
        {more}
    return mini_batch
"""
SUMMARY = {"append_row": False, "limits": Limits(needs_results=False, error_threshold=0, tries=1)}


def test_own_files_appear_when_the_job_completes_and_nothing_else_does(tmp_path: Path) -> None:
    job = make_job(tmp_path, SCRIPT.format(more="pass"), items=30, **SUMMARY)
    assert run_here(job) == 0
    assert sorted(p.name for p in (tmp_path / "out").rglob("*")) == [
        "deep",
        *(f"item{n:05d}" for n in range(30)),
    ]
    assert run_of(job).output == str(tmp_path / "out")


@pytest.mark.parametrize("keep", [False, True])
def test_own_files_of_a_failed_job_stay_aside_unless_they_are_wanted(tmp_path: Path, keep: bool) -> None:
    script = SCRIPT.format(more="assert '00020' not in path")
    job = make_job(tmp_path, script, items=30, workers=1, keep_partial=keep, **SUMMARY)
    assert run_here(job) == 1
    published = list((tmp_path / "out").glob("deep/*"))
    assert job.mark in job.aside.name, "another job of this name has a folder of its own"
    kept = list(job.aside.glob("deep/*"))
    assert (len(published) > 0, len(kept) > 0) == (keep, not keep)
    assert run_of(job).output in (job.tree / paths.JOB_RESULT).read_text()


def test_a_killed_master_loses_no_own_file_and_a_resume_publishes_all(tmp_path: Path) -> None:
    job = make_job(tmp_path, SCRIPT.format(more="__import__('time').sleep(0.002)"), items=300, **SUMMARY)
    master = start_master(job)
    wait_for(lambda: sum(isinstance(x, e.Finished) for x in events_of(job)) >= 5)
    master.send_signal(signal.SIGKILL)
    finish(master)
    assert not (tmp_path / "out" / "deep").exists()
    assert run_here(job) == 0
    assert len(list((tmp_path / "out" / "deep").iterdir())) == 300


def test_publishing_stopped_at_any_file_goes_on_and_never_replaces_one(tmp_path: Path) -> None:
    staging = make_staging(staging_folder(tmp_path, "j"))
    for name in ("a", "b", "c"):
        (staging / name).write_text(name)
    with pytest.raises(KeyboardInterrupt):
        publish_own_files(staging, tmp_path, step=_stop_at_second())
    assert publish_own_files(staging, tmp_path) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b", "c"]
    (make_staging(staging) / "a").write_text("other")
    with pytest.raises(StorageError, match="already there"):
        publish_own_files(staging, tmp_path)
    assert (tmp_path / "a").read_text() == "a"


def _stop_at_second() -> object:
    seen: list[str] = []

    def step(name: str) -> None:
        seen.append(name)
        if len(seen) == 2:
            raise KeyboardInterrupt

    return step


WRITES_THE_OUTPUT = """
def run(mini_batch):
    with open({final!r}, "a") as file:
        file.write("my own\\n")
    return mini_batch
"""


def test_a_script_that_writes_the_output_itself_is_named_as_the_likely_writer(tmp_path: Path) -> None:
    final = tmp_path / "out" / "predictions.csv"
    job = make_job(tmp_path, WRITES_THE_OUTPUT.format(final=str(final)), items=5)
    assert run_here(job) == 1
    assert "most likely by the script itself" in run_of(job).reason
    assert set(final.read_text().splitlines()) == {"my own"}, "it was left as it is"
    final.unlink()
    assert run_here(job) == 0
    assert final.read_text().splitlines() == [f"/data/item{n:05d}" for n in range(5)]
