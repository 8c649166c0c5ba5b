"""For minutes everything is killed or stopped at random, over a script with every fault: nothing is lost.

`BSCORE_SOAK_S` says for how many seconds (default 300), `BSCORE_SOAK_SEED` which chances.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bscore.core.events import FailureKind, Outcome
from bscore.core.limits import Limits
from bscore.master.job import Job
from bscore.node import guard
from real_runs import finish, is_running, make_job, rows_of, run_of, start_master, wait_for

SOAK_S = float(os.environ.get("BSCORE_SOAK_S", "300"))
SEED = int(os.environ.get("BSCORE_SOAK_SEED", "1"))
#: Scored at ten a second by each of two or three workers, this outlasts the chaos by little.
MINI_BATCHES = int(12 * SOAK_S)
ITEMS_EACH = 5
POISON = 73
NODES = ("127.0.0.2", "127.0.0.3")
#: A node that stood still for so long is lost; a worker is ended after less (see LIMITS).
SILENT_S = 4.0
LIMITS = Limits(
    run_invocation_timeout_s=1.5,
    task_overhead_timeout_s=1.0,
    tries=12,
    progress_update_timeout_s=120.0,
    node_silent_s=SILENT_S,
)

SCRIPT = """
import ctypes, os, signal, subprocess, sys, time

def init():
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    open("FOLDER/workers/%d" % os.getpid(), "w").close()

def stay():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
    os._exit(0)

