"""An earlier run of the same script tells the end of a run before that can tell it itself."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bscore.cli.progress import EndText
from bscore.core import events as e
from bscore.logtree import paths
from bscore.logtree.earlier import earlier_runs
from bscore.master.job import Job, create_job
from bscore.master.run import run_job
from cli_runs import WAITING, Here, now_of, running
from real_runs import events_of, make_job, run_of, wait_for
from timed_runs import TimedRun, constant


def again(job: Job, name: str, **changes: object) -> Job:
    """The same job under another name."""
    config = replace(job.config, name=name, output=job.config.output.parent / name, **changes)  # type: ignore[arg-type]  # fields by name
    return create_job(job.tree.parent, config)


def told(job: Job) -> list[e.EarlierRunFound]:
    """What the job's journal says of earlier runs."""
    return [event for event in events_of(job) if isinstance(event, e.EarlierRunFound)]


@pytest.fixture
def before(tmp_path: Path) -> Job:
    """A finished job whose script waits for the file `gate` when it is run again."""
    gate = tmp_path / "gate"
    gate.touch()
    job = make_job(tmp_path, WAITING.format(gate=str(gate)), items=40)
    run_job(job)
    gate.unlink()
    return job


@pytest.mark.slow
def test_the_end_is_told_from_the_last_earlier_run_that_finished_enough_and_names_it(
    before: Job, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    here = Here(monkeypatch, capsys, tmp_path)
    (tmp_path / "gate").touch()
    short = again(before, "job2", item_limit=10)
    run_job(short)
    assert run_of(short).over == 2
    (tmp_path / "gate").unlink()
    job = again(before, "job3", workers=1)
    with running(job):
        wait_for(
            lambda: (run := now_of(job)) is not None and run.earlier is not None and run.listing_finished
        )
        shown = here.json("job", "show", "job3")["estimated_end"]
        assert shown["from"]
        assert shown["confidence"] == "rough"
        assert shown["reason"] == "durations are those of the earlier run job1"
        assert "earlier run job1" in here("job", "show", "job3", "-o", "text")[1]
        (tmp_path / "gate").touch()
        wait_for(lambda: (run := now_of(job)) is not None and run.outcome is not None)
    assert run_of(job).outcome is e.Outcome.COMPLETED
    [found] = told(job)
    assert found.job == "job1"
    assert found.mini_batch_size == 5


def test_a_first_run_and_one_of_another_folder_hear_of_none(before: Job, tmp_path: Path) -> None:
    assert told(before) == []
    other = tmp_path / "other"
    other.mkdir()
    (other / "score.py").write_bytes((before.config.code / "score.py").read_bytes())
    (tmp_path / "gate").touch()
    job = again(before, "job2", code=other)
    run_job(job)
    assert told(job) == []


def test_only_a_run_whose_script_was_given_the_same_arguments_tells_the_end(before: Job) -> None:
    Path(before.config.code.parent / "gate").touch()
    other = again(before, "job2", arguments=("--s", "3"))
    run_job(other)
    assert told(other) == []
    same = again(before, "job3", arguments=("--s", "3"))
    run_job(same)
    assert [found.job for found in told(same)] == ["job2"]
    run = run_of(same)
    found = earlier_runs(same.tree, "score.py", run.started)
    assert [earlier.tree.name for earlier in found] == ["job2", "job1"]


@pytest.mark.parametrize("words", [(), ("--s", "3"), ("a\nb", "- c", "x: 'y'", " ", "é" * 5000, "--")])
def test_arguments_are_read_as_they_were_written(before: Job, words: tuple[str, ...]) -> None:
    job = again(before, "job2", arguments=words)
    (job.tree / paths.JOURNAL).parent.mkdir(parents=True, exist_ok=True)
    (job.tree / paths.JOURNAL).write_bytes((before.tree / paths.JOURNAL).read_bytes())
    later = run_of(before).last + 1
    for name, given in (("job3", words), ("job4", (*words, "more"))):
        seen = earlier_runs(again(before, name, arguments=given).tree, "score.py", later, same_arguments=True)
        names = {earlier.tree.name for earlier in seen}
        assert ("job2" in names) is (given == words)
        assert ("job1" in names) is (given == ())


def test_what_lies_between_the_jobs_is_left_out(before: Job, tmp_path: Path) -> None:
    jobs = before.tree.parent
    (jobs / "notes.txt").write_text("no job")
    (jobs / "empty").mkdir()
    (jobs / "gone").symlink_to(jobs / "nowhere")
    for name, data in (("noise", os.urandom(20_000)), ("torn", b"2025-10-23 15:49:27,123|INFO|")):
        journal = jobs / name / paths.JOURNAL
        journal.parent.mkdir(parents=True)
        journal.write_bytes(data)
    os.mkfifo(jobs / "pipe")
    run = run_of(before)
    assert run.config is not None
    found = list(earlier_runs(jobs / "new", "score.py", run.last + 1))
    assert [earlier.tree.name for earlier in found] == ["job1"]
    assert found[0].run == run
    assert found[0].whole
    assert list(earlier_runs(jobs / "new", "train.py", run.last + 1)) == []
    assert list(earlier_runs(jobs / "new", "score.py", run.started)) == []


def test_the_progress_bar_names_the_earlier_run_until_this_one_can_tell() -> None:
    timed = TimedRun(1, constant, 100, 4)
    timed.happen(e.EarlierRunFound(timed.now, "nightly-0410", 1, (30_000_000,) * 40))
    words = EndText()
    first = words.text(timed.run, timed.now)
    assert first.startswith("about ")
    assert first.endswith(" left (durations of nightly-0410)")
    timed.play_to(50)
    assert "nightly" not in words.text(timed.run, timed.now + 4_000_000)
