"""sys.stdout, sys.stderr and root logging of the script, written to the files the agent opened.

UTF-8 with backslashes for what is none, flushed per line. Bytes are counted, because a print carries no time:
each answer says how far each file had got. Prints and logs go on arriving whatever a script closes,
replaces or redirects.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import Any, List, Optional, Tuple

from bscore_worker.process import reachable
from bscore_worker.warned import Warned


class CountedFile(io.RawIOBase):
    """A descriptor that counts what goes through it; closing it leaves the descriptor open.

    `fileno` is another number for the same file. What a script does to that one changes nothing here; where
    it leads elsewhere (`os.dup2`), what is written goes there as well.
    """

    def __init__(self, fd: int, name: str) -> None:
        super().__init__()
        self._fd = fd
        self._number = -1
        self._file = _file_of(fd)
        self.name = name
        self.mode = "wb"
        self.written = 0
        self.resync()

    def resync(self) -> None:
        """Count what others wrote as well (sub-processes that were given this descriptor)."""
        self.written = os.fstat(self._fd).st_size

    def move(self, fd: int) -> None:
        """Lead to another file from now on, under the same numbers; closes `fd`."""
        for number in self.descriptors():
            os.dup2(fd, number, inheritable=False)
        os.close(fd)
        self._file = _file_of(self._fd)
        self.resync()

    def descriptors(self) -> List[int]:
        """The numbers it has."""
        return [self._fd] if self._number < 0 else [self._fd, self._number]

    def writable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing: other streams write to it."""

    def fileno(self) -> int:
        """A descriptor for sub-processes, opened again where the script closed it."""
        if self._number < 0 or _file_of(self._number) is None:
            self._number = reachable(self._fd)
        return self._number

    def write(self, data: Any) -> int:
        """Write what the kernel takes at once."""
        count = os.write(self._fd, data)
        self.written += count
        if self._number < 0:
            return count
        try:
            # Ours is not: dup2() has led it elsewhere. Asked first, because it costs little.
            if os.get_inheritable(self._number) and _file_of(self._number) != self._file:
                os.write(self._number, data[:count])
        except OSError:
            # Closed, or its other end is; here everything has arrived.
            return count
        return count


def _file_of(fd: int) -> Optional[Tuple[int, int]]:
    """Which file a descriptor leads to; None for none."""
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class _Bytes(io.BufferedWriter):
    """What `sys.stdout.buffer` is; other streams may be made on it, and dropped."""

    def close(self) -> None:
        """Write what waits."""
        self.flush()

    def detach(self) -> Any:
        """The file below, which stays in use."""
        self.flush()
        return self.raw


class _Text(io.TextIOWrapper):
    """UTF-8, flushed per line, as long as the process lives."""

    def close(self) -> None:
        """Write what waits."""
        self.flush()

    def detach(self) -> Any:
        """The bytes below, which stay in use."""
        self.flush()
        return self.buffer

    def reconfigure(self, **_unused: Any) -> None:
        """Nothing changes: whoever reads these files expects what they are, line by line."""
        self.flush()


class _Standard(_Text):
    """What `sys.__stdout__` is: sub-processes and C code still have the descriptor of that number."""

    def fileno(self) -> int:
        """1 or 2."""
        return 1 if self.name == "<stdout>" else 2


def _text(raw: CountedFile, kind: Any = _Text) -> Any:
    return kind(_Bytes(raw), encoding="utf-8", errors="backslashreplace", newline="\n", line_buffering=True)


class Streams:
    """The three user files of a worker."""

    def __init__(self, stdout_fd: int, stderr_fd: int, log_fd: int) -> None:
        self._raw_out = CountedFile(stdout_fd, "<stdout>")
        self._raw_err = CountedFile(stderr_fd, "<stderr>")
        self._raw_log = CountedFile(log_fd, "<entry script log>")
        self._out = _text(self._raw_out)
        self._err = _text(self._raw_err)
        #: For EntryScript().logger.
        self.log = _text(self._raw_log)
        self._warned: Optional[Warned] = None

    def install(self, level: str) -> None:
        """Put them in the place of sys.stdout and sys.stderr, and give root logging a handler."""
        sys.stdout, sys.stderr = self._out, self._err
        # Where scripts take them from to undo a redirection.
        sys.__stdout__ = _text(self._raw_out, _Standard)  # type: ignore[misc]  # a Final of the stubs
        sys.__stderr__ = _text(self._raw_err, _Standard)  # type: ignore[misc]  # likewise
        # A stream of its own: a script that replaces sys.stdout must not silence logging.
        handler = logging.StreamHandler(_text(self._raw_out))
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(getattr(logging, level.upper(), logging.INFO))

    def count(self, warned: Warned) -> None:
        """Count warnings from now on."""
        self._warned = warned
        warned.install()

    def move(self, stdout_fd: int, stderr_fd: int, log_fd: int) -> None:
        """Write to other files from now on, whoever holds these streams; closes the descriptors given."""
        self._raw_out.move(stdout_fd)
        self._raw_err.move(stderr_fd)
        self._raw_log.move(log_fd)

    def descriptors(self) -> List[int]:
        """The numbers of all their descriptors."""
        raw = (self._raw_out, self._raw_err, self._raw_log)
        return [number for file in raw for number in file.descriptors()]

    def restore(self) -> None:
        """Flush streams of the script's own, and put ours in the place of those that are closed."""
        for name, ours in (("stdout", self._out), ("stderr", self._err)):
            current = getattr(sys, name, None)
            if current is not ours and not _flushed(current):
                setattr(sys, name, ours)

    def say(self, text: str) -> None:
        """What Python would have written to stderr, wherever the script has led that."""
        try:
            sys.stderr.write(text + "\n")
        except Exception:
            self._err.write(text + "\n")

    def settle(self) -> None:
        """Nothing more will be written: flush, and say which warnings there were."""
        self.reached(exactly=False)
        for name, ours in (("stdout", self._out), ("stderr", self._err)):
            try:
                getattr(sys, name).flush()
            except Exception:
                # At this Python's own end would fail, and call it a death.
                setattr(sys, name, ours)
        if self._warned is not None:
            self._warned.say(last=True)

    def reached(self, exactly: bool) -> Tuple[int, int, int]:
        """Bytes in stdout, stderr and log so far; `exactly` asks the kernel, which costs a few us."""
        if getattr(sys, "stdout", None) is not self._out or getattr(sys, "stderr", None) is not self._err:
            self.restore()
        for text in (self._out, self._err):
            try:
                text.flush()
            except (ValueError, OSError):
                # The disk is full: that may not fail the mini-batch.
                continue
        if exactly:
            self._raw_out.resync()
            self._raw_err.resync()
            self._raw_log.resync()
        return self._raw_out.written, self._raw_err.written, self._raw_log.written


def _flushed(stream: Any) -> bool:
    """Flush a stream that is not ours; whether it can be written to."""
    if stream is None:
        return False
    try:
        if stream.closed:
            return False
        os.fstat(stream.fileno())
    except AttributeError:
        # An object that has no more than write() will do.
        pass
    except Exception as error:
        # A stream without a descriptor; its buffer was detached; its descriptor was closed.
        if not isinstance(error, io.UnsupportedOperation):
            return False
    try:
        stream.flush()
    except Exception:
        return True
    return True
