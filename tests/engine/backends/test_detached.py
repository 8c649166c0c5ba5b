"""Detached: agents in other processes that die, fall silent, or lose their master."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from bscore.backends.detached import DetachedBackend
from bscore.backends.detached_agent import Fence
from bscore.backends.detached_shipping import LogShipper
from bscore.backends.detached_valid import load, why_nonsense
from bscore.backends.detached_wire import PIECE_BYTES, Alive, Connection, SpoolPiece
from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.core.state import Run
from bscore.errors import BscoreError
from bscore.logtree.samples import SAMPLES
from bscore.logtree.writer import TreeWriter
from bscore.master.run import run_job
from bscore.node.messages import Answer, Heartbeat, LogChunk, Poll
from real_runs import events_of, expected_rows, is_running, make_job, rows_of, run_of, wait_for

TWO_NODES = partial(DetachedBackend, nodes=("127.0.0.2", "127.0.0.3"))


@pytest.fixture(autouse=True)
def folders_of_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where agents get their temporary folders; empty again in the end."""
    folder = tmp_path / "agents"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def agents() -> list[psutil.Process]:
    """The agent processes that this process started and that live."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if "bscore.backends.detached_agent" in child.cmdline():
                found.append(child)
    return found


#: One worker says who it is and gets stuck, once; the others go on.
STICKS = """
import os, time
def run(mini_batch):
    if "item00200" in mini_batch[0] and not os.path.exists("STUCK"):
        with open("STUCK", "w") as file:
            print(os.getpid(), file=file)
        time.sleep(60)
    return [os.path.basename(path) for path in mini_batch]
"""


class Saboteur:
    """Does something to an agent while a worker of it is known to be running a mini-batch."""

    def __init__(self, stuck: Path, act: Callable[[psutil.Process], None]) -> None:
        self._stuck, self._act = stuck, act
        self.node = ""
        self.pids: list[int] = []

    def hear(self, event: e.Event, run: Run) -> None:
        """Nothing."""

    def tick(self, run: Run, now: int) -> None:
        """Look."""
        if self.pids or not self._stuck.exists() or not self._stuck.read_text().endswith("\n"):
            return
        worker = psutil.Process(int(self._stuck.read_text()))
        self.node = next(w.node for w in run.workers.values() if w.pid == worker.pid)
        agent = worker.parent()
        assert agent is not None
        self.pids = [agent.pid, *(child.pid for child in agent.children(recursive=True))]
        self._act(agent)

    def close(self, run: Run) -> None:
        """Nothing."""


def check_loss_of_a_node(
    folder: Path, act: Callable[[psutil.Process], None], limits: Limits, reason: str
) -> None:
    stuck = folder / "stuck"
    job = make_job(folder, STICKS.replace("STUCK", str(stuck)), items=1500, limits=limits)
    saboteur = Saboteur(stuck, act)
    assert run_job(job, [saboteur], make_backend=TWO_NODES).outcome is e.Outcome.COMPLETED
    assert rows_of(job) == expected_rows(1500)
    (lost,) = [event for event in events_of(job) if isinstance(event, e.NodeLost)]
    assert lost.node == saboteur.node
    assert reason in lost.reason
    run = run_of(job)
    assert 1 <= run.failures[e.FailureKind.LOST] <= 2, "what ran on its workers is charged, nothing else"
    assert not run.abandoned
    assert len(saboteur.pids) >= 3
    wait_for(lambda: not any(map(is_running, saboteur.pids)), timeout_s=3)


def test_the_other_node_finishes_when_an_agent_is_killed(tmp_path: Path, folders_of_agents: Path) -> None:
    check_loss_of_a_node(tmp_path, psutil.Process.kill, Limits(), "signal 9")
    assert not list(folders_of_agents.iterdir())


@pytest.mark.slow
def test_a_silent_agent_is_lost_after_the_limit(tmp_path: Path, folders_of_agents: Path) -> None:
    check_loss_of_a_node(tmp_path, psutil.Process.suspend, Limits(node_silent_s=1.5), "nothing heard")
    assert not list(folders_of_agents.iterdir())


MASTER = """
import sys, tempfile
from functools import partial
from pathlib import Path
from typing import Any
from bscore.backends.detached import DetachedBackend
from bscore.backends.local import LocalBackend
from bscore.master.job import load_job
from bscore.master.run import run_job
from bscore.node.messages import Answer, Heartbeat, LogChunk, Poll
tempfile.tempdir = sys.argv[2]
two_nodes = partial(DetachedBackend, nodes=("127.0.0.2", "127.0.0.3"))
if sys.argv[4:]:
    two_nodes.keywords["fence_s"] = float(sys.argv[4])
