"""Five walks through the monitor in a real terminal, each with a number of keys it may take.

What is seen is compared with the journal of a job that really ran. Leaving the monitor in any way,
also against its will, leaves the job as it is.
"""

import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.logtree.history import read_history
from bscore.logtree.source import LocalSource
from bscore.master.job import Job
from cli_runs import WAITING, environment, is_busy, only, start
from real_runs import events_of, expected_rows, finish, make_job, rows_of, run_of, start_master, wait_for
from tmux import Tmux

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]

#: item00005 fails once, every item from item00030 on always.
FAILING = """
import os
def price_of(name):
    prices = {{}}
    return prices[name]
def run(mini_batch):
    name = os.path.basename(mini_batch[0])
    if name == "item00005" and not os.path.exists({mark!r}):
        open({mark!r}, "w").close()
        raise OSError("not yet")
    return [price_of(name)] if name >= "item00030" else [name]
"""
#: Six items far from each other hang, so that one is certainly the oldest.
HANGING = """
import os, time
def fetch(name):
    print("asking for", name, flush=True)
    open(os.path.join({begun!r}, name + ".begun"), "w").close()
    while True:
        time.sleep(0.05)
def run(mini_batch):
    name = os.path.basename(mini_batch[0])
    if name in ["item%05d" % number for number in range(200, 1400, 200)]:
        fetch(name)
    return [name]
"""

Open = Callable[..., Tmux]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens monitors, each in a terminal of its own, with a home nobody has used."""
    terminals: list[Tmux] = []

    def open_monitor(job: str | Path, home: Path | None = None) -> Tmux:
        environ = environment(home or tmp_path / "home")
        environ |= {"HOME": str(tmp_path), "TZ": "UTC", "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"}
        command = [sys.executable, "-m", "bscore_tui", str(job)]
        terminals.append(Tmux(tmp_path / f"terminal{len(terminals)}", command, environ))
        terminals[-1].until("? keys", "quit")
        return terminals[-1]

    yield open_monitor
    for terminal in terminals:
        terminal.kill()


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job that failed with the first item given up."""
    folder = tmp_path_factory.mktemp("failed")
    script = FAILING.format(mark=str(folder / "mark"))
    limits = Limits(error_threshold=0, tries=3)
    job = make_job(folder, script, 60, mini_batch_size=1, limits=limits)
    assert finish(start_master(job)) != 0
    return job


def _failures(job: Job) -> list[e.AttemptFailed]:
    return only(events_of(job), e.AttemptFailed)


def test_a_failed_job_shows_the_raising_line_within_two_keys(failed: Job, opened: Open) -> None:
    terminal = opened(failed.tree)
    terminal.until("Failed", "KeyError")
    terminal.press("Enter")
    # The frames are read from the trace's file, and so may come after the rest.
    text = terminal.until("> trace", "KeyError:", true=lambda seen: "return prices[name]" in _raising(seen))
    cause = [event for event in _failures(failed) if event.error_type == "KeyError"]
    assert cause[0].place.split(" in ")[0].rpartition("/")[2] in text
    assert any(f"KeyError: {event.message}" in text for event in cause)
    assert terminal.pressed <= 2


def _raising(text: str) -> str:
    """The first row that is marked."""
    return next((row for row in text.splitlines() if row.lstrip().startswith(">")), "")


def test_of_many_six_hang_and_the_stack_of_the_oldest_is_two_keys_away(tmp_path: Path, opened: Open) -> None:
    limits = Limits(run_invocation_timeout_s=6, task_overhead_timeout_s=6)
    script = HANGING.format(begun=str(tmp_path))
    job = make_job(tmp_path, script, 3_000, mini_batch_size=1, workers=7, limits=limits)
    master = start_master(job)
    try:
        wait_for(lambda: len(list(tmp_path.glob("*.begun"))) == 6, 30)
        wait_for(lambda: len(only(events_of(job), e.StacksTaken)) == 6, 30)
        taken = only(events_of(job), e.StacksTaken)
        terminal = opened(job.tree)
        terminal.until("2,994 done", "6 running")
        terminal.press("2", "Enter")
        text = terminal.until("> mini-batch", "score.py:7 in")
        shown = re.search(r"> mini-batch (\d+)", text)
        assert shown is not None
        number = int(shown[1])
        assert number == _first_begun(tmp_path)
        assert next(event.place for event in taken if event.mini_batch == number).startswith(
            "score.py:7 in fetch"
        )
        assert terminal.pressed == 2
    finally:
        master.kill()
        master.communicate()


