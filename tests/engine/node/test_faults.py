"""Everything a scoring script can do to its worker, on real processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from bscore.core import events as e
from bscore.core.events import FailureKind
from bscore.core.limits import Limits
from bscore.node.messages import Answer
from rigs import NODE, Rig

pytestmark = pytest.mark.usefixtures("both_ways")

ONE_SECOND = Limits(run_invocation_timeout_s=0.6, task_overhead_timeout_s=0.4)

#: run() looks at the name of its item and does what that says.
SCRIPT = """
    import ctypes, os, sys, time

    class Stubborn(Exception):
        def __init__(self, a, b):
            super().__init__("no pickle for me")
            self.lock = __import__("threading").Lock()

    def deep():
        time.sleep(60)

    def run(mini_batch):
        what = mini_batch[0]
        if what == "raise": raise ValueError("bad\\x00 row")
        if what == "stubborn": raise Stubborn(1, 2)
        if what == "hang": deep()
        if what == "spin":
            while True: pass
        if what == "hold": ctypes.PyDLL(None).sleep(60)
        if what == "babble":
            for fd in os.listdir("/proc/self/fd"):
                if os.path.exists("/proc/self/fd/" + fd) and "socket" in os.readlink("/proc/self/fd/" + fd):
                    os.write(int(fd), b"\\1\\0\\0\\0\\0\\0\\0\\0babble")
            time.sleep(60)
        if what == "os._exit": os._exit(7)
        if what == "sys.exit": sys.exit(3)
        if what == "sys.exit text": sys.exit("giving up")
        if what == "segfault": ctypes.string_at(0)
        if what == "kill": os.kill(os.getpid(), 9)
        if what == "interrupt": raise KeyboardInterrupt("mine")
        if what == "print": print("x" * 1_000_000)
        if what == "close": sys.stdout.close()
        if what == "replace":
            import io
            sys.stdout = io.StringIO()
            print("lost")
        if what == "stop": os.kill(os.getpid(), 19)
        if what == "close fds": os.closerange(3, 1 << 20)
        return mini_batch