run_job(load_job(Path(sys.argv[1])), make_backend=LocalBackend if sys.argv[3] == "local" else two_nodes)
"""


@pytest.mark.parametrize("backend", ["local", "detached"])
def test_nothing_is_left_when_the_master_is_killed(
    tmp_path: Path, folders_of_agents: Path, backend: str
) -> None:
    leaves = "subprocess.Popen(['sleep', '60'], start_new_session=True)"
    script = f"import os, subprocess, time\ndef run(b):\n    {leaves}\n"
    script += "    open(f'MARK/{os.getpid()}', 'w').close()\n"
    begun = tmp_path / "begun"
    begun.mkdir()
    job = make_job(tmp_path, script.replace("MARK", str(begun)) + "    time.sleep(60)\n", workers=1)
    command = [sys.executable, "-c", MASTER, str(job.tree), str(folders_of_agents), backend]
    master = subprocess.Popen(command, start_new_session=True)
    nodes = 2 if backend == "detached" else 1
    wait_for(lambda: len(list(begun.iterdir())) == nodes)
    tree = psutil.Process(master.pid).children(recursive=True)
    assert len(tree) >= (4 * nodes if backend == "detached" else 3)
    master.kill()
    assert master.wait() == -signal.SIGKILL
    wait_for(lambda: not any(is_running(process.pid) for process in tree), timeout_s=3)
    wait_for(lambda: not list(folders_of_agents.iterdir()), timeout_s=3)


@pytest.mark.slow
def test_agents_of_a_master_that_stands_still_end_themselves_and_leave_nothing(
    tmp_path: Path, folders_of_agents: Path
) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    script = "import os, subprocess, time\ndef run(b):\n    subprocess.Popen(['sleep', '60'])\n"
    script += f"    open('{begun}/%d' % os.getpid(), 'w').close()\n    time.sleep(60)\n"
    job = make_job(tmp_path, script, workers=1)
    command = [sys.executable, "-c", MASTER, str(job.tree), str(folders_of_agents), "detached", "3"]
    master = subprocess.Popen(command, start_new_session=True)
    wait_for(lambda: len(list(begun.iterdir())) == 2)
    tree = psutil.Process(master.pid).children(recursive=True)
    assert len(tree) >= 8, "two agents, each with a worker, its child and a guard"
    stopped_s = time.monotonic()
    os.kill(master.pid, signal.SIGSTOP)
    try:
        wait_for(lambda: not any(is_running(process.pid) for process in tree), timeout_s=15)
        assert time.monotonic() - stopped_s > 1.0, "not before the limit"
        wait_for(lambda: not list(folders_of_agents.iterdir()), timeout_s=3)
    finally:
        master.kill()
        master.wait()


def test_an_agent_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bscore.backends.detached_remote.__version__", "0.0.7")
    job = make_job(tmp_path)
    with pytest.raises(BscoreError, match=r"The agent of node 127\.0\.0\.2 is bscore .*, this is 0\.0\.7"):
        run_job(job, make_backend=DetachedBackend)
    assert not agents()


def test_a_folder_that_was_given_stays(tmp_path: Path) -> None:
    job = make_job(tmp_path, items=20)
    kept = tmp_path / "kept"
    run_job(job, make_backend=partial(DetachedBackend, folder=kept))
    shipped = [path for path in (kept / "127.0.0.2/tree/logs").rglob("*") if path.is_file()]
    assert len(shipped) > 8
    for path in shipped:
        copy = job.tree / path.relative_to(kept / "127.0.0.2/tree")
        assert copy.read_bytes() == path.read_bytes()
        assert copy.stat().st_mode & 0o077 == 0 or path.stat().st_mode & 0o077


def test_prints_of_some_mib_are_shipped_whole(tmp_path: Path) -> None:
    script = "def run(b):\n    for name in b:\n        print(name, 'x' * 400_000)\n    return b\n"
    job = make_job(tmp_path, script, items=20, workers=1)
    run_job(job, make_backend=DetachedBackend)
    (path,) = (job.tree / "logs/user/stdout/127.0.0.2").iterdir()
    lines = path.read_text().splitlines()
    assert [line.split()[0] for line in lines] == [f"/data/item{n:05d}" for n in range(20)]
    assert {len(line) for line in lines} == {400_016}


def test_the_fence_falls_after_thirty_seconds_of_silence_but_not_after_a_sleep() -> None:
    second = 10**9
    fence = Fence(30.0, 0)
    assert not any(fence.is_due(now) for now in range(0, 30 * second, second // 2))
    assert fence.is_due(30 * second + 1)
    fence = Fence(30.0, 0)
    assert not fence.is_due(3600 * second), "this process itself did not run"
    assert not any(fence.is_due(now) for now in range(3600 * second, 3629 * second, second))
    fence.heard(3629 * second)
    assert not any(fence.is_due(now) for now in range(3629 * second, 3659 * second, second))
    assert fence.is_due(3660 * second)


def test_two_ends_that_both_send_much_do_not_block_each_other() -> None:
    ours, theirs = (Connection(end) for end in socket.socketpair())
    pieces = [SpoolPiece(bytes([n]) * PIECE_BYTES) for n in range(20)]
    for piece in pieces:
        ours.send(piece)
        theirs.send(piece)
    heard: tuple[list[object], list[object]] = ([], [])
    while min(map(len, heard)) < 20:
        for end, frames in zip((ours, theirs), heard, strict=True):
            end.flush()
            frames += end.receive()
    assert heard == (pieces, pieces)
    ours.send(Alive())
    ours.close()
    assert theirs.receive() == [Alive()]
    assert theirs.ended
    theirs.send(Alive())
    assert theirs.unsent_bytes == 0
    theirs.close()


def test_logs_are_shipped_by_offset_each_piece_after_the_last_was_written(tmp_path: Path) -> None:
    source, target = tmp_path / "agent", tmp_path / "master"
    target.mkdir()
    big, private, empty = (source / "logs" / name for name in ("a/big.txt", "b/private.txt", "empty.txt"))
    for path in (big, private):
        path.parent.mkdir(parents=True)
    big.write_bytes(os.urandom(PIECE_BYTES + 100))
    private.touch(0o600)
    private.write_text("secret\n")
    empty.touch()
    shipper, writer = LogShipper(str(source)), TreeWriter(target)

    def ship() -> dict[str, int]:
        chunks = shipper.new()
        for chunk in chunks:
            writer.put(chunk.path, chunk.offset, chunk.data, private=chunk.private)
        return {chunk.path: chunk.offset + len(chunk.data) for chunk in chunks}

    first = ship()
    assert first == {"logs/a/big.txt": PIECE_BYTES, "logs/b/private.txt": 7, "logs/empty.txt": 0}
    assert ship() == {}, "nothing more until the first pieces are written"
    shipper.written(first)
    assert ship() == {"logs/a/big.txt": PIECE_BYTES + 100}
    with private.open("a") as file:
        file.write("more\n")
    assert ship() == {"logs/b/private.txt": 12}
    with big.open("ab") as file:
        file.write(b"the end")
    for chunk in shipper.rest():
        writer.put(chunk.path, chunk.offset, chunk.data)
    for path in (big, private, empty):
        assert (target / path.relative_to(source)).read_bytes() == path.read_bytes()
    assert (target / "logs/b/private.txt").stat().st_mode & 0o777 == 0o600


def heard(*data: bytes) -> tuple[list[Any], str]:
    """What a master's end makes of bytes: frames, and what is wrong; it never raises."""
    ours, theirs = socket.socketpair()
    connection = Connection(ours, load, 1 << 20)
    with theirs:
        for piece in data:
            theirs.sendall(piece)
        frames: list[Any] = connection.receive()
    connection.close()
    return frames, connection.fault