def _first_begun(folder: Path) -> int:
    """The mini-batch that the script itself saw first of those that hang."""
    marks = sorted(folder.glob("*.begun"), key=lambda mark: mark.stat().st_mtime_ns)
    return int(marks[0].stem.removeprefix("item"))


@pytest.mark.parametrize("name", ["item00005", "item00012", "item00030"])
def test_an_items_name_leads_to_its_fate(failed: Job, opened: Open, name: str) -> None:
    terminal = opened(failed.tree)
    terminal.press(":")
    terminal.type(f"item {name}")
    terminal.press("Enter")
    number = int(name[4:])
    text = terminal.until(f"> mini-batch {number}", f"/data/{name}", "tr")
    run, tries = run_of(failed), sum(event.mini_batch == number for event in _failures(failed))
    if number in run.done:
        assert f"done on try {tries + 1}" in text
    else:
        # The first that is given up ends the run; another one that was as far stays unfinished.
        given_up = number in run.abandoned
        assert (f"abandoned after {tries} of 3 tries" in text) == given_up
        assert (f"not finished, {tries} of 3 tries failed" in text) == (not given_up)
    assert terminal.pressed <= 3


def test_an_error_shows_every_screen_at_its_moment(failed: Job, opened: Open) -> None:
    terminal = opened(failed.tree)
    terminal.press("e")
    text = terminal.until("[4 Errors")
    terminal.press("T")
    text = terminal.until("REPLAY")
    shown = re.search(r"REPLAY =\s+(\d\d:\d\d:\d\d\.\d)", text)
    assert shown is not None
    times = [event for event in _failures(failed) if _tenths(event.at) == shown[1]]
    assert times, "the moment is that of a failed attempt"
    for key, screen in (("1", "[1 Overview]"), ("2", "[2 Batches]"), ("3", "[3 Nodes]"), ("6", "[6 Logs]")):
        terminal.press(key)
        text = terminal.until(screen, shown[1])
        done = re.search(r"(\d+) done", text)
        if done is not None:
            assert int(done[1]) in {_done_at(failed, event.at) for event in times}
    terminal.press("End")
    terminal.until("END", true=lambda seen: "REPLAY" not in seen)
    assert terminal.pressed <= 7


def _tenths(at: int) -> str:
    seconds = at // 1_000_000 % 86_400
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{at // 100_000 % 10}"


def _done_at(job: Job, at: int) -> int:
    return sum(event.at <= at for event in only(events_of(job), e.Finished))


def test_the_demo_is_watched_from_its_start_to_its_end(tmp_path: Path, opened: Open) -> None:
    home = tmp_path / "jobs-home"
    arguments = ("demo", "--seconds", "4", "--workers", "2", "--name", "digits")
    with start(home, *arguments) as demo:
        tree = home / "jobs" / "digits"
        wait_for(lambda: (tree / "logs/sys/master_role.txt").exists(), 30)
        terminal = opened("digits", home)
        terminal.until("LIVE", "2 running")
        terminal.until("Completed after", "END", "100.0 %", "1,797 rows", seconds=40)
        demo.communicate(timeout=30)
        assert demo.returncode == 0
    run = read_history(LocalSource(str(tree))).run
    assert f"{len(run.done)} done" in terminal.text
    terminal.press("q")
    terminal.until("left with 0")
    assert terminal.pressed == 1


def test_whatever_happens_to_the_monitor_the_job_goes_on(tmp_path: Path, opened: Open) -> None:
    gate = tmp_path / "gate"
    job = make_job(tmp_path, WAITING.format(gate=str(gate)), 60)
    master = start_master(job)
    try:
        wait_for(lambda: is_busy(job))
        for leave in (_quit, _kill, Tmux.kill):
            terminal = opened(job.tree)
            terminal.until("LIVE", "running")
            watching = psutil.Process(terminal.shell_pid()).children()
            assert watching
            leave(terminal)
            psutil.wait_procs(watching, timeout=10)
            assert not any(process.is_running() for process in watching)
            assert master.poll() is None
        gate.touch()
        assert finish(master) == 0
    finally:
        if master.poll() is None:
            master.kill()
            master.communicate()
    assert rows_of(job) == expected_rows(60)
    events = events_of(job)
    assert not only(events, e.AttemptFailed)
    assert len(only(events, e.TermStarted)) == 1
    assert [event.outcome for event in only(events, e.RunEnded)] == [e.Outcome.COMPLETED]


def _quit(terminal: Tmux) -> None:
    terminal.press("q")
    terminal.until("left with")


def _kill(terminal: Tmux) -> None:
    for process in psutil.Process(terminal.shell_pid()).children():
        os.kill(process.pid, signal.SIGKILL)
    terminal.until("left with 137")
