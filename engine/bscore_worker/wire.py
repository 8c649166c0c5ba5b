"""Frames between a worker and its agent: u32 header length, u32 body length, header, body.

The header is a pickled list of messages (tuples of builtins, protocol 4), or the numbers of one "done" that
has nothing else to say: there is one for every mini-batch. The body is raw bytes. A frame is never held back,
and who reads takes all that is there.
"""

from __future__ import annotations

import io
import pickle
import socket
import struct
from typing import Any, Callable, List, Optional, Sequence, Tuple

#: Both sides say this first; a change of any message raises it.
PROTOCOL = 6

#: Rows above this go to a spool file that the frame names.
MAX_INLINE_BYTES = 1 << 20

SIZES = struct.Struct("<II")

#: A mark that no pickle begins with, and the numbers of a "done" in their order.
_DONE = struct.Struct("<c14q")
_DONE_MARK = b"D"
#: What it ends with: no note, no header, no spool file.
NOTHING_ELSE: Tuple[str, bytes, str] = ("", b"", "")

Message = Tuple[Any, ...]
#: Messages in a tuple were made from numbers alone: of these no type has to be doubted.
Frame = Tuple[Sequence[Message], bytes]

_READ_BYTES = 1 << 16


class _Builtins(pickle.Unpickler):
    """Reads builtin values only: what comes over a socket must not be able to run code."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError("a header may hold builtins only, not %s.%s" % (module, name))


def pack(messages: List[Message], body: bytes = b"") -> bytes:
    """One frame as bytes."""
    header = pickle.dumps(messages, 4)
    return SIZES.pack(len(header), len(body)) + header + body


def pack_done(numbers: Tuple[int, ...], body: bytes) -> bytes:
    """The frame of one "done" whose last three fields are empty; `numbers` are the fourteen before them."""
    return SIZES.pack(_DONE.size, len(body)) + _DONE.pack(_DONE_MARK, *numbers) + body


def unpack(
    buffer: bytearray,
    frames: List[Frame],
    most_bytes: int = 0xFFFFFFFF,
    refuse: Optional[Callable[[bytearray], None]] = None,
) -> None:
    """Move every whole frame from `buffer` to `frames`. Raises UnpicklingError at what is no frame.

    `refuse` sees each pickled header before it is read, and may raise the same.
    """
    have, start = len(buffer), 0
    try:
        while have - start >= 8:
            header_bytes, body_bytes = SIZES.unpack_from(buffer, start)
            if header_bytes > most_bytes or body_bytes > most_bytes:
                raise pickle.UnpicklingError("a frame of %d + %d bytes" % (header_bytes, body_bytes))
            middle = start + 8 + header_bytes
            stop = middle + body_bytes
            if stop > have:
                return
            if header_bytes == _DONE.size and buffer[start + 8] == _DONE_MARK[0]:
                messages: Sequence[Message] = (
                    ("done",) + _DONE.unpack_from(buffer, start + 8)[1:] + NOTHING_ELSE,
                )
            else:
                header = buffer[start + 8 : middle]
                if refuse is not None:
                    refuse(header)
                messages = _Builtins(io.BytesIO(header)).load()
                if type(messages) is not list:
                    raise pickle.UnpicklingError("a header is a list of messages")
            frames.append((messages, bytes(buffer[middle:stop]) if body_bytes else b""))
            start = stop
    finally:
        if start:
            del buffer[:start]


class Channel:
    """The worker's end of a socket to its agent; blocking, used by one thread."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(True)
        self._socket.set_inheritable(False)
        self._buffer = bytearray()

    def send(self, messages: List[Message], body: bytes = b"") -> None:
        """Send one frame at once. Raises OSError when the agent is gone."""
        self._socket.sendall(pack(messages, body))

    def send_done(self, numbers: Tuple[int, ...], body: bytes) -> None:
        """As `send`, for what `pack_done` takes."""
        self._socket.sendall(pack_done(numbers, body))

    def receive(self, wait: bool) -> List[Frame]:
        """What is there; with `wait` at least one frame. Raises EOFError when the agent is gone."""
        buffer = self._buffer
        while True:
            try:
                data = self._socket.recv(_READ_BYTES, 0 if wait else socket.MSG_DONTWAIT)
            except BlockingIOError:
                return []
            if not data:
                raise EOFError("the agent closed its end")
            buffer += data
            frames: List[Frame] = []
            unpack(buffer, frames)
            if frames:
                return frames

    def is_closed(self) -> bool:
        """Whether this process has given up its copy."""
        return self._socket.fileno() < 0

    def close(self) -> None:
        """Close this process's copy of the descriptor."""
        self._socket.close()