def framed(value: object) -> bytes:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return len(data).to_bytes(4, "little") + data


NODE = "127.0.0.2"
WORKER = f"{NODE}/process000"
FINISHED = e.Finished(5, WORKER, 1, 1, 4, 1, 1, 1, 2, 2, 2, 3, 0, 0, 0)
CHUNK = LogChunk(f"logs/sys/node/{NODE}/_main.txt", 0, b"x")


def test_what_an_agent_sends_arrives_and_is_found_right() -> None:
    poll = Poll(NODE, Heartbeat(1, 1.0, 2.0, 3.0, ()), [Answer(1, FINISHED, b"x\n")], [CHUNK])
    frames, fault = heard(framed(poll), framed(SpoolPiece(b"x")))
    assert (frames, fault) == ([poll, SpoolPiece(b"x")], "")
    assert why_nonsense(poll, NODE) == ""


def test_a_field_of_another_type_is_found_in_every_event_of_an_agent() -> None:
    for event, _ in SAMPLES:
        for field in dataclasses.fields(event):
            wrong = dataclasses.replace(event)
            object.__setattr__(wrong, field.name, {1, 2})
            assert why_nonsense(Poll(NODE, None, [wrong]), NODE), wrong
        if not hasattr(event, "worker") and not hasattr(event, "node"):
            assert not why_nonsense(Poll(NODE, None, [event]), NODE), event


