"""What a worker sends that is no message is that worker's fault: nothing escapes, nothing wrong is told."""

from __future__ import annotations

import math
import pickle
import random
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bscore.backends.inline_worker import Ear
from bscore.core import events as e
from bscore.logtree.fitting import fit
from bscore.logtree.records import decode, encode
from bscore.node.clock import Clock
from bscore.node.desk import Desk
from bscore.node.hearing import Hearing
from bscore.node.messages import Answer, Batch
from bscore.node.valid import FORMS
from bscore.node.wire import Link
from bscore.node.worker import Pending, Worker
from bscore.node.worker_log import WorkerLog
from bscore_worker.wire import PROTOCOL, SIZES, Frame, Message, pack, pack_done
from rigs import NODE, manifest_of, setup_for

HEAD = (5, 2, 2, 2, 0, 0, 0)
BEGINS = (1, 9, 0)
WARNING = ("log", "UserWarning", "shape", "score.py:1", "text", 0, 1, 5, 6)
VALID: dict[str, Message] = {
    "done": ("done", 0, *HEAD, *BEGINS, 2, 2, 3, "", b"", ""),
    "failed": ("failed", 0, *HEAD, *BEGINS, "exception", "ValueError", "text", "trace", "score.py:1"),
    "started": ("started", 0, 5, 2),
    "withdrawn": ("withdrawn", [1, 2]),
    "hello": ("hello", PROTOCOL, "3.11.7", 99),
    "loaded": ("loaded", 0),
    "ready": ("ready", 10, True, 0),
    "init_failed": ("init_failed", "init", "ValueError", "text", "trace", "score.py:1"),
    "exit": ("exit", 1, "run()", "text", "trace", "score.py:1", "KeyError: 1"),
    "shutdown": ("shutdown", 0),
    "bye": ("bye", "ValueError", "text", "trace", "score.py:1"),
    "signal_taken": ("signal_taken",),
    "warned": ("warned", [WARNING]),
    "columns": ("columns", 0, "table", ("a", "b"), 2, 77),
    "noted": ("noted", 0, "separators"),
}
DEEP: Any = []
for _ in range(5000):
    DEEP = [DEEP]
WRONG: list[Any] = [
    None, True, False, 0, -1, -2, 2**62, -(2**63), 2**64, 2**4000, 1.5, math.nan, math.inf,
    "", "x", "\ud800", "é\n", b"", b"\xff",
    [], [None], [[]], [-1], [True], ["x"], (), (1, 2), {}, {"a": 1}, DEEP,
]  # fmt: skip


class Ears:
    """A worker of an agent that has no process, with three mini-batches, the first of them running."""

    def __init__(self, folder: Path) -> None:
        setup = setup_for(folder, "")
        self.desk = Desk(setup, Clock())
        self.hearing = Hearing(self.desk)
        self.log = WorkerLog(setup.tree, NODE, "process000", 1, self.desk.stamps)
        self.spool = str(folder / "spool" / "a")

    def worker(self) -> Worker:
        silent = Ear(lambda _message: None)
        system: Any = None
        worker = Worker(
            f"{NODE}/process000",
            "process000",
            system,
            Ear(lambda _message: None),
            silent,
            self.log,
            self.spool,
            0,
        )
        manifest = manifest_of(f"/data/{n}" for n in range(6))
        for number in range(3):
            worker.pending[number] = Pending(Batch(10 + number, 1, 2, 0), manifest, 2 * number)
        worker.begin(0, 1, 0)
        return worker

    def hear(self, *frames: Frame) -> Worker:
        """What is told the master can always be recorded, and read again."""
        worker = self.worker()
        self.hearing.hear(worker, list(frames), 10)
        for report in self.desk.take_reports():
            event = fit(report.event if isinstance(report, Answer) else report)
            assert decode(encode(event, 1, 1)) == event
        return worker


@pytest.fixture(scope="module")
def ears(tmp_path_factory: pytest.TempPathFactory) -> Ears:
    return Ears(tmp_path_factory.mktemp("ears"))


def body_of(message: Message) -> bytes:
    return b"x\ny" if message[:1] == ("done",) else b""


def test_every_message_is_known_to_the_checks(ears: Ears) -> None:
    assert VALID.keys() == FORMS.keys() == ears.hearing._known.keys()
    for message in VALID.values():
        assert not ears.hear(([message], body_of(message))).link.fault


