"""Looking at jobs from their trees alone: living, ended, copied; and removing them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bscore.core.events import AbandonedReturned, Outcome
from bscore.core.limits import Limits
from bscore.errors import NotFoundError
from bscore.logtree import paths
from bscore.master.job import Job
from bscore.master.run import run_job
from bscore_tui.reading.jobs import find_tree
from cli_runs import HANGING_ONCE, POWERLESS, SLOW, Here, ended, has_done, now_of, only, running, start
from real_runs import (
    ECHO,
    events_of,
    expected_rows,
    finish,
    make_job,
    rows_of,
    run_of,
    start_master,
    wait_for,
)

FORMAT_1 = Path(__file__).parents[2] / "data/format-1"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job that is Completed."""
    job = make_job(tmp_path_factory.mktemp("done"), items=20)
    run_job(job)
    return job


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job that is Failed by its threshold."""
    script = "def run(b):\n    raise ValueError('no \\x1b[31mred')\n"
    job = make_job(
        tmp_path_factory.mktemp("failed"), script, items=20, limits=Limits(tries=1, error_threshold=3)
    )
    run_job(job)
    return job


@pytest.mark.slow
def test_a_living_job_is_shown_with_its_end_limits_and_workers(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path, HANGING_ONCE.format(mark=str(tmp_path / "mark")), items=40)
    with running(job) as master:
        wait_for(lambda: has_done(job, 7))
        shown = here.json("job", "show", "job1")
        assert shown["status"] == "Running"
        assert shown["master"]["pid"] == master.pid
        assert shown["percent"] == 87
        assert "mini-batch 0 on 127.0.0.1/process00" in shown["next_limit"]
        assert {worker["state"] for worker in shown["workers"]} == {"busy", "idle"}
        text = here("job", "show", "job1", "-o", "text")[1]
        assert "87 %, 7 of 8 mini-batches, 1 running" in text
        assert "attempt 1 of 3, then it is tried again" in text
        assert f"{job.final} (not yet" in text
        assert datetime.fromisoformat(shown["start_time"]).tzinfo == UTC
        code, _, err = here("job", "delete", "job1", "--yes")
        assert code == 2
        assert "job cancel job1" in err
        copy = tmp_path / "copied"
        shutil.copytree(job.tree, copy)
        copied = here.json("job", "show", f"{copy}/")
        assert copied["status"] == "NotResponding"
        assert "does not work on this directory" in copied["status_reason"]
        assert "kill" not in copied["status_reason"]
        (listed,) = here.json("job", "list", "--status", "alive")
        assert listed["name"] == "job1"
        wait_for(lambda: here.json("job", "list")[0]["duration"] > listed["duration"])
        os.kill(master.pid, signal.SIGKILL)
        master.wait()
        shown = here.json("job", "show", "job1")
        assert shown["status"] == "NotResponding"
        assert f"process {master.pid} on " in shown["status_reason"]
        assert "it is gone" in shown["status_reason"]
        assert "job resume job1" in shown["status_reason"]
        assert here("job", "stream", "job1")[0] == 4
        assert here("job", "list", "--status", "alive")[1] == "[]\n"


def test_an_ended_job_is_shown_on_a_copied_directory(done: Job, tmp_path: Path, here: Here) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(done.tree, copy)
    shown = here.json("job", "show", str(copy))
    assert shown["status"] == "Completed"
    assert shown["services"]["Studio"]["endpoint"] == copy.as_uri()
    assert shown["interaction_endpoints"]["Studio"]["endpoint"] == copy.as_uri()
    assert shown["next_limit"] is None
    assert here("job", "show", str(copy), "--query", "status", "-o", "tsv")[1] == "Completed\n"
    assert here("job", "show", str(copy), "--query", "[", "-o", "tsv")[0] == 2
    assert "status: Completed" in here("job", "show", str(copy), "-o", "yaml")[1]


def test_a_job_elsewhere_is_named_by_its_path_in_every_command(tmp_path: Path, here: Here) -> None:
    script = "def run(b):\n    raise ValueError\n"
    job = make_job(tmp_path, script, items=5, limits=Limits(tries=1, error_threshold=0))
    run_job(job)
    assert "bscore-tui job1\n" in here("job", "show", "job1", "-o", "text")[1]
    moved = tmp_path / "a b" / "job1"
    shutil.copytree(job.tree, moved)
    named = f"'{moved}'"
    text = here("job", "show", str(moved), "-o", "text")[1]
    assert f"bscore-tui {named}\n" in text
    assert "resume" not in text, "it is a copy"
    shutil.rmtree(job.tree)
    text = here("job", "show", str(moved), "-o", "text")[1]
    assert f"bscore job resume {named} --retry-failed\n" in text
    for words in (["stack"], ["abandon", "--remaining"], ["restart-worker", "process000"]):
        assert f"bscore job show {named}\n" in here("job", words[0], str(moved), *words[1:])[2]
    err = here("job", "resume", str(moved), "--retry-failed")[2]
    assert f"watch it with: bscore-tui {named}\n" in err
    assert f"Go on from here:    bscore job resume {named} --retry-failed\n" in err


def test_a_folder_here_that_is_a_job_has_to_be_given_as_one(
    done: Job, tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(done.tree, tmp_path / "copied")
    monkeypatch.chdir(tmp_path)
    code, _, err = here("job", "show", "copied")
    assert (code, "give it as ./copied" in err) == (2, True)


def test_a_job_without_rows_names_no_output(failed: Job, here: Here) -> None:
    shown = here.json("job", "show", str(failed.tree))
    assert shown["output"] is None
    assert "output" not in here("job", "show", str(failed.tree), "-o", "text")[1]


def test_a_tree_without_a_journal_says_what_can_be_done_with_it(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path, items=5)
    text = here("job", "show", "job1", "-o", "text")[1]
    assert text.startswith("job1  Unknown\n")
    assert "bscore job resume job1, or remove it with: bscore job delete job1" in text
    (job.tree / paths.JOB_FILE).unlink()
    text = here("job", "show", "job1", "-o", "text")[1]
    assert "resume" not in text
    assert "bscore job delete job1" in text
    assert here("job", "delete", "job1", "-y")[0] == 0


def test_without_a_job_file_nobody_is_sent_to_what_needs_one(done: Job, tmp_path: Path, here: Here) -> None:
    copy = tmp_path / "copied"
    shutil.copytree(done.tree, copy)
    (copy / paths.JOB_FILE).unlink()
    journal = copy / paths.JOURNAL
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    for words in (["stream", str(copy)], ["stack", str(copy)]):
        code, _, err = here("job", *words)
        assert code == 4
        assert f"Nothing can go on with it: it has no job.yml. See: bscore job show {copy}\n" in err
    text = here("job", "show", str(copy), "-o", "text")[1]
    assert "resume" not in text


def test_a_reason_says_what_happened_and_what_to_do_in_one_line(tmp_path: Path, here: Here) -> None:
    final = str(tmp_path / "out/predictions.csv")
    job = make_job(tmp_path, ECHO + f"def init():\n    open({final!r}, 'w')\n", items=5)
    assert run_job(job).outcome is Outcome.FAILED
    text = here("job", "show", "job1", "-o", "text")[1]
    assert "it was left as it is. Move it away, then resume the job" in text
    assert f"{job.part(1)} (not published, 5 rows)\n" in text
    for path in (paths.JOB_RESULT, paths.DRIVER_LOG):
        assert "it was left as it is. Move it away" in (job.tree / path).read_text()


def test_a_failed_job_says_why_and_its_errors_cannot_paint(failed: Job, here: Here) -> None:
    text = here("job", "show", str(failed.tree), "-o", "text")[1]
    assert "exceeds error_threshold, 3" in text
    assert "ValueError: no \\x1b[31mred" in text
    assert "\x1b" not in text
    assert "go on" in text


def test_streaming_an_ended_job_prints_blocks_and_its_exit_code(failed: Job, done: Job, here: Here) -> None:
    code, out, err = here("job", "stream", str(failed.tree))
    assert code == 1
    lines = out.splitlines()
    assert lines[:2] == ["RunId: job1", f"Web View: {failed.tree.as_uri()}"]
    for path in (paths.DRIVER_LOG, paths.OVERVIEW):
        at = lines.index(f"Streaming {path}")
        assert (lines[at - 1], lines[at + 1], lines[at + 2]) == ("", "=" * (len(path) + 10), "")
    at = lines.index("Execution Summary")
    assert lines[at - 1 : at + 4] == ["", "Execution Summary", "=" * 17, "RunId: job1", lines[1]]
    error = json.loads(err.partition("Exception : \n ")[2])["error"]
    assert "error_threshold" in error["message"]
    assert error["details"][0]["code"] == "ValueError"
    assert here("job", "stream", str(done.tree))[::2] == (0, "")


@pytest.mark.slow
def test_a_living_job_is_streamed_to_its_end_and_no_line_comes_twice(tmp_path: Path) -> None:
    job = make_job(tmp_path, SLOW, items=60)
    with running(job) as master:
        shell = start(tmp_path, "job", "stream", "job1")
        assert finish(master) == 0
        code, out, _ = ended(shell)
    assert code == 0
    assert out.count("Scheduling finished.") == 1
    assert out.count("Azure Machine Learning Batch Inference End") == 1
    assert out.count("Streaming ") == 2


def test_jobs_are_listed_and_filtered(done: Job, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BSCORE_HOME", str(done.tree.parents[1]))
    (row,) = here.json("job", "list")
    assert (row["name"], row["status"], row["mini_batches"]) == ("job1", "Completed", "4 of 4")
    assert here.json("job", "list", "--status", "completed", "--name", "ob", "--since", "1h") == [row]
    assert here.json("job", "list", "--since", "2099-01-01") == []
    assert here.json("job", "list", "--status", "failed", "--status", "canceled") == []
    assert here.json("job", "list", "--status", "failed, COMPLETED") == [row]
    code, out, err = here("job", "list", "--status", "Complete")
    assert (code, out) == (2, "")
    assert "Did you mean Completed?" in err
    assert "There are Preparing, " in here("job", "list", "--status", "foo")[2]
    assert here("job", "list", "--since", "soon")[0] == 2
    assert here("job", "list", "-o", "table")[1].splitlines()[0].startswith("name")
    assert datetime.fromisoformat(row["started"]).tzinfo == UTC
    assert row["started"].removesuffix("+00:00") in here("job", "list", "-o", "table")[1]
    assert "+00:00" not in here("job", "list", "-o", "table")[1]


def test_a_list_that_is_cut_says_so(done: Job, here: Here, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        shutil.copytree(done.tree, tmp_path / "jobs" / name)
    for words, said in (["-r", "2"], True), (["-r", "3"], False), (["-r", "1", "--all-results"], False):
        code, out, err = here("job", "list", *words)
        assert (code, "--all-results" in err) == (0, said)
        assert len(json.loads(out)) == (2 if said else 3)


def test_an_unknown_job_is_named_with_a_near_one(
    done: Job, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BSCORE_HOME", str(done.tree.parents[1]))
    for command in ("show", "stream", "cancel", "resume", "stack"):
        code, _, err = here("job", command, "jib1")
        assert (code, "Did you mean 'job1'?" in err) == (2, True)
    assert "Did you mean 'cancel'?" in here("job", "cnacel", "job1")[2]
    assert here("job", "abandon", "job1")[0] == 2
    assert here("job", "abandon", "job1", "x")[0] == 2
    code, _, err = here("job", "abandon", "job1", "9-2")
    assert (code, "'9-2' names no mini-batches" in err) == (2, True)


def test_deleting_removes_the_rows_that_were_never_published(tmp_path: Path, here: Here) -> None:
    script = (
        "seen = []\ndef run(b):\n    seen.append(1)\n    if len(seen) > 2: raise ValueError\n    return b\n"
    )
    limits = Limits(tries=1, error_threshold=3)
    job = make_job(tmp_path, script, items=60, workers=1, limits=limits)
    run_job(job)
    assert job.part(1).exists()
    other = tmp_path / "out" / ".predictions.csv.9.part"
    other.write_text("somebody else's")
    code, _, err = here("job", "delete", "job1")
    assert code == 2
    assert "--yes" in err
    assert job.tree.exists()
    assert here("job", "delete", "job1", "--yes")[0] == 0
    assert not job.tree.exists()
    assert not job.part(1).exists()
    assert other.exists()


@pytest.mark.parametrize("inside", [True, False])
def test_deleting_keeps_the_published_output_unless_told(tmp_path: Path, here: Here, *, inside: bool) -> None:
    output = tmp_path / "jobs/job1/outputs/score" if inside else tmp_path / "out"
    for extra in ((), ("--with-output",)):
        job = make_job(tmp_path, items=10, output=output)
        run_job(job)
        assert here("job", "delete", "job1", "-y", *extra)[0] == 0
        assert job.final.exists() is not bool(extra)
        assert not (job.tree / "logs").exists()
        if not extra:
            job.final.unlink()
            shutil.rmtree(job.tree, ignore_errors=True)


def test_a_job_killed_before_its_first_record_can_be_resumed_and_deleted(tmp_path: Path, here: Here) -> None:
    for words in (("resume", "job1"), ("delete", "job1", "-y")):
        job = make_job(tmp_path)
        assert finish(start_master(job, "part created")) == -signal.SIGKILL
        assert job.parts() == [job.part(1)]
        assert here("job", *words)[0] == 0
        assert not [path for path in job.config.output.iterdir() if path.name.startswith(".")]
        if words[0] == "resume":
            assert rows_of(job) == expected_rows(60)
            shutil.rmtree(job.tree)
            job.final.unlink()


def test_a_resume_is_refused_where_nothing_is_left_of_the_inputs(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path)
    assert finish(start_master(job, "commit recorded")) == -signal.SIGKILL
    items = tmp_path / "items.txt"
    listed = items.read_text()
    items.write_text("")
    code, _, err = here("job", "resume", "job1")
    assert code == 2
    assert f"Nothing is left of the inputs of job job1: The list file {items} names no path." in err
    assert "bscore job abandon" in err
    items.write_text(listed)
    assert here("job", "resume", "job1")[0] == 0
    assert rows_of(job) == expected_rows(60)


def test_a_resume_of_a_completed_job_writes_the_result_that_a_kill_left_out_and_looks_for_its_rows(
    tmp_path: Path, here: Here
) -> None:
    job = make_job(tmp_path)
    assert finish(start_master(job, "ended")) == -signal.SIGKILL
    assert not (job.tree / paths.JOB_RESULT).exists()
    code, _, err = here("job", "resume", "job1")
    assert (code, f"its rows are in {job.final}" in err) == (0, True)
    assert (job.tree / paths.JOB_RESULT).read_text().startswith("Completed.")
    job.final.unlink()
    assert f"removed or moved since: {job.final} is not there" in here("job", "resume", "job1")[2]


@pytest.mark.parametrize("error_threshold", [-1, 0], ids=["published", "left over"])
def test_deleting_a_copy_leaves_the_rows_of_the_job(tmp_path: Path, here: Here, error_threshold: int) -> None:
    script = "def run(b):\n    assert '00059' not in b[-1]\n    return b\n"
    job = make_job(tmp_path, script, limits=Limits(error_threshold=error_threshold, tries=1))
    run_job(job)
    rows = {path: path.read_bytes() for path in job.final.parent.iterdir()}
    assert len(rows) == 1
    copy = tmp_path / "copy"
    shutil.copytree(job.tree, copy)
    code, _, err = here("job", "delete", str(copy), "-y", "--with-output")
    assert code == 0
    assert f"{copy} is a copy of {job.tree}: what that one wrote elsewhere stays." in err
    assert not copy.exists()
    assert {path: path.read_bytes() for path in job.final.parent.iterdir()} == rows


@pytest.mark.parametrize("later", [False, True], ids=["another size", "another time"])
def test_deleting_leaves_what_somebody_put_in_place_of_the_output(
    tmp_path: Path, here: Here, *, later: bool
) -> None:
    job = make_job(tmp_path)
    run_job(job)
    theirs = job.final.read_text()[::-1] if later else "theirs"
    job.final.unlink()
    job.final.write_text(theirs)
    if later:
        in_an_hour = job.tree.stat().st_mtime + 3600
        os.utime(job.final, (in_an_hour, in_an_hour))
    assert here("job", "delete", "job1", "-y", "--with-output")[0] == 0
    assert job.final.read_text() == theirs


def test_the_shell_completes_commands_and_jobs(
    done: Job, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BSCORE_HOME", str(done.tree.parents[1]))
    monkeypatch.setenv("_BSCORE_COMPLETE", "bash_complete")

    def complete(words: str) -> str:
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        with pytest.raises(SystemExit):
            here()
        return here._capsys.readouterr().out

    assert complete("bscore jo") == "plain,job\n"
    assert complete("bscore job st").split() == ["plain,stream", "plain,stack"]
    assert complete("bscore job show j") == "plain,job1\n"
    assert complete("bscore job show ").split() == ["plain,job1", "plain,last"]
    assert "plain,--remaining" in complete("bscore job abandon job1 --rem")


@pytest.mark.slow
def test_after_a_repair_what_was_given_up_is_tried_again_where_asked_for(tmp_path: Path, here: Here) -> None:
    broken = ECHO.replace("    return", "    assert '7' not in mini_batch[0], mini_batch\n    return")
    job = make_job(tmp_path, broken, items=20, mini_batch_size=1, limits=Limits(error_threshold=0, tries=1))
    assert here("job", "resume", "job1")[0] == 1
    assert (
        "Go on from here:    bscore job resume job1 --retry-failed"
        in (job.tree / paths.JOB_RESULT).read_text()
    )
    (job.config.code / "score.py").write_text(ECHO)
    code, _, err = here("job", "resume", "job1")
    assert code == 1
    assert "--retry-failed tries them again" in err
    code, _, err = here("job", "resume", "job1", "--retry-failed", "--detach")
    assert code == 0, err
    wait_for(lambda: (run := now_of(job)) is not None and run.outcome is Outcome.COMPLETED)
    assert rows_of(job) == expected_rows(20)
    run = run_of(job)
    assert (len(run.abandoned), run.failed_items) == (0, 0)
    assert [event.mini_batches for event in only(events_of(job), AbandonedReturned)] in ([1], [2])
    assert "Completed already" in here("job", "resume", "job1", "--retry-failed")[2]


@pytest.mark.parametrize("begun", [False, True])
def test_a_script_that_is_gone_is_refused_before_a_term_begins(
    tmp_path: Path, here: Here, begun: bool
) -> None:
    job = make_job(tmp_path, "import nowhere\n" + ECHO, items=20, workers=1)
    if begun:
        assert here("job", "resume", "job1")[0] == 1
    (job.config.code / "score.py").unlink()
    before = events_of(job)
    code, _, err = here("job", "resume", "job1")
    assert code == 2
    assert f"The scoring script {job.config.code / 'score.py'} does not exist." in err
    assert events_of(job) == before


def test_a_published_output_cannot_get_what_was_given_up(tmp_path: Path, here: Here) -> None:
    broken = ECHO.replace("    return", "    assert '7' not in mini_batch[0], mini_batch\n    return")
    job = make_job(tmp_path, broken, items=10, mini_batch_size=1, limits=Limits(tries=1))
    assert here("job", "resume", "job1")[0] == 0
    before = rows_of(job)
    code, _, err = here("job", "resume", "job1", "--retry-failed")
    assert code == 2
    assert "Completed without 1 mini-batch that had to be given up" in err
    assert rows_of(job) == before
    assert here("job", "resume", "job1")[0] == 0


STRANGE_FOLDERS = {
    "a cloud's job file": {"job.yml": "type: parallel\n", "logs/today.txt": "x", ".git/HEAD": "x"},
    "logs of a system": {"logs/sys/messages.txt": "x", "src/main.py": "x"},
    "a tree of the cloud": {
        "logs/sys/master_role.txt": "2024-01-01 INFO started\n",
        "logs/user/error.txt": "x",
    },
    "a training run": {"checkpoint/place": "Berlin", "checkpoint/epoch-3.pt": "x", "logs/train.txt": "x"},
}


def _files_below(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", STRANGE_FOLDERS)
def test_a_folder_without_marks_of_bscore_is_no_job_for_any_command(
    tmp_path: Path, here: Here, kind: str
) -> None:
    folder = tmp_path / "jobs/theirs"
    for name, text in STRANGE_FOLDERS[kind].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name in ("theirs", str(folder)):
        for words in (["show"], ["delete", "-y"], ["resume"], ["cancel"], ["stream"], ["stack"], ["debug"]):
            code, out, err = here("job", *words, name)
            assert (code, out, "is no job of bscore" in err) == (2, "", True)
            assert "job delete" not in err
    assert here.json("job", "list") == []
    assert _files_below(folder) == STRANGE_FOLDERS[kind]
    script = tmp_path / "score.py"
    script.write_text(ECHO)
    code, _, err = here("run", "--script", str(script), "--input", str(tmp_path), "--name", "theirs")
    assert (code, "job delete" in err) == (2, False)
    with pytest.raises(NotFoundError, match="no job's directory"):
        find_tree(str(folder), {"BSCORE_HOME": str(tmp_path)})


def test_deleting_leaves_and_names_what_bscore_did_not_make(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path, items=5, output=tmp_path / "jobs/job1/outputs/score")
    run_job(job)
    theirs = [
        "notes.txt",
        ".git/HEAD",
        "src/a.py",
        "logs/mine.txt",
        "checkpoint/epoch.pt",
        "outputs/score/x.csv",
    ]
    for name in theirs:
        (job.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (job.tree / name).write_text("theirs")
    code, _, err = here("job", "delete", "job1")
    assert (code, "not what bscore did not make: .git, " in err) == (2, True)
    code, _, err = here("job", "delete", "job1", "-y", "--with-output")
    assert code == 0
    assert f"Left in {job.tree}, since bscore did not make it: .git, " in err
    assert _files_below(job.tree) == dict.fromkeys(theirs, "theirs")
    assert here("job", "show", str(job.tree))[0] == 2


@pytest.mark.parametrize("tree", sorted(path.name for path in FORMAT_1.iterdir() if path.is_dir()))
def test_a_tree_of_an_earlier_version_is_removed_whole(tmp_path: Path, here: Here, tree: str) -> None:
    shutil.copytree(FORMAT_1 / tree, tmp_path / "jobs/old")
    code, _, err = here("job", "delete", "old", "-y")
    assert code == 0, err
    assert not (tmp_path / "jobs/old").exists(), err


@pytest.mark.parametrize("mark", [paths.PLACE, paths.JOB_FILE, paths.JOURNAL])
def test_one_mark_is_enough_for_a_job_and_a_removal_that_was_broken_off_goes_on(
    tmp_path: Path, here: Here, mark: str
) -> None:
    job = make_job(tmp_path, items=5)
    run_job(job)
    for name in {paths.PLACE, paths.JOB_FILE, paths.JOURNAL} - {mark}:
        (job.tree / name).unlink()
    assert here("job", "delete", "job1", "-y") == (0, "", f"Removed {job.tree}\n")
    assert not job.tree.exists()


def test_deleting_a_link_removes_the_link_alone(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path, items=5)
    run_job(job)
    far = tmp_path / "far"
    job.tree.rename(far)
    before = _files_below(far)
    job.tree.symlink_to(far)
    code, _, err = here("job", "delete", "job1", "-y")
    assert (code, f"Remove it with: bscore job delete {far}" in err) == (0, True)
    assert not job.tree.is_symlink()
    assert _files_below(far) == before
    assert here("job", "delete", str(far), "-y")[0] == 0
    assert not far.exists()


def test_deleting_follows_no_link_in_the_directory(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path, items=5)
    run_job(job)
    far = tmp_path / "far"
    (job.tree / "logs").rename(far)
    (job.tree / "logs").symlink_to(far)
    before = _files_below(far)
    code, _, err = here("job", "delete", "job1", "-y")
    assert (code, f"the link {job.tree}/logs, and not what" in err) == (0, True)
    assert not job.tree.exists()
    assert _files_below(far) == before


def test_a_read_only_tree_is_refused_before_anything_is_removed(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path, items=5)
    run_job(job)
    before = _files_below(job.tree)
    subprocess.run(["chmod", "-R", "a-w", job.tree], check=True)
    code, _, err = ended(start(tmp_path, "job", "delete", "job1", "-y", before=POWERLESS))
    assert (code, f"chmod -R u+w {job.tree}" in err) == (2, True), err
    assert _files_below(job.tree) == before
    subprocess.run(["chmod", "-R", "u+w", job.tree], check=True)
    assert here("job", "delete", "job1", "-y")[0] == 0