@pytest.mark.parametrize(
    "poll",
    [
        Poll("127.0.0.3"),
        Poll(NODE, None, [e.WorkerReady(5, "127.0.0.3/process000", 1, "3.11")]),
        Poll(NODE, None, [e.NodeLost(5, "127.0.0.3", "x")]),
        Poll(NODE, None, [Answer(True, FINISHED)]),
        Poll(NODE, None, ["x"]),  # type: ignore[list-item]  # nonsense
        Poll(NODE, None, [], [dataclasses.replace(CHUNK, offset=-1)]),
        Poll(NODE, None, [], [dataclasses.replace(CHUNK, offset=1 << 62)]),
        Poll(NODE, None, [], [dataclasses.replace(CHUNK, path="logs/sys/master_role.txt")]),
        Poll(NODE, None, [], [dataclasses.replace(CHUNK, path=f"logs/{NODE}/../../../x")]),
    ],
)
def test_what_is_not_of_this_node_or_of_another_type_is_nonsense(poll: Poll) -> None:
    assert why_nonsense(poll, NODE)


@pytest.mark.parametrize(
    "data",
    [b"\xff\xff\xff\xff", b"\x05\0\0\0hello", framed(os.system), framed(Path("x")), framed(object())],
)
def test_bytes_that_are_no_frame_end_the_connection_with_a_reason(data: bytes) -> None:
    frames, fault = heard(framed(Alive()), data)
    assert frames == [Alive()]
    assert "no message" in fault


def test_garbled_frames_of_an_agent_raise_nothing() -> None:
    drawn = random.Random(4)
    whole = framed(Poll(NODE, None, [Answer(1, FINISHED, b"x\n")], [CHUNK]))
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(drawn.randint(1, 5)):
            data[drawn.randrange(len(data))] = drawn.randrange(256)
        for frame in heard(bytes(data))[0]:
            if isinstance(frame, Poll):
                why_nonsense(frame, NODE)


def test_a_node_whose_agent_talks_nonsense_is_lost_and_the_other_finishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(tmp_path, items=200, workers=1)
    garbled: list[str] = []

    def receive(connection: Connection, most: int | None = None) -> list[Any]:
        frames = whole(connection, most)
        if not garbled and any(isinstance(f, Poll) and f.reports for f in frames):
            garbled.append("now")
            return [*frames, Poll("127.0.0.9")]
        return frames

    whole = Connection.receive
    monkeypatch.setattr(Connection, "receive", receive)
    assert run_job(job, make_backend=TWO_NODES).outcome is e.Outcome.COMPLETED
    (lost,) = [event for event in events_of(job) if isinstance(event, e.NodeLost)]
    assert "no message" in lost.reason
    assert rows_of(job) == expected_rows(200)
