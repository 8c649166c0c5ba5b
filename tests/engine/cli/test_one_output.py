"""Two jobs with one output: exactly one of them runs, and no crash blocks the output for ever."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from bscore.core.events import Committed
from bscore.logtree import paths
from bscore.master.job import Job
from bscore.master.run import run_job
from bscore.outputs.reservation import lock_file
from cli_runs import WAITING, Here, bscore, ended, running, start
from real_runs import (
    ECHO,
    SLOW_ECHO,
    events_of,
    expected_rows,
    finish,
    make_job,
    rows_of,
    start_master,
    wait_for,
)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


def _run_words(tmp_path: Path, name: str) -> list[str]:
    script = tmp_path / "other.py"
    script.write_text(ECHO)
    given = ["--script", script, "--input", f"@{tmp_path}/items.txt", "--output", tmp_path / "out"]
    return ["run", *map(str, given), "--name", name]


@pytest.mark.parametrize("action", [True, False], ids=["append_row", "summary_only"])
def test_of_two_jobs_begun_at_the_same_instant_exactly_one_runs(tmp_path: Path, action: bool) -> None:
    gate = tmp_path / "gate"
    script = WAITING.format(gate=str(gate))
    jobs = [make_job(tmp_path, script, items=5, name=name, append_row=action) for name in ("job1", "job2")]
    both = [start(tmp_path, "job", "resume", job.name) for job in jobs]
    while all(one.poll() is None for one in both):
        continue
    gate.touch()
    codes = [ended(one)[0] for one in both]
    assert sorted(codes) == [0, 2]
    assert not list((tmp_path / "out").glob(".*")), "nothing is left beside the output"
    begun = jobs[codes.index(2)].tree / paths.JOURNAL
    assert not begun.exists()


def test_a_job_whose_output_another_one_has_leaves_nothing_behind(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = make_job(tmp_path, WAITING.format(gate=str(gate)), items=5)
    with running(job) as master:
        for more in ([], ["--detach"]):
            code, out, err = bscore(tmp_path, *_run_words(tmp_path, "job2"), *more)
            assert (code, out, f"Another job in {job.tree} is writing to {job.final}" in err) == (2, "", True)
            assert [tree.name for tree in (tmp_path / "jobs").iterdir()] == ["job1"]
        gate.touch()
        assert finish(master) == 0
    assert rows_of(job) == expected_rows(5)


def test_a_crash_before_the_first_row_blocks_nobody(tmp_path: Path, here: Here) -> None:
    for number, step in enumerate(("output reserved", "term started"), 1):
        job = make_job(tmp_path, items=5, name=f"job{number}", output=tmp_path / f"out{number}")
        assert finish(start_master(job, step)) == -signal.SIGKILL
        assert lock_file(job.config.output, job.config.output_file_name).exists()
        second = make_job(tmp_path, items=5, name=f"second{number}", output=tmp_path / f"out{number}")
        run_job(second)
        assert rows_of(second) == expected_rows(5)
        code, _, err = here("job", "resume", job.name)
        assert (code, f"{job.final} is already there" in err) == (2, True)
        assert here("job", "delete", job.name, "-y")[0] == 0
        assert [path.name for path in second.final.parent.iterdir()] == ["predictions.csv"]


def test_a_crash_with_rows_keeps_the_output_for_its_own_job(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path, SLOW_ECHO, items=600)
    master = start_master(job)
    wait_for(lambda: any(isinstance(event, Committed) and event.rows for event in events_of(job)))
    master.kill()
    finish(master)
    code, _, err = here(*_run_words(tmp_path, "job2"))
    assert (code, f"holds rows of another job that has not finished: {job.part(1).name}" in err) == (2, True)
    assert here("job", "resume", "job1")[0] == 0
    assert rows_of(job) == expected_rows(600)


def test_a_file_with_the_same_bytes_is_not_taken_for_the_own_output(tmp_path: Path) -> None:
    final = tmp_path / "out/predictions.csv"
    script = ECHO + f"def init():\n    open({str(final)!r}, 'w').write('item00000\\n')\n"
    job: Job = make_job(tmp_path, script, items=1, workers=1)
    assert "is not this job's" in run_job(job).reason