def wrong_messages() -> Iterator[Message]:
    """Every field of every message with every wrong value; fields missing and too many."""
    for message in VALID.values():
        for number in range(len(message)):
            for value in WRONG:
                yield (*message[:number], value, *message[number + 1 :])
        yield message[:-1]
        yield (*message, 0)


def test_a_wrong_field_of_a_message_is_the_fault_of_its_worker(ears: Ears) -> None:
    refused = 0
    for message in wrong_messages():
        refused += bool(ears.hear(([message], body_of(message))).link.fault)
    for nonsense in WRONG:
        assert ears.hear(([nonsense], b"")).link.fault
    assert refused > 1000
    # Elements of the lists inside a message count as its fields.
    for number in range(9):
        for value in WRONG[:20]:
            wrong = (*WARNING[:number], value, *WARNING[number + 1 :])
            ears.hear(([("warned", [wrong])], b""))


@pytest.mark.parametrize(
    "numbers",
    [
        {1: 2}, {1: -1}, {1: 99}, {4: -1}, {5: -1}, {6: -1}, {10: 7}, {13: -1}, {14: -5}, {2: -(2**63)},
        {2: 2**63 - 1, 4: 2**63 - 1},
    ],
)  # fmt: skip
def test_wrong_numbers_of_a_done_are_told_to_nobody(ears: Ears, numbers: dict[int, int]) -> None:
    fields = [*VALID["done"][1:15]]
    for place, number in numbers.items():
        fields[place - 1] = number
    ears.hear(*received(pack_done(tuple(fields), b"x\ny")))


def received(data: bytes) -> list[Frame]:
    """What a link makes of these bytes; it never raises."""
    ours, theirs = socket.socketpair()
    with theirs, select.epoll() as selector:
        link = Link(ours, selector)
        theirs.sendall(data)
        frames = link.receive(everything=True)
        link.close()
    return frames


def garbled(drawn: random.Random) -> bytes:
    """A frame with some bytes changed, cut, doubled or made up."""
    message = drawn.choice(list(VALID.values()))
    frame = bytearray(pack([message], body_of(message)))
    if drawn.random() < 0.2:
        frame = bytearray(pack_done(VALID["done"][1:15], b"x\ny"))
    for _ in range(drawn.randint(1, 4)):
        match drawn.randrange(4):
            case 0:
                frame[drawn.randrange(len(frame))] = drawn.randrange(256)
            case 1:
                frame[8 + drawn.randrange(len(frame) - 8)] = drawn.randrange(256)
            case 2:
                at = drawn.randrange(len(frame))
                frame[at:at] = drawn.randbytes(drawn.randint(1, 6))
            case _:
                header = drawn.randbytes(drawn.randint(0, 30))
                frame += SIZES.pack(len(header), 0) + header
    return bytes(frame)


def fuzz(ears: Ears, frames: int, seed: int) -> None:
    drawn = random.Random(seed)
    for _ in range(frames):
        ears.hear(*received(garbled(drawn)))


def test_garbled_frames_end_nothing_but_their_link(ears: Ears) -> None:
    fuzz(ears, 2_000, 1)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_hundred_thousand_garbled_frames_end_nothing_but_their_links(ears: Ears) -> None:
    fuzz(ears, 100_000, 2)


@pytest.mark.parametrize(
    "header",
    [
        b"\x80\x04]r\xff\xff\xff\x7f.",
        b"\x80\x04]\x94r\xff\xff\xff\xff(Ne.",
        b"\x80\x05\x96\xff\xff\xff\xff\xff\x00\x00\x00.",
        b"\x80\x04\x8e\xff\xff\xff\xff\xff\x00\x00\x00.",
        pickle.dumps([{1, 2}], 4),
        pickle.dumps([("hello",)], 2),
    ],
)
def test_a_header_that_takes_memory_or_knows_more_than_needed_is_not_read(header: bytes) -> None:
    assert not received(SIZES.pack(len(header), 0) + header)


@pytest.mark.parametrize(
    "name", ["{0}/../../etc.1.rows", "{0}.1.rows.2.rows", "{0}.-1.rows", "{0}.1.rows", "/etc/passwd"]
)
def test_a_spool_file_that_is_not_its_own_or_not_there_is_a_fault(ears: Ears, name: str) -> None:
    message = (*VALID["done"][:-1], name.format(ears.spool))
    worker = ears.hear(([message], b""))
    assert "spool file" in worker.link.fault
    assert not [report for report in ears.desk.reports if isinstance(report, e.Finished)]
