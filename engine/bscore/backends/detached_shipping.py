"""What a detached agent sends on its way: log files by (file, offset), large rows piece by piece."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from bscore.backends.detached_wire import PIECE_BYTES, ROOM_BYTES, Connection, SpoolPiece
from bscore.node.messages import Answer, LogChunk, Poll

#: Log bytes put into one frame; there may be hundreds of files.
_LOGS_BYTES = 1024 * 1024


@dataclass(slots=True)
class _Shipped:
    """How much of a file was sent, and how much of it is known to have been written."""

    sent: int = 0
    written: int = 0


class LogShipper:
    """Finds what is new below `tree/logs`. A file's next piece waits until its last one was written."""

    def __init__(self, tree: str) -> None:
        self._tree = tree
        self._files: dict[str, _Shipped] = {}

    def written(self, offsets: Mapping[str, int]) -> None:
        """The master has written these files up to these bytes."""
        for path, offset in offsets.items():
            known = self._files.get(path)
            if known is not None:
                known.written = max(known.written, offset)

    def new(self) -> list[LogChunk]:
        """A piece of every file that has grown, some MiB in all; the others come next time."""
        chunks: list[LogChunk] = []
        nbytes = 0
        for path, status in self._walk():
            known = self._files.get(path)
            if known is not None and known.sent > known.written:
                continue
            chunk = self._piece(path, status)
            if chunk is not None:
                chunks.append(chunk)
                nbytes += len(chunk.data)
            if nbytes >= _LOGS_BYTES:
                break
        return chunks

    def rest(self) -> Iterator[LogChunk]:
        """Everything that was not sent, for the end, when no more is written."""
        for path, status in self._walk():
            while (chunk := self._piece(path, status)) is not None:
                yield chunk

    def _piece(self, path: str, status: os.stat_result) -> LogChunk | None:
        known = self._files.get(path)
        new = known is None
        if known is None:
            known = self._files[path] = _Shipped()
        # A line that did not fit on the disk was taken back.
        known.sent = min(known.sent, status.st_size)
        if status.st_size == known.sent and not new:
            return None
        with open(os.path.join(self._tree, path), "rb") as file:
            file.seek(known.sent)
            data = file.read(PIECE_BYTES)
        chunk = LogChunk(path, known.sent, data, private=not status.st_mode & 0o077)
        known.sent += len(data)
        return chunk if data or new else None

    def _walk(self) -> Iterator[tuple[str, os.stat_result]]:
        folders = ["logs"]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(os.path.join(self._tree, folder)) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except FileNotFoundError:
                continue
            for entry in found:
                path = f"{folder}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif entry.is_file(follow_symlinks=False):
                    yield path, entry.stat()


class Outbox:
    """What waits to be sent, in its order. Rows of spool files are read only when there is room for them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: deque[Poll | str] = deque()
        self._file: BinaryIO | None = None

    def put(self, poll: Poll) -> None:
        """Send a poll, cut so that no frame holds more than a MiB of rows or one answer."""
        part = replace(poll, reports=[])
        nbytes = 0
        for report in poll.reports:
            if isinstance(report, Answer):
                nbytes += len(report.rows)
                if (report.spool or nbytes > ROOM_BYTES) and part.reports:
                    self._waiting.append(part)
                    part, nbytes = Poll(poll.node), len(report.rows)
                if report.spool:
                    self._waiting.append(report.spool)
            part.reports.append(report)
        self._waiting.append(part)

    @property
    def is_full(self) -> bool:
        """Whether the connection has enough to do."""
        return self._connection.unsent_bytes >= ROOM_BYTES

    def pump(self) -> None:
        """Make frames of what waits, while there is room."""
        while self._waiting and not self.is_full:
            first = self._waiting[0]
            if isinstance(first, Poll):
                self._connection.send(first)
                self._waiting.popleft()
            else:
                self._send_piece(first)

    def _send_piece(self, spool: str) -> None:
        if self._file is None:
            self._file = open(spool, "rb")  # noqa: SIM115  # it is open while its pieces are on their way
        data = self._file.read(PIECE_BYTES)
        if data:
            self._connection.send(SpoolPiece(data))
            return
        self._file.close()
        self._file = None
        Path(spool).unlink()
        self._waiting.popleft()

    def send_all(self, timeout_s: float) -> bool:
        """Send everything and wait for it; False when the other end takes nothing for `timeout_s`."""
        while True:
            self.pump()
            if not self._connection.flush_all(timeout_s):
                return False
            if not self._waiting:
                return True