"""


def at(line: str, function: str = "run") -> str:
    """The place of a line of the script, as reports name it."""
    lines = [text.strip() for text in SCRIPT.splitlines()]
    return f"score.py:{lines.index(line) + 1} in {function}"


def test_an_exception_is_charged_with_its_place_and_trace(tmp_path: Path) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        rig.assign(rig.start(), ["raise"], ["fine"])
        failed, done = rig.answered(2)
        event = failed.event
        assert isinstance(event, e.AttemptFailed)
        assert (event.kind, event.error_type, event.place) == (
            FailureKind.EXCEPTION,
            "ValueError",
            at(r'if what == "raise": raise ValueError("bad\x00 row")'),
        )
        assert event.item == "raise"
        trace = rig.trace(event.trace)
        assert "mini-batch 0, attempt 1, first item raise" in trace
        assert "ValueError: bad\\x00 row" in trace
        assert "bscore_worker" not in trace
        assert done.event.mini_batch == 1
        assert not rig.found(e.WorkerGone)
        assert "RUN_EXCEPTION" in rig.text(f"logs/sys/error/{NODE}/process000.txt")


@pytest.mark.parametrize("what", ["stubborn", "interrupt"])
def test_any_exception_crosses_as_text_and_leaves_the_worker_alive(tmp_path: Path, what: str) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        rig.assign(rig.start(), [what], ["fine"])
        failed, done = rig.answered(2)
        assert isinstance(failed.event, e.AttemptFailed)
        assert failed.event.error_type in ("score.Stubborn", "KeyboardInterrupt")
        assert isinstance(done.event, e.Finished)


@pytest.mark.parametrize(
    ("what", "code", "number", "words"),
    [
        ("os._exit", 7, None, "exit code 7"),
        ("sys.exit", 3, None, "sys.exit() in run() (score.py:"),
        ("sys.exit text", 1, None, "sys.exit() in run()"),
        ("segfault", None, signal.SIGSEGV, "native code"),
        ("kill", None, signal.SIGKILL, "memory"),
    ],
)
def test_a_death_charges_the_running_mini_batch_only(
    tmp_path: Path, what: str, code: int | None, number: int | None, words: str
) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        rig.assign(rig.start(), ["fine"], [what], ["prefetched"])
        gone = rig.gone()
        assert (gone.exit_code, gone.signal, gone.init_failed) == (code, number, False)
        assert words in gone.cause
        assert [(f.mini_batch, f.kind, f.exit_code, f.signal) for f in rig.failures] == [
            (1, FailureKind.DIED, code, number)
        ]
        charged = next(r for r in rig.reports if isinstance(r, Answer) and r.event is rig.failures[0])
        assert rig.reports.index(charged) < rig.reports.index(gone)
        returncode = code if number is None else -number
        assert f"process000 exits with returncode {returncode}." in rig.text(
            f"logs/sys/node/{NODE}/_main.txt"
        )


def test_a_crash_in_native_code_says_where_the_script_was(tmp_path: Path) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        rig.assign(rig.start(), ["segfault"])
        rig.gone()
        assert rig.failures[0].place == at('if what == "segfault": ctypes.string_at(0)')
        trace = rig.trace(rig.failures[0].trace)
        assert "Segmentation fault" in trace
        assert "bscore_worker" not in trace


@pytest.mark.parametrize(
    ("what", "place"),
    [
        ("hang", at("time.sleep(60)", "deep")),
        ("spin", at("while True: pass")),
        ("hold", at('if what == "hold": ctypes.PyDLL(None).sleep(60)')),
    ],
)
def test_a_time_out_says_where_and_charges_once_the_process_is_dead(
    tmp_path: Path, what: str, place: str
) -> None:
    with Rig(tmp_path, SCRIPT, limits=ONE_SECOND) as rig:
        rig.assign(rig.start(), [what], ["prefetched"])
        gone = rig.gone()
        (failure,) = rig.failures
        assert (failure.kind, failure.place, failure.mini_batch) == (FailureKind.TIMEOUT, place, 0)
        assert 1.0 <= failure.elapsed_ns / 1e9 < 3.0
        assert "1 seconds" in failure.message
        assert gone.signal == signal.SIGKILL
        assert "exceeded 1 seconds" in gone.cause
        assert rig.found(e.WorkerStopping)
        # A signal would interrupt what native code waits for; a mini-batch that is only slow must not notice.
        half = [] if what == "hold" else [(0, place)]
        assert [(s.mini_batch, s.place) for s in rig.found(e.StacksTaken)] == half
        line = rig.text(f"logs/sys/error/{NODE}/process000.txt")
        assert "|ERROR|" in line
        assert "Stop for run() unable to finish within 1 seconds for {" in line
        assert '"status": "RUN_TIMEOUT"' in line


def test_a_time_out_of_a_stopped_process_says_that_it_was_stopped(tmp_path: Path) -> None:
    with Rig(tmp_path, SCRIPT, limits=ONE_SECOND) as rig:
        rig.assign(rig.start(), ["stop"])
        rig.gone()
        (failure,) = rig.failures
        assert failure.kind is FailureKind.TIMEOUT
        assert failure.message.endswith(
            "; its process was stopped by a signal (SIGSTOP), so that it could not go on"
        )


@pytest.mark.parametrize("what", ["close", "replace", "print"])
def test_a_script_may_do_to_its_stdout_what_it_likes(tmp_path: Path, what: str) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        rig.assign(rig.start(), [what], ["fine"], ["fine"])
        answers = rig.answered(3)
        assert all(isinstance(answer.event, e.Finished) for answer in answers)
        size = (rig.tree / f"logs/user/stdout/{NODE}/process000.stdout.txt").stat().st_size
        last = answers[-1].event
        assert last.stdout == size == (1_000_001 if what == "print" else 0)


def test_a_script_that_closes_every_descriptor_is_a_death(tmp_path: Path) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        rig.assign(rig.start(), ["close fds"])
        rig.gone()
        assert [f.kind for f in rig.failures] == [FailureKind.DIED]


def test_a_worker_that_talks_nonsense_is_ended_and_charged(tmp_path: Path) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        rig.assign(rig.start(), ["fine"], ["babble"], ["prefetched"])
        gone = rig.gone()
        assert "no message" in gone.cause
        assert [(f.mini_batch, f.kind) for f in rig.failures] == [(1, FailureKind.DIED)]


def test_killing_from_outside_while_idle_charges_nobody(tmp_path: Path) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        name = rig.start()
        os.kill(rig.agent.workers[name].system.pid, signal.SIGKILL)
        gone = rig.gone()
        assert gone.signal == signal.SIGKILL
        assert not gone.init_failed
        assert not rig.failures


def test_killing_by_order_charges_nobody(tmp_path: Path) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        name = rig.start()
        rig.assign(name, ["hang"])
        rig.until(lambda: rig.agent.workers[name].running)
        rig.kill(name)
        gone = rig.gone()
        assert gone.cause == "asked to"
        assert [s.reason for s in rig.found(e.WorkerStopping)] == ["asked to"]
        assert not rig.answers


def test_a_hung_worker_gives_back_what_it_has_not_begun(tmp_path: Path) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        name = rig.start()
        rig.assign(name, ["spin"], ["b"], ["c"])
        rig.until(lambda: rig.agent.workers[name].running)
        asked = time.monotonic()
        rig.withdraw(name, 0, 1, 2)
        (event,) = rig.until(lambda: rig.found(e.Withdrawn))
        assert event.pairs == ((1, 2),)
        assert time.monotonic() - asked < 1.0


def test_what_was_given_back_is_never_run(tmp_path: Path) -> None:
    script = """
        import time
        def run(mini_batch):
            print(mini_batch[0])
            time.sleep(0.3)
            return mini_batch
    """
    with Rig(tmp_path, script) as rig:
        name = rig.start()
        rig.assign(name, ["a"], ["b"], ["c"])
        rig.until(lambda: rig.agent.workers[name].running)
        rig.withdraw(name, 1)
        rig.answered(2)
        assert [a.event.mini_batch for a in rig.answers] == [0, 2]
        assert [w.pairs for w in rig.found(e.Withdrawn)] == [((1, 1),)]
        assert rig.text(f"logs/user/stdout/{NODE}/process000.stdout.txt") == "a\nc\n"
        order = [type(r).__name__ for r in rig.reports if isinstance(r, Answer | e.Withdrawn)]
        assert order.index("Withdrawn") < 2


def test_an_order_to_a_worker_that_is_gone_gives_its_mini_batches_back(tmp_path: Path) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        rig.assign("127.0.0.1/process009", ["a"], ["b"], first=4)
        rig.withdraw("127.0.0.1/process009", 4)
        rig.kill("127.0.0.1/process009")
        rig.until(lambda: rig.found(e.Withdrawn))
        assert rig.found(e.Withdrawn)[0].pairs == ((4, 2),)


def test_a_huge_assignment_to_a_hung_worker_blocks_nobody(tmp_path: Path) -> None:
    with Rig(tmp_path, SCRIPT) as rig:
        hung = rig.start(2)
        rig.assign(hung, ["spin"])
        rig.until(lambda: rig.agent.workers[hung].running)
        many = [f"{'x' * 200}/{i}" for i in range(100_000)]
        rig.assign(hung, many, first=1)
        assert rig.agent.workers[hung].link.unsent_bytes() > 10_000_000
        rig.assign("127.0.0.1/process001", ["a"], first=9)
        rig.answered(1)
        rig.withdraw(hung, 1)
        assert rig.until(lambda: rig.found(e.Withdrawn))[0].pairs == ((1, 1),)


def test_a_huge_assignment_arrives_whole(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): return [len(mini_batch), mini_batch[-1]]") as rig:
        many = [f"{'x' * 200}/{i}" for i in range(30_000)]
        rig.assign(rig.start(), many)
        (answer,) = rig.answered(1)
        assert answer.rows == f"30000\n{many[-1]}\n".encode()
