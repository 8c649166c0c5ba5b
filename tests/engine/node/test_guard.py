"""Whatever dies, by whatever signal: nothing that a script has started is left behind, and nobody else's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from bscore.node import guard
from real_runs import SLOW_ECHO, finish, is_running, make_job, rows_of, start_master, wait_for, worker_pids
from rigs import Rig

pytestmark = pytest.mark.usefixtures("both_ways")

#: Starts helpers of every kind, names them in FOLDER, and goes on for as long as it is let.
SCRIPT = """
import ctypes, os, signal, subprocess, sys, time

def started(pid, kind):
    open('FOLDER/%d.%s' % (pid, kind), 'w').close()

def stay(kind):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    started(os.getpid(), kind)
    time.sleep(60)
    os._exit(0)

def init():
    started(subprocess.Popen(['sleep', '60']).pid, 'group')
    started(subprocess.Popen(['sleep', '60'], start_new_session=True).pid, 'session')
    bare = {name: value for name, value in os.environ.items() if name != 'BSCORE_WORKER'}
    started(subprocess.Popen(['sleep', '60'], env=bare).pid, 'unmarked')
    started(subprocess.Popen(['sleep', '60'], env=bare, preexec_fn=lambda: os.setpgid(0, 0)).pid, 'own group')
    if not os.fork():
        stay('fork')
    if not os.fork():
        os.setsid()
        if not os.fork():
            stay('daemon')
        os._exit(0)

def run(mini_batch):
    time.sleep(60)
"""
KINDS = {"group", "session", "unmarked", "own group", "fork", "daemon"}


def guards_of(pid: int) -> list[psutil.Process]:
    """The guards of an agent."""
    found = []
    for child in psutil.Process(pid).children():
        with contextlib.suppress(psutil.Error):
            if guard.COMMAND in child.cmdline():
                found.append(child)
    return found


def helpers_in(folder: Path) -> dict[int, str]:
    """What scripts say that they have started: kinds by process id."""
    return {int(name): kind for name, kind in (path.name.split(".") for path in folder.iterdir())}


class Started:
    """A master with two workers whose script has started one helper of each kind per worker."""

    def __init__(self, folder: Path, name: str = "job1") -> None:
        self.helpers = folder / "helpers"
        self.helpers.mkdir(parents=True)
        self.job = make_job(folder, SCRIPT.replace("FOLDER", str(self.helpers)), name=name)
        self.master = start_master(self.job)
        wait_for(lambda: len(list(self.helpers.iterdir())) == 2 * len(KINDS), timeout_s=30)
        found = helpers_in(self.helpers)
        assert set(found.values()) == KINDS
        self.workers = worker_pids(self.job)
        (self.guard,) = guards_of(self.master.pid)
        self.pids = [*found, *self.workers, self.guard.pid]
        assert all(map(is_running, self.pids))

    def has_another_guard_than(self, pid: int) -> bool:
        return [warden.pid for warden in guards_of(self.master.pid)] not in ([], [pid])

    def end(self) -> None:
        """Kill the master and wait until nothing is left."""
        self.master.kill()
        finish(self.master)
        self.wait_until_gone()

    def wait_until_gone(self) -> None:
        found = helpers_in(self.helpers)
        try:
            wait_for(lambda: not any(map(is_running, self.pids)), timeout_s=3)
        except AssertionError as error:
            left = {pid: found.get(pid, "worker or guard") for pid in self.pids if is_running(pid)}
            raise AssertionError(f"left after 3 seconds: {left}") from error


@pytest.mark.parametrize("stopped", [False, True])
def test_a_killed_master_leaves_nothing_that_its_script_had_started(tmp_path: Path, stopped: bool) -> None:
    started = Started(tmp_path)
    if stopped:
        for pid in (started.workers[0], *helpers_in(started.helpers)):
            os.kill(pid, signal.SIGSTOP)
    started.end()


def test_what_starts_others_while_it_is_killed_is_killed_with_them(tmp_path: Path) -> None:
    script = f"""
import subprocess, time
def init():
    subprocess.Popen(["sh", "-c", "while :; do sleep 0.0123; done"], start_new_session=True)
    subprocess.Popen(["sh", "-c", "while :; do sleep 0.0123; done"])
    open({str(tmp_path / "begun")!r}, "w").close()
def run(mini_batch):
    time.sleep(60)
