"""Frames: cut anywhere they are the same, and nothing but builtins gets in."""

from __future__ import annotations

import os
import pickle
import select
import socket

import pytest

from bscore.node.wire import Link
from bscore_worker.wire import SIZES, Channel, Frame, pack, pack_done, unpack

FRAMES: list[Frame] = [([("done", 1, "x")], b"rows\n"), ([("bye",)], b""), ([], b"\0" * 1000)]


def test_frames_are_the_same_wherever_the_stream_is_cut() -> None:
    stream = b"".join(pack(messages, body) for messages, body in FRAMES)
    buffer = bytearray()
    found: list[Frame] = []
    for byte in stream:
        buffer.append(byte)
        unpack(buffer, found)
    assert found == FRAMES
    at_once: list[Frame] = []
    rest = bytearray(stream) + b"\x01"
    unpack(rest, at_once)
    assert (at_once, rest) == (FRAMES, b"\x01")


NUMBERS = tuple(range(-3, 11))


def test_a_done_of_numbers_alone_arrives_like_any_other() -> None:
    frames: list[Frame] = []
    rest = bytearray(pack_done(NUMBERS, b"rows\n") + pack([("done", *NUMBERS, "", b"", "")]))
    unpack(rest, frames)
    message = ("done", *NUMBERS, "", b"", "")
    assert frames == [((message,), b"rows\n"), ([message], b"")]
    assert not rest


def test_a_done_of_another_size_is_nonsense() -> None:
    header = pack_done(NUMBERS, b"")[SIZES.size : -1]
    with pytest.raises(pickle.UnpicklingError):
        unpack(bytearray(SIZES.pack(len(header), 0) + header), [])


def test_frames_before_nonsense_are_heard() -> None:
    heard: list[Frame] = []
    with pytest.raises(pickle.UnpicklingError):
        unpack(bytearray(pack([("bye",)]) + b"\xff" * 20), heard, 1000)
    assert heard == [([("bye",)], b"")]


def test_a_header_that_names_a_class_is_refused() -> None:
    evil = pickle.dumps([(os.system, "true")], 4)
    with pytest.raises(pickle.UnpicklingError, match="builtins only"):
        unpack(bytearray(SIZES.pack(len(evil), 0) + evil), [])


def link() -> tuple[Link, socket.socket, select.epoll]:
    ours, theirs = socket.socketpair()
    selector = select.epoll()
    return Link(ours, selector), theirs, selector


@pytest.mark.parametrize("header", [b"nonsense", pickle.dumps([(os.system, "true")], 4), b""])
def test_nonsense_ends_a_link_and_says_so(header: bytes) -> None:
    ours, theirs, selector = link()
    theirs.send(SIZES.pack(len(header), 0) + header)
    assert ours.receive() == []
    assert ours.ended
    assert "no message" in ours.fault
    assert not selector.poll(0)
    ours.close()
    theirs.close()
    selector.close()


def test_a_link_never_blocks_and_delivers_everything_later() -> None:
    ours, theirs, selector = link()
    body = os.urandom(3_000_000)
    ours.send([("run", 0, [])], body)
    ours.send([("stop",)])
    assert ours.unsent_bytes() > 1_000_000
    channel = Channel(theirs.detach())
    frames: list[Frame] = []
    while len(frames) < 2:
        for _fd, mask in selector.poll(0):
            if mask & select.EPOLLOUT:
                ours.flush()
        frames += channel.receive(wait=False)
    assert frames == [([("run", 0, [])], body), ([("stop",)], b"")]
    assert ours.unsent_bytes() == 0
    assert not [mask for _fd, mask in selector.poll(0) if mask & select.EPOLLOUT]
    channel.close()
    assert ours.receive() == []
    assert ours.ended
    ours.send([("late",)])
    ours.close()
    ours.close()
    selector.close()
