"""The one place where an event becomes history: cut to fit, reduced, written. Rows before record.

Everything of one wake-up is collected and written by `flush`: first the rows to the part file, then
the records to the journal. So a record in the journal always stands for rows in the part file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from bscore.core.events import Assigned, Committed, Event, Finished
from bscore.core.reduce import reduce
from bscore.core.state import Run
from bscore.core.vitals import Vitals
from bscore.errors import StorageError
from bscore.logtree.fitting import fit
from bscore.logtree.records import JournalCrc, encode
from bscore.outputs.part import PartFile


class Recorder:
    """Records the events of one term: into the run, the part file and the journal.

    `tell` gets every event but the two that come with each mini-batch, right after it was reduced; it
    must not record anything itself.
    """

    def __init__(self, run: Run, vitals: Vitals, journal_fd: int, part: PartFile | None) -> None:
        self.run = run
        self.vitals = vitals
        self.part = part
        self.journal_bytes = 0
        self.tell: Callable[[Event], None] = lambda _event: None
        self._journal_fd = journal_fd
        self._crc = JournalCrc()
        self._pid = os.getpid()
        self._lines: list[bytes] = []
        self._rows: list[bytes] = []

    @property
    def crc(self) -> int:
        """CRC-32 of the journal since the last commit record; flushed lines only."""
        return self._crc.value

    def record(self, event: Event) -> None:
        """Make an event part of the run. Its time never runs backwards."""
        if event.at < self.run.last:
            event = replace(event, at=self.run.last)
        event = fit(event)
        reduce(self.run, event)
        self._lines.append(encode(event, self._pid, self._pid))
        if type(event) is not Finished and type(event) is not Assigned:
            self.tell(event)

    def keep_rows(self, rows: bytes, header: bytes = b"") -> None:
        """Collect rows to be written before the records of this wake-up; the header once above all."""
        if header and not self._rows and self._nothing_written():
            self._rows.append(header)
        if rows:
            self._rows.append(rows)
            self.vitals.unwritten_bytes += len(rows)

    def _nothing_written(self) -> bool:
        return self.part is not None and not self.part.size and not self.run.committed_bytes

    def keep_spool(self, path: str) -> None:
        """Append the rows of a spool file, behind those collected so far."""
        self._write_rows()
        if self.part is not None:
            self.part.append_spool(path)

    def flush(self) -> None:
        """Write the rows, then the records. Raises StorageError; the term then has to end."""
        self._write_rows()
        self._write_lines()

    def _write_rows(self) -> None:
        if self._rows and self.part is not None:
            self.part.append(self._rows)
        self._rows.clear()
        self.vitals.unwritten_bytes = 0

    def _write_lines(self) -> None:
        if not self._lines:
            return
        data = b"".join(self._lines)
        self._lines.clear()
        self._crc.add(data)
        self._append(data)

    def commit(self, at: int, upto_event: int, part_bytes: int, rows: int) -> None:
        """Write the commit record: rows up to `part_bytes` are already synced."""
        self.flush()
        event = Committed(max(at, self.run.last), upto_event, part_bytes, rows, self._crc.take())
        reduce(self.run, event)
        self._append(encode(event, self._pid, self._pid))
        self.tell(event)

    def sync(self) -> None:
        """Bring the journal to the disk."""
        try:
            os.fdatasync(self._journal_fd)
        except OSError as error:
            raise StorageError(f"The journal cannot be synced: {error.strerror}") from error

    def _append(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                written = os.write(self._journal_fd, view)
            except OSError as error:
                raise StorageError(
                    f"The journal cannot be written: {error.strerror}",
                    remedy="Make room, then resume the job: nothing that was recorded is lost.",
                ) from error
            view = view[written:]
        self.journal_bytes += len(data)
