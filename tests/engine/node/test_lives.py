"""Nothing a worker started outlives it, no worker outlives its agent, and nobody is charged for a freeze."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bscore.core import events as e
from bscore.core.events import FailureKind
from bscore.core.limits import Limits
from rigs import NODE, Rig

pytestmark = pytest.mark.usefixtures("both_ways")

#: Starts a helper in the way the item names, writes the helper's pid to the item's file, and dies.
HELPERS = """
    import ctypes, os, signal, subprocess, sys, time

    def stay():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
        os._exit(0)

    def run(mini_batch):
        how, file = mini_batch
        if how == "fork":
            pid = os.fork()
            if not pid: stay()
        elif how == "raw fork":
            pid = ctypes.CDLL(None).fork()
            if not pid: stay()
        elif how == "setsid":
            pid = os.fork()
            if not pid:
                os.setsid()
                stay()
        elif how == "setsid without environment":
            command = [sys.executable, "-c", "import time; time.sleep(60)"]
            environment = {"BSCORE_WORKER": os.environ["BSCORE_WORKER"]}
            pid = subprocess.Popen(command, env=environment, start_new_session=True).pid
        elif how == "nested":
            read, write = os.pipe()
            if not os.fork():
                os.setsid()
                pid = os.fork()
                if pid: os.write(write, b"%d" % pid)
                stay()
            pid = int(os.read(read, 20))
        with open(file + ".part", "w") as out:
            out.write(str(pid))
        os.rename(file + ".part", file)
        os._exit(9)
"""


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


@pytest.mark.parametrize("how", ["fork", "raw fork", "setsid", "setsid without environment", "nested"])
def test_a_helper_neither_hides_the_death_of_its_worker_nor_outlives_it(tmp_path: Path, how: str) -> None:
    with Rig(tmp_path, HELPERS) as rig:
        name = rig.start()
        rig.assign(name, [how, str(tmp_path / "pid")])
        rig.until((tmp_path / "pid").exists)
        died = time.monotonic()
        helper = int((tmp_path / "pid").read_text())
        gone = rig.gone()
        assert gone.exit_code == 9
        assert time.monotonic() - died < 1.0
        rig.until(lambda: not is_alive(helper), 3.0)


def test_children_of_this_process_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        with Rig(tmp_path, HELPERS) as rig:
            rig.assign(rig.start(), ["fork", str(tmp_path / "pid")])
            rig.gone()
        assert stranger.poll() is None
        stranger.kill()


def test_orphans_that_end_by_themselves_leave_no_zombies(tmp_path: Path) -> None:
    script = """
        import subprocess
        def run(mini_batch):
            subprocess.run("true & echo $!", shell=True, stdout=open(mini_batch[0], "w"))
            return mini_batch
    """
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), [str(tmp_path / "pid")])
        rig.answered(1)
        orphan = int((tmp_path / "pid").read_text())
        rig.until(lambda: not Path(f"/proc/{orphan}").exists(), 5.0)


AGENT = """
import sys
from pathlib import Path
from rigs import Rig
from bscore.core.limits import Limits

folder, number = Path(sys.argv[1]), int(sys.argv[2])
rig = Rig(folder, "import time\\ndef run(mini_batch):\\n    time.sleep(60)", limits=Limits(600.0))
name = rig.start(number)
rig.assign(name, ["a"])
rig.until(lambda: rig.agent.workers[name].running)
print(*[worker.system.pid for worker in rig.agent.workers.values()], flush=True)
while True:
    rig.agent.poll(60)
"""


def start_agent(folder: Path, workers: int) -> tuple[subprocess.Popen[str], list[int]]:
    """An agent in a process of its own, and the process ids of its workers."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", AGENT, str(folder), str(workers)]
    agent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert agent.stdout is not None
    return agent, [int(pid) for pid in agent.stdout.readline().split()]


