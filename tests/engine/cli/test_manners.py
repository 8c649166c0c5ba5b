"""How a job is run: the first items only, with its output shown, detached, with a command for its end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bscore import demo_data
from bscore.cli.echo import STATES_US, Echo
from bscore.cli.home import find_job
from bscore.cli.progress import MAX_TRACE_LINES, trace_lines
from bscore.core import events as e
from bscore.core.events import FailureKind
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.source import LocalSource
from bscore.master.job import load_job
from cli_runs import SLOW, Here, bscore, has_done, now_of, only
from real_runs import events_of, rows_of, run_of, wait_for

TALKING = """
import os, sys
def run(mini_batch):
    print("scored \\x1b[2J", os.path.basename(mini_batch[0]))
    print("no newline", end="", file=sys.stderr)
    if mini_batch[0].endswith("3.txt"):
        raise KeyError("no such label")
    return [os.path.basename(path) for path in mini_batch]
"""


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


def command(folder: Path, script: str, files: int, *more: str) -> list[str]:
    """`bscore run` over so many files."""
    (folder / "data").mkdir()
    (folder / "code").mkdir()
    (folder / "code" / "score.py").write_text(script)
    for number in range(files):
        (folder / "data" / f"{number:02d}.txt").touch()
    words = ["run", "--script", str(folder / "code/score.py"), "--input", str(folder / "data")]
    return [*words, "--output", str(folder / "out"), "-n", "job1", "--workers", "1", *more]


def test_a_limit_scores_the_first_items_and_lists_no_further(tmp_path: Path, here: Here) -> None:
    code, _, err = here(*command(tmp_path, SLOW, 30, "--limit", "13", "--mini-batch-size", "5"))
    assert code == 0
    job = load_job(find_job("job1"))
    assert sorted(rows_of(job)) == [f"{number:02d}.txt" for number in range(13)]
    run = run_of(job)
    assert (run.mini_batches, run.items, run.added_items) == (3, 13, 0)
    assert err.splitlines()[0] == "Job job1  ·  watch it with: bscore-tui job1"
    assert "13 rows are in" in err


def test_output_is_echoed_and_a_new_error_comes_once_with_its_frames(tmp_path: Path, here: Here) -> None:
    code, out, err = here(*command(tmp_path, TALKING, 5, "--echo", "--mini-batch-size", "1"))
    assert (code, out) == (0, "")
    assert "process000 | scored \\x1b[2J 00.txt\n" in err
    assert "\x1b" not in err
    assert "process000 | no newline" in err
    assert err.count("mini-batch 3, attempt 1 on 127.0.0.1/process000: KeyError") == 1
    assert "attempt 2" not in err
    assert 'score.py", line 7, in run' in err
    assert "raise KeyError" in err
    assert "bscore_worker" not in err


def test_what_sub_processes_and_native_code_print_is_echoed(tmp_path: Path, here: Here) -> None:
    script = """import os
def run(mini_batch):
    os.system("echo of a child; echo its error >&2")
    os.write(1, b"of the descriptor")
    return mini_batch
