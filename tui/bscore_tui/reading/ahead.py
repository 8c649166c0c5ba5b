"""Work done by a process beside this one, whose results come back as bytes through a pipe.

It is a copy of this process (begun within milliseconds, nothing has to be imported again), ends with its work
or when nobody reads any more, and gives way to whatever else runs.
"""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable, Iterable

_PIPE_BYTES = 1024 * 1024
_READ_BYTES = 256 * 1024
_NICE = 5
#: Linux: how much a pipe holds.
_SET_PIPE_SIZE = 1031


class Ahead:
    """Begun when made, which must be before there are threads: a copy of a process has only one."""

    def __init__(self, work: Callable[[], Iterable[bytes]]) -> None:
        """`work` yields the results; it runs in the copy."""
        self._fd, writer = os.pipe()
        self._data = bytearray()
        self.ended = False
        _enlarge(writer)
        self._pid = os.fork()
        if not self._pid:
            _work(work, self._fd, writer)
        os.close(writer)
        os.set_blocking(self._fd, False)

    def data(self) -> bytes:
        """What has come and was not dropped."""
        while not self.ended:
            try:
                data = os.read(self._fd, _READ_BYTES)
            except BlockingIOError:
                break
            self._data += data
            if not data:
                self._end()
        return bytes(self._data)

    def drop(self, count: int) -> None:
        """Forget so many bytes at the beginning."""
        del self._data[:count]

    def close(self) -> None:
        """End it, whatever it is doing."""
        if not self.ended:
            os.kill(self._pid, signal.SIGKILL)
            self._end()

    def _end(self) -> None:
        self.ended = True
        os.close(self._fd)
        os.waitpid(self._pid, 0)


def _enlarge(pipe: int) -> None:
    """Let a pipe hold more, so that the other side seldom waits for us."""
    try:
        fcntl.fcntl(pipe, _SET_PIPE_SIZE, _PIPE_BYTES)
    except OSError:
        return


def _work(work: Callable[[], Iterable[bytes]], reader: int, writer: int) -> None:
    """The life of the copy: it never returns into the code that it was copied from."""
    try:
        os.close(reader)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.nice(_NICE)
        for result in work():
            view = memoryview(result)
            while view:
                view = view[os.write(writer, view) :]
    finally:
        os._exit(0)
