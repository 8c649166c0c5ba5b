"""The agent's end of the sockets to a worker: never blocks, whatever the worker does.

What the kernel does not take waits in a buffer here until the selector says there is room, so that a hung
worker with a huge assignment holds up nobody.
"""

from __future__ import annotations

import pickle
import select
import socket
import threading

from bscore.node.valid import refuse_header
from bscore_worker.wire import Frame, Message, pack, unpack

_READ_BYTES = 1 << 18
#: No worker sends more at once: rows above 1 MiB go to a file, traces are cut.
_MOST_BYTES = 16 << 20
#: All that an unpickler is known to raise at what is no pickle.
_NONSENSE = (
    pickle.UnpicklingError, EOFError, ImportError, ValueError, LookupError, TypeError, AttributeError,
    ArithmeticError, MemoryError, RecursionError,
)  # fmt: skip


class _Shared(threading.local):
    """One buffer for all links of a thread: an agent reads them one after the other, from one thread."""

    def __init__(self) -> None:
        self.buffer = bytearray(_READ_BYTES)
        self.view = memoryview(self.buffer)


_shared = _Shared()


class Link:
    """A non-blocking socket with frames going both ways, known to an epoll object."""

    def __init__(self, sock: socket.socket, selector: select.epoll) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._selector = selector
        self._in = bytearray()
        self._out = bytearray()
        self._wants_room = False
        #: The other end is closed, or spoke nonsense (then `fault` says which).
        self.ended = False
        self.fault = ""
        selector.register(sock.fileno(), select.EPOLLIN)

    def fileno(self) -> int:
        """The descriptor."""
        return self._socket.fileno()

    def send(self, messages: list[Message], body: bytes = b"") -> None:
        """Send one frame, as far as there is room; `flush` sends the rest. Nothing once it has ended."""
        if self.ended:
            return
        self._out += pack(messages, body)
        if not self._wants_room:
            self.flush()

    def flush(self) -> None:
        """Send what waits, and ask the selector to say when there is room for more."""
        out = self._out
        try:
            while out:
                del out[: self._socket.send(out)]
        except BlockingIOError:
            self._ask_for_room(wanted=True)
            return
        except OSError:
            # The worker is dying; its process descriptor says so.
            out.clear()
        self._ask_for_room(wanted=False)

    def _ask_for_room(self, *, wanted: bool) -> None:
        if wanted != self._wants_room and not self.ended:
            self._wants_room = wanted
            mask = select.EPOLLIN | select.EPOLLOUT if wanted else select.EPOLLIN
            self._selector.modify(self.fileno(), mask)

    def unsent_bytes(self) -> int:
        """Bytes the kernel has not taken yet."""
        return len(self._out)

    def receive(self, everything: bool = False) -> list[Frame]:
        """Whole frames that are there; `everything` reads until nothing is left."""
        received = False
        buffer, view = _shared.buffer, _shared.view
        while not self.ended:
            try:
                count = self._socket.recv_into(buffer)
            except BlockingIOError:
                break
            except OSError:
                count = 0
            if not count:
                self._end()
                break
            self._in += view[:count]
            received = True
            if count < _READ_BYTES and not everything:
                break
        return self._frames() if received else []

    def _frames(self) -> list[Frame]:
        frames: list[Frame] = []
        try:
            unpack(self._in, frames, _MOST_BYTES, refuse_header)
        except _NONSENSE as error:
            self.blame(f"it sent something that is no message ({error})")
        return frames

    def blame(self, fault: str) -> None:
        """Hear nothing more of the other end, for it spoke nonsense."""
        self.fault = self.fault or fault
        if not self.ended:
            self._end()

    def _end(self) -> None:
        """Stop listening; a closed socket would stay readable for ever."""
        self.ended = True
        self._selector.unregister(self.fileno())

    def close(self) -> None:
        """Close it; a second time changes nothing."""
        if self.fileno() < 0:
            return
        if not self.ended:
            self._end()
        self._socket.close()