@pytest.mark.parametrize("stopped", [False, True])
def test_no_worker_outlives_an_agent_that_is_killed(tmp_path: Path, stopped: bool) -> None:
    agent, pids = start_agent(tmp_path, 2)
    with agent:
        assert len(pids) == 2
        if stopped:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
        agent.kill()
        deadline = time.monotonic() + 5
        while any(map(is_alive, pids)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(map(is_alive, pids))


FREEZER = """
import os, sys, time
from pathlib import Path
from rigs import Rig
from bscore.core import events as e
from bscore.core.limits import Limits

script = "import time\\ndef run(mini_batch):\\n    time.sleep(0.6)\\n    return mini_batch"
limits = Limits(run_invocation_timeout_s=0.7, task_overhead_timeout_s=0.3)
with Rig(Path(sys.argv[1]), script, limits=limits) as rig:
    names = [rig.start(2), "127.0.0.1/process001"]
    for i, name in enumerate(names):
        rig.assign(name, ["a"], first=i)
    rig.until(lambda: all(w.running for w in rig.agent.workers.values()))
    print(*[w.system.pid for w in rig.agent.workers.values()], flush=True)
    rig.answered(2)
    print(*[type(a.event).__name__ for a in rig.answers], flush=True)
"""


@pytest.mark.slow
def test_a_freeze_of_everything_charges_nobody(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", FREEZER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as agent:
        assert agent.stdout is not None
        pids = [agent.pid, *map(int, agent.stdout.readline().split())]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        # The frozen time itself is what is tested: longer than the limit and than what counts as a gap.
        time.sleep(3.0)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        assert agent.stdout.readline().split() == ["Finished", "Finished"]


@pytest.mark.slow
def test_a_worker_that_alone_stands_still_is_charged(tmp_path: Path) -> None:
    limits = Limits(run_invocation_timeout_s=0.4, task_overhead_timeout_s=0.2)
    with Rig(tmp_path, "import time\ndef run(mini_batch): time.sleep(60)", limits=limits) as rig:
        name = rig.start()
        rig.assign(name, ["a"])
        rig.until(lambda: rig.agent.workers[name].running)
        os.kill(rig.agent.workers[name].system.pid, signal.SIGSTOP)
        rig.gone()
        assert [(f.kind, f.place) for f in rig.failures] == [(FailureKind.TIMEOUT, "")]


def test_closing_an_agent_ends_workers_and_what_they_left(tmp_path: Path) -> None:
    script = """
        import os, subprocess
        def init():
            child = subprocess.Popen(["sleep", "60"], start_new_session=True)
            print(child.pid)
        def run(mini_batch): return mini_batch
    """
    with Rig(tmp_path, script) as rig:
        name = rig.start()
        pid = rig.agent.workers[name].system.pid
        child = int(rig.text(f"logs/user/stdout/{NODE}/process000.stdout.txt"))
        rig.agent.close()
        assert not is_alive(pid)
        assert not is_alive(child)
        rig.agent.close()


def test_init_has_a_limit_once_another_worker_is_ready(tmp_path: Path) -> None:
    script = """
        import os, time
        def init():
            try: os.mkdir(os.environ["FLAG"])
            except FileExistsError: return
            time.sleep(60)
        def run(mini_batch): return mini_batch
    """
    # 3 x run_invocation_timeout + 30 s is the rule; a negative timeout makes it two seconds.
    limits = Limits(run_invocation_timeout_s=-28.0 / 3, task_overhead_timeout_s=60.0)
    with Rig(tmp_path, script, limits=limits, environment={"FLAG": str(tmp_path / "flag")}) as rig:
        rig.start(ready=False)
        rig.until(lambda: (tmp_path / "flag").exists())
        started = rig.found(e.WorkerStarting)[0].at
        rig.until(lambda: rig.agent.clock.now() - started > 2_300_000)
        assert not rig.found(e.WorkerGone)
        (half,) = rig.found(e.StacksTaken)
        assert (half.mini_batch, half.place) == (-1, "score.py:6 in init")
        assert "stacks at half of the time-out" in rig.trace(half.trace)
        rig.start(ready=False)
        gone = rig.gone()
        assert gone.worker == "127.0.0.1/process000"
        assert gone.init_failed
        assert "init() did not end within 2 seconds" in gone.cause
        assert "score.py:6 in init" in gone.cause
        (failed,) = rig.found(e.InitFailed)
        assert (failed.kind, failed.place) == (FailureKind.TIMEOUT, "score.py:6 in init")


def test_a_worker_that_does_not_stop_when_asked_is_ended(tmp_path: Path) -> None:
    script = """
        import time
        def run(mini_batch): return mini_batch
        def shutdown(): time.sleep(60)
    """
    limits = Limits(run_invocation_timeout_s=0.3, task_overhead_timeout_s=0.2)
    with Rig(tmp_path, script, limits=limits) as rig:
        name = rig.start()
        rig.assign(name, ["a"])
        rig.stop(name)
        gone = rig.gone()
        assert [a.event.mini_batch for a in rig.answers] == [0]
        assert "did not end within 0.5 seconds" in gone.cause
        assert not rig.failures