def first_time(number):
    try:
        os.close(os.open("FOLDER/met/%d" % number, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True

def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    number = int(names[0][4:]) // 5
    fault = number % 97
    if fault == 73:
        raise RuntimeError("never")
    if fault == 43:
        return [name + " " + "x" * 300_000 for name in names]
    if fault in (3, 13, 23, 33, 53, 63) and first_time(number):
        if fault == 3: raise ValueError("once")
        if fault == 13: os._exit(7)
        if fault == 23: time.sleep(60)
        if fault == 33: ctypes.string_at(0)
        if fault == 53: sys.exit(3)
        if fault == 63 and not os.fork(): stay()
    time.sleep(0.1)
    return names
"""


def belonging_to(job: Job) -> Iterator[int]:
    """Every living process of a job: masters, agents, workers, guards, and what scripts have started."""
    name, tree = os.fsencode(job.name + "/"), os.fsencode(job.tree)
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{entry}/cmdline").read_bytes()
            known = tree in command or b"\0" + name in command or guard.mark_of(int(entry)).startswith(name)
            if known and is_running(int(entry)):
                yield int(entry)


def agents_of(master: psutil.Process) -> list[psutil.Process]:
    """The processes that own workers: those of detached nodes, or the master itself."""
    children = [child for child in master.children() if is_running(child.pid)]
    return [child for child in children if "bscore.backends.detached_agent" in child.cmdline()] or [master]


def guards_of(agent: psutil.Process) -> list[psutil.Process]:
    """One, once it has started a worker."""
    children = [child for child in agent.children() if is_running(child.pid)]
    return [child for child in children if guard.COMMAND in child.cmdline()]


class Chaos:
    """Terms of a job, each cut short; in each of them something is killed or stopped again and again."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.job, self.folder = job, folder
        self.done: list[tuple[float, str]] = []
        self.gone_s: list[float] = []
        self.descriptors: list[int] = []
        self._chance = random.Random(SEED)
        self._stopped: list[tuple[float, psutil.Process]] = []
        self._may_lose = False

    def term(self, nodes: tuple[str, ...], seconds: float, *, kinds: str = "any") -> bool:
        """One term of at most so many seconds; whether the run has ended by itself."""
        self.descriptors = []
        self._may_lose = len(nodes) > 1 and kinds == "any"
        master = start_master(self.job, nodes=nodes, TMPDIR=str(self.folder / "agents"))
        until_s = time.monotonic() + seconds
        while master.poll() is None and time.monotonic() < until_s:
            with contextlib.suppress(psutil.Error):
                self._do_something(psutil.Process(master.pid), kinds)
            with contextlib.suppress(OSError):
                self.descriptors.append(len(os.listdir(f"/proc/{master.pid}/fd")))
            # The pause between two blows is what is drawn.
            time.sleep(self._chance.uniform(0.1, 0.6))
            self._wake(all_of_them=False)
        if master.poll() is None:
            master.kill()
            self._note("kill master", master.pid)
        self._wake(all_of_them=True)
        code = finish(master)
        died_s = time.monotonic()
        self._wait_until_gone()
        self.gone_s.append(round(time.monotonic() - died_s, 2))
        assert code in (0, -signal.SIGKILL), run_of(self.job).reason
        return code == 0

    def _wait_until_gone(self) -> None:
        try:
            wait_for(lambda: not list(belonging_to(self.job)), timeout_s=10)
        except AssertionError as error:
            left = {
                pid: (guard.mark_of(pid), psutil.Process(pid).cmdline()) for pid in belonging_to(self.job)
            }
            raise AssertionError(f"left behind: {left}; done at last: {self.done[-9:]}") from error

    def _note(self, what: str, pid: int) -> None:
        self.done.append((round(time.monotonic(), 2), f"{what} {pid}"))

    def counts(self) -> dict[str, int]:
        """What was done how often."""
        return dict(Counter(text.rpartition(" ")[0] for _, text in self.done))

    def _wake(self, *, all_of_them: bool) -> None:
        now_s = time.monotonic()
        for due_s, process in list(self._stopped):
            if all_of_them or now_s >= due_s:
                self._stopped.remove((due_s, process))
                with contextlib.suppress(psutil.Error):
                    process.resume()

    def _do_something(self, master: psutil.Process, kinds: str) -> None:
        agent = self._chance.choice(agents_of(master))
        what = self._chance.choice(("kill worker",) * 4 + ("stop worker",) * 2 + ("master", "agent", "guard"))
        if "worker" in what or kinds == "workers":
            self._hit_a_worker(what)
        elif what == "master":
            self._stop("stop master", master, self._chance.uniform(0.2, 3.0))
        elif what == "guard" and agent.status() != psutil.STATUS_STOPPED:
            for warden in guards_of(agent):
                self._kill("kill guard", warden)
                # A guard that dies in the same moment as its agent cannot do what it is for.
                wait_for(lambda: bool(guards_of(agent)) or not is_running(agent.pid))
        elif agent != master:
            self._hit_an_agent(agent)

    def _hit_a_worker(self, what: str) -> None:
        workers = [path for path in (self.folder / "workers").iterdir() if is_running(int(path.name))]
        if not workers:
            return
        worker = psutil.Process(int(self._chance.choice(workers).name))
        if guard.mark_of(worker.pid).startswith(os.fsencode(self.job.name)):
            if what == "stop worker":
                self._stop(what, worker, self._chance.uniform(0.1, 1.2))
            else:
                self._kill("kill worker", worker)

    def _hit_an_agent(self, agent: psutil.Process) -> None:
        what = self._chance.choice(("kill", "stop for long", "stop", "stop", "stop"))
        if what == "stop" or not self._may_lose or not guards_of(agent):
            self._stop("stop agent", agent, self._chance.uniform(0.1, 1.0))
            return
        # One of the two is to stay: a run without nodes has failed.
        self._may_lose = False
        if what == "kill":
            self._kill("kill agent", agent)
        else:
            self._stop("lose agent", agent, SILENT_S + 3.0)

    def _kill(self, what: str, process: psutil.Process) -> None:
        process.kill()
        self._note(what, process.pid)

    def _stop(self, what: str, process: psutil.Process, seconds: float) -> None:
        if all(process != stopped for _, stopped in self._stopped):
            process.suspend()
            self._note(what, process.pid)
            self._stopped.append((time.monotonic() + seconds, process))


def check_between_terms(chaos: Chaos) -> None:
    run_of(chaos.job)  # folds with and without snapshots, and proves the indexes
    assert not list((chaos.folder / "agents").iterdir()), "agents clear their folders away"
    assert not chaos.job.final.exists()


def spread(values: list[int], pick: Callable[[list[int]], int]) -> tuple[int, int]:
    """Of the first third, when all workers had started, and of the last one."""
    third = len(values) // 3
    return pick(values[2:third]), pick(values[-third:])


@pytest.mark.soak
@pytest.mark.timeout(4 * SOAK_S + 300)
def test_everything_is_killed_and_stopped_at_random_and_nothing_is_lost(tmp_path: Path) -> None:
    for name in ("workers", "met", "agents"):
        (tmp_path / name).mkdir()
    script = SCRIPT.replace("FOLDER", str(tmp_path))
    items = MINI_BATCHES * ITEMS_EACH
    job = make_job(
        tmp_path, script, items, name=f"soak-{os.getpid()}", limits=LIMITS, mini_batch_size=ITEMS_EACH
    )
    chaos, terms = Chaos(job, tmp_path), 0
    until_s = time.monotonic() + SOAK_S
    # One long term in which workers die all the time shows whether the master loses descriptors.
    ended = chaos.term((), SOAK_S / 4, kinds="workers")
    sampled = chaos.descriptors
    draw = random.Random(SEED)
    while not ended and time.monotonic() < until_s:
        check_between_terms(chaos)
        ended = chaos.term(draw.choice(((), NODES)), draw.uniform(1.0, 20.0))
        terms += 1
    if not ended:
        check_between_terms(chaos)
        assert finish(start_master(job), timeout_s=2 * SOAK_S) == 0
    check_the_end(job, items)
    assert not list(belonging_to(job))
    first, last = spread(sampled, max)
    print(f"\n{terms + 1} terms; {chaos.counts()}; failures {dict(run_of(job).failures)}")
    print(f"descriptors of the master: at most {first} at first, {last} at last, of {len(sampled)} samples")
    print(f"all gone within {max(chaos.gone_s):.2f} s of a master's end, {sorted(chaos.gone_s)}")
    assert last <= first + 4


def check_the_end(job: Job, items: int) -> None:
    run = run_of(job)
    poisoned = {n for n in range(MINI_BATCHES) if n % 97 == POISON}
    assert run.outcome is Outcome.COMPLETED
    assert {n for start, stop in run.abandoned.pairs() for n in range(start, stop)} == poisoned
    expected = Counter(f"item{n:05d}" for n in range(items) if n // ITEMS_EACH not in poisoned)
    rows: Counter[str] = Counter()
    for row, count in rows_of(job).items():
        rows[row.partition(" ")[0]] += count
    assert rows == expected
    assert run.failures[FailureKind.TIMEOUT]
    assert run.failures[FailureKind.DIED]
    assert list(job.final.parent.iterdir()) == [job.final], "no part files are left"
