"""Frames between a master and a detached agent: u32 length, pickle. Neither end ever waits for the other.

Both ends are bscore of one version: the agent says its version first, in builtins, before anything else is
read. What the kernel does not take waits in a buffer here.
"""

from __future__ import annotations

import pickle
import select
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bscore.node.messages import AgentSetup, Order, Poll

#: How long an agent goes on without hearing its master, unless it is told otherwise.
FENCE_S = 30.0
#: Larger rows and logs are cut into pieces of this size.
PIECE_BYTES = 256 * 1024
#: No more is put into frames while so much waits to be sent.
ROOM_BYTES = 1024 * 1024

_LENGTH = struct.Struct("<I")
_READ_BYTES = 1 << 18
_MAX_READ_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Begin:
    """Master → agent, first: what to run, on which clock (see node.clock.Clock).

    `folder` holds the agent's tree and spool; it is removed when the master is gone, unless `keep`. The agent
    ends itself when it has not heard its master for `fence_s`.
    """

    setup: AgentSetup
    start_us: int
    start_ns: int
    folder: str
    keep: bool
    fence_s: float = FENCE_S


@dataclass(frozen=True, slots=True)
class Orders:
    """Master → agent: carry these out."""

    orders: Sequence[Order]


@dataclass(frozen=True, slots=True)
class Written:
    """Master → agent: so many bytes of these log files are in the master's tree."""

    offsets: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Alive:
    """Master → agent: the master lives."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Master → agent: end everything, send the rest of the logs, close."""


@dataclass(frozen=True, slots=True)
class SpoolPiece:
    """Agent → master: a piece of the large rows that belong to the next answer with a spool file."""

    data: bytes


#: What the agent says first: who it is, its version, its process id.
Hello = tuple[str, str, int]
Frame = Hello | Begin | Orders | Written | Alive | Finish | SpoolPiece | Poll
HELLO = "bscore agent"


class Connection:
    """One end of the socket. `ended` when the other end is closed or spoke nonsense (then `fault` says what).

    `load` makes a frame of its bytes, `most_bytes` is the largest that is taken.
    """

    def __init__(
        self,
        sock: socket.socket,
        load: Callable[[memoryview], Any] = pickle.loads,
        most_bytes: int = 0xFFFFFFFF,
    ) -> None:
        self._load, self._most_bytes = load, most_bytes
        sock.setblocking(False)
        sock.set_inheritable(False)
        self._socket = sock
        self._in = bytearray()
        self._out = bytearray()
        self.ended = False
        self.fault = ""

    def fileno(self) -> int:
        """The descriptor; -1 once closed."""
        return self._socket.fileno()

    @property
    def unsent_bytes(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return len(self._out)

    def mask(self) -> int:
        """What to wait for, as poll(2) and epoll(7) spell it."""
        return select.POLLIN | select.POLLOUT if self._out else select.POLLIN

    def send(self, frame: Frame) -> None:
        """Send as far as there is room; the rest follows with `flush`."""
        data = pickle.dumps(frame, pickle.HIGHEST_PROTOCOL)
        self._out += _LENGTH.pack(len(data))
        self._out += data
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as there is room. To a dead end it goes nowhere."""
        out = self._out
        try:
            while out:
                sent = self._socket.send(memoryview(out)[:_READ_BYTES])
                del out[:sent]
        except BlockingIOError:
            return
        except OSError:
            # What the other end still said can be read; then `receive` notices.
            out.clear()

    def flush_all(self, timeout_s: float) -> bool:
        """Wait until everything is sent; False when nothing moved for `timeout_s`."""
        waiter = select.poll()
        waiter.register(self.fileno(), select.POLLOUT)
        while self._out:
            if not waiter.poll(timeout_s * 1000):
                return False
            self.flush()
        return True

    def receive(self, most: int | None = None) -> list[Frame]:
        """Whole frames that are there, without waiting; some 8 MiB at a time, or `most` frames."""
        taken = 0
        while not self.ended and taken < _MAX_READ_BYTES:
            try:
                data = self._socket.recv(_READ_BYTES)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            self.ended = not data
            self._in += data
            taken += len(data)
        return self._frames(most)

    def _frames(self, most: int | None) -> list[Frame]:
        frames: list[Frame] = []
        start = 0
        while len(self._in) - start >= _LENGTH.size and len(frames) != most:
            (length,) = _LENGTH.unpack_from(self._in, start)
            if length > self._most_bytes:
                self.blame(f"a frame of {length:,} bytes")
                break
            stop = start + _LENGTH.size + length
            if stop > len(self._in):
                break
            try:
                with memoryview(self._in) as view, view[start + _LENGTH.size : stop] as frame:
                    frames.append(self._load(frame))
            except Exception as error:  # noqa: BLE001  # an unpickler raises anything at what is no pickle
                self.blame(f"{type(error).__name__}: {error}")
                break
            start = stop
        del self._in[:start]
        return frames

    def blame(self, what: str) -> None:
        """Hear nothing more of the other end, for it spoke nonsense."""
        self.fault = self.fault or f"it sent something that is no message ({what:.300})"
        self.ended = True

    def await_first(self, timeout_s: float) -> Frame | None:
        """The first frame; None when the other end closes, or is silent for `timeout_s`.

        What came behind it is there at the next `receive`, of which no selector knows.
        """
        deadline_s = time.monotonic() + timeout_s
        waiter = select.poll()
        waiter.register(self.fileno(), select.POLLIN)
        while not self.ended:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not waiter.poll(left_s * 1000):
                return None
            frames = self.receive(most=1)
            if frames:
                return frames[0]
        return None

    def close(self) -> None:
        """Close this end."""
        self._socket.close()