"""
    code, _, err = here(*command(tmp_path, script, 1, "--echo"))
    assert code == 0
    for said in ("of a child", "its error", "of the descriptor"):
        assert err.count(f"process000 | {said}\n") == 1


def test_an_exception_without_a_message_is_its_name_alone(tmp_path: Path, here: Here) -> None:
    code, _, err = here(*command(tmp_path, "def run(mini_batch):\n    raise LookupError\n", 1))
    assert code == 1
    assert "on 127.0.0.1/process000: LookupError\n" in err
    assert "Error 'LookupError' occurred" in err
    (result,) = (tmp_path / "jobs" / "job1").rglob("processed_mini-batches.csv")
    assert "LookupError: " not in result.read_text()


def test_lines_of_a_trace_that_are_left_out_are_counted_in_words(tmp_path: Path) -> None:
    kept = tmp_path / paths.user_error("127.0.0.1", "process000")
    kept.parent.mkdir(parents=True)
    kept.write_text("head\n" + "".join(f"  line {number}\n" for number in range(MAX_TRACE_LINES + 1)))
    assert trace_lines(LocalSource(tmp_path), f"{kept.relative_to(tmp_path)}@0")[0] == "    … 1 more line"


def test_a_progress_bar_of_the_script_is_echoed_as_it_stands(tmp_path: Path, here: Here) -> None:
    script = "def run(b):\n    print('0 %', '50 %', '100 %', sep='\\r')\n    return b\n"
    code, _, err = here(*command(tmp_path, script, 1, "--echo"))
    assert code == 0
    assert "process000 | 100 %\n" in err
    assert "50 %" not in err


def test_how_far_an_unfinished_progress_bar_is_comes_now_and_then(tmp_path: Path) -> None:
    said: list[str] = []
    echo, run = Echo(tmp_path, said.append), Run()
    file = tmp_path / paths.user_stderr("127.0.0.1", "process000")
    file.parent.mkdir(parents=True)
    echo.hear(e.WorkerStarting(1, "127.0.0.1/process000", 7), run)
    for look in range(1, 4):
        with file.open("ab") as stream:
            stream.write(b"".join(b"\r%6d of 90000" % (look * 10_000 + number) for number in range(10_000)))
        echo.tick(run, look * STATES_US)
        echo.tick(run, look * STATES_US + 1_000_000)
    echo.tick(run, 9 * STATES_US)
    assert [line.split("|")[1].strip() for line in said] == [f"{n}9999 of 90000" for n in (1, 2, 3)]


def test_a_command_for_the_end_finds_the_outcome(tmp_path: Path, here: Here) -> None:
    told = tmp_path / "told"
    names = "$BSCORE_JOB $BSCORE_OUTCOME $BSCORE_EXIT_CODE $BSCORE_OUTPUT $BSCORE_TREE"
    line = f'echo "{names}" > {told}; exit 7'
    code, _, err = here(*command(tmp_path, "def run(b):\n    return b\n", 3, "--on-end", line))
    assert code == 0
    tree = tmp_path / "jobs" / "job1"
    assert told.read_text() == f"job1 Completed 0 {tmp_path / 'out/predictions.csv'} {tree}\n"
    assert "--on-end ended with exit code 7" in err


def test_a_command_for_the_end_hears_of_a_failure(tmp_path: Path, here: Here) -> None:
    told = tmp_path / "told"
    line = f'echo "$BSCORE_OUTCOME $BSCORE_EXIT_CODE [$BSCORE_OUTPUT]" > {told}'
    script = "def run(b):\n    raise ValueError\n"
    assert here(*command(tmp_path, script, 3, "--on-end", line, "--set", "error_threshold=0"))[0] == 1
    assert told.read_text() == "Failed 1 []\n"


@pytest.mark.slow
def test_a_detached_job_survives_its_shell_and_prints_its_name(tmp_path: Path, here: Here) -> None:
    told = tmp_path / "told"
    line = f"echo $BSCORE_OUTCOME > {told}.new && mv {told}.new {told}"
    words = command(tmp_path, SLOW, 40, "--detach", "--on-end", line, "--mini-batch-size", "1")
    code, out, err = bscore(tmp_path, *words)
    assert (code, out) == (0, "job1\n")
    assert "bscore-tui job1" in err
    job = load_job(find_job("job1"))
    run = now_of(job)
    assert run is not None
    assert os.getsid(run.pid) == run.pid, "a session of its own"
    log = (job.tree / paths.DRIVER_LOG).read_text()
    assert "'--detach', '--on-end'" in log, "the command as it was typed"
    assert "driver.py" not in log
    wait_for(lambda: has_done(job, 2))
    assert here("job", "cancel", "job1")[0] == 0
    wait_for(told.exists)
    assert told.read_text() == "Canceled\n"
    assert here("job", "resume", "job1", "--detach")[1] == "job1\n"
    assert here("job", "stream", "job1")[0] == 0
    assert sum(rows_of(job).values()) == 40


@pytest.mark.parametrize(
    "verb", ["show", "stream", "cancel", "resume", "debug", "stack", "abandon", "delete"]
)
def test_a_job_is_named_by_an_option_as_well_as_by_the_first_word(here: Here, verb: str) -> None:
    for option in (["-n", "mine"], ["--name", "mine"], ["--name=mine"], ["-n", "mine", "mine"]):
        code, _, err = here("job", verb, *option, *(["3"] if verb == "abandon" else []))
        assert code == 2
        assert "There is no job 'mine'" in err
    if verb != "abandon":
        code, _, err = here("job", verb, "mine", "-n", "other")
        assert code == 2
        assert "Two jobs are named: mine and --name other" in err


def test_the_words_behind_an_option_that_names_the_job_are_the_others(here: Here) -> None:
    code, _, err = here("job", "restart-worker", "-n", "mine", "process000")
    assert (code, "There is no job 'mine'" in err) == (2, True)


def test_what_cannot_go_together_is_refused_before_anything_is_made(tmp_path: Path, here: Here) -> None:
    words = command(tmp_path, SLOW, 3)
    for wrong, remedy in ((["--detach", "--echo"], "Leave --echo out"), (["--watch"], "--detach")):
        code, _, err = here(*words, *wrong)
        assert code == 2
        assert remedy in err
    assert here(*words, "--limit", "0")[0] == 2
    assert "Given, but empty: --name." in here(*words, "--name", "")[2], "an unset shell variable"
    assert not (tmp_path / "jobs").exists()


@pytest.mark.slow
def test_the_chaotic_demo_meets_each_trouble_once_and_scores_every_digit(tmp_path: Path, here: Here) -> None:
    code, out, _ = here("demo", "--chaos", "--workers", "2", "-n", "chaos")
    assert code == 0
    job = load_job(find_job("chaos"))
    failed = only(events_of(job), e.AttemptFailed)
    assert sorted(
        (event.kind, event.signal, event.exit_code) for event in failed if event.kind != "died"
    ) == [
        (FailureKind.EXCEPTION, None, None),
        (FailureKind.TIMEOUT, 9, None),
    ]
    died = [(event.signal, event.exit_code) for event in failed if event.kind is FailureKind.DIED]
    assert sorted(died, key=str) == [(9, None), (None, 3)]
    assert demo_data.accuracy(job.final, demo_data.labels()).total == 1797
    assert len(set(job.final.read_text().splitlines())) == 1797
    for words in ("raised ValueError", "hung:", "killed by signal 9", "exited with code 3", "exactly once"):
        assert words in out