"""
    master = start_master(make_job(tmp_path, script, workers=1))
    wait_for((tmp_path / "begun").exists)
    (warden,) = guards_of(master.pid)
    master.kill()
    finish(master)
    wait_for(lambda: not is_running(warden.pid), timeout_s=3)
    left = [
        p.pid for p in psutil.process_iter(["cmdline"]) if "sleep 0.0123" in " ".join(p.info["cmdline"] or ())
    ]
    assert not any(map(is_running, left))


def test_the_guard_of_one_job_leaves_another_job_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        one, two = Started(tmp_path / "one"), Started(tmp_path / "two")
        one.end()
        assert all(map(is_running, two.pids))
        two.end()
        assert stranger.poll() is None
        stranger.kill()


def test_after_an_end_in_order_the_guard_has_ended(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): return mini_batch") as rig:
        assert not guards_of(os.getpid()), "no guard where there is nothing to guard"
        rig.assign(rig.start(2), ["a"])
        (warden,) = guards_of(os.getpid())
        rig.answered(1)
        rig.agent.close()
        assert not psutil.pid_exists(warden.pid), "not even as a zombie"


def test_ctrl_c_and_termination_do_not_end_the_guard(tmp_path: Path) -> None:
    started = Started(tmp_path)
    assert os.getsid(started.guard.pid) == os.getpgid(started.guard.pid) == started.guard.pid
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        os.kill(started.guard.pid, number)
    started.end()


def test_a_guard_holds_no_descriptor_but_its_own(tmp_path: Path) -> None:
    read_fd, write_fd = os.pipe()
    os.set_inheritable(write_fd, True)
    with Rig(tmp_path, "def run(mini_batch): return mini_batch") as rig:
        rig.start()
        (warden,) = guards_of(os.getpid())
        targets = {os.readlink(path) for path in Path(f"/proc/{warden.pid}/fd").iterdir()}
        held = {t for t in targets if t != os.devnull and not t.startswith("anon_inode:[pidfd]")}
        assert len(held) == 1, held
        os.close(write_fd)
        assert os.read(read_fd, 1) == b"", "nobody else holds the other end"
        os.close(read_fd)


def test_a_guard_that_is_killed_is_replaced_and_its_successor_knows_everything(tmp_path: Path) -> None:
    started = Started(tmp_path)
    for _ in range(6):
        last = started.pids[-1]
        os.kill(last, signal.SIGKILL)
        wait_for(partial(started.has_another_guard_than, last))
        started.pids += [warden.pid for warden in guards_of(started.master.pid)]
        assert is_running(started.pids[-1])
    started.end()


def test_guards_that_always_die_are_given_up_until_the_next_worker_starts(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): return mini_batch") as rig:
        rig.start()
        log = "logs/sys/node/127.0.0.1/_main.txt"
        while "again and again" not in rig.text(log):
            for warden in guards_of(os.getpid()):
                warden.kill()
            rig.reports += rig.agent.poll(0.01).reports
        assert not guards_of(os.getpid())
        rig.start()
        (warden,) = guards_of(os.getpid())


def test_a_stopped_guard_blocks_nobody(tmp_path: Path) -> None:
    with Rig(tmp_path, "import os\ndef run(mini_batch): os._exit(1)") as rig:
        name = rig.start()
        (warden,) = guards_of(os.getpid())
        warden.suspend()
        rig.assign(name, ["a"])
        rig.gone()
        begun = time.monotonic()
        rig.agent.close()
        assert time.monotonic() - begun < 8
        assert not psutil.pid_exists(warden.pid)
        assert "did not end by itself" in rig.text("logs/sys/node/127.0.0.1/_main.txt")


def test_a_job_that_ends_well_leaves_nothing(tmp_path: Path) -> None:
    leaves = "def init():\n    import subprocess\n    print(subprocess.Popen(['sleep', '60']).pid)\n"
    job = make_job(tmp_path, SLOW_ECHO + leaves, items=20)
    master = start_master(job)
    assert finish(master) == 0
    assert sum(rows_of(job).values()) == 20
    prints = (job.tree / "logs/user/stdout/127.0.0.1").iterdir()
    helpers = [int(line) for path in prints for line in path.read_text().split()]
    assert helpers
    assert not any(map(is_running, helpers))


class Stranger:
    """A process that leads a session of its own, with one child; `mark` stands in its environment."""

    def __init__(self, mark: str = "") -> None:
        command = (
            "import subprocess; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
        )
        environment = {"BSCORE_WORKER": mark} if mark else {}
        self.leader = subprocess.Popen(
            [sys.executable, "-c", command], stdout=subprocess.PIPE, start_new_session=True, env=environment
        )
        assert self.leader.stdout is not None
        self.child = int(self.leader.stdout.readline())

    @property
    def lives(self) -> bool:
        return all(map(is_running, (self.leader.pid, self.child)))

    def end(self) -> None:
        if is_running(self.child):
            os.kill(self.child, signal.SIGKILL)
        self.leader.kill()
        self.leader.communicate()


def told(tmp_path: Path, prefix: str, *lines: str) -> None:
    """A guard that is told these lines, which then ends."""
    command = [sys.executable, "-I", "-S", "-c", guard.COMMAND, str(Path(guard.__file__).parent)]
    subprocess.run(
        [*command, prefix, str(os.getpid())], input="".join(lines).encode(), check=True, timeout=20
    )


def test_a_number_that_means_another_process_by_now_is_left_alone(tmp_path: Path) -> None:
    stranger = Stranger()
    state = guard.state_of(stranger.leader.pid)
    assert state is not None
    told(tmp_path, "job/1/1/", f"+{stranger.leader.pid} {state.start - 1}\n")
    assert stranger.lives, "the worker of this number had begun earlier"
    told(tmp_path, "job/1/1/", f"+{stranger.leader.pid} {state.start}\n", f"-{stranger.leader.pid}\n")
    assert stranger.lives, "it was said that nothing of that worker is left"
    told(tmp_path, "job/1/1/", f"+{stranger.leader.pid} {state.start}\n")
    assert not is_running(stranger.leader.pid)
    assert not is_running(stranger.child)
    stranger.end()


@pytest.mark.parametrize(
    ("mark", "killed"),
    [("job/1/7/9/process000", True), ("job/1/70/9/process000", False), ("job/2/7/9/process000", False)],
)
def test_a_mark_counts_where_it_begins_as_the_agents_own(tmp_path: Path, mark: str, killed: bool) -> None:
    stranger = Stranger(mark)
    told(tmp_path, "job/1/7/")
    assert stranger.lives is not killed
    stranger.end()
