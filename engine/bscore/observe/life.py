"""Whether a job's master lives, without disturbing it: its lease, its process, at last its lock."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from bscore.logtree import paths
from bscore.logtree.lease import MAX_BYTES, decode_lease
from bscore.logtree.source import LocalSource, Source
from bscore.spec.regular import open_regular

#: A lease that has not changed for so long is that of a dead or frozen master.
SILENT_S = 30.0
#: A folder, pipe or device; a socket; a link to itself.
_NO_FILE = (errno.EINVAL, errno.ENXIO, errno.ELOOP)


class Pulse(StrEnum):
    """What is known of the master."""

    ALIVE = "alive"
    #: The lock is free or the lease stands still: nobody works on this run.
    NOT_RESPONDING = "not responding"
    #: Nothing can be told yet (a copied tree, another host, too short a look).
    UNKNOWN = "unknown"
    #: The run is over; nobody has to live.
    ENDED = "ended"


class Life:
    """Looks at one tree again and again; `look` costs three small reads."""

    def __init__(
        self,
        source: Source,
        monotonic_s: Callable[[], float] = time.monotonic,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._monotonic_s, self._wall_s = monotonic_s, wall_s
        self._lease = b""
        self._changed_s = monotonic_s()
        self._changes = 0

    @property
    def silent_s(self) -> float:
        """Since when the lease has not changed, as observed (or by its file's time, on its own host)."""
        seen_s = self._monotonic_s() - self._changed_s
        entry = self._source.stat(paths.LEASE)
        if entry is None or not entry.mtime_ns or not self._is_own_host():
            return seen_s
        return max(seen_s, self._wall_s() - entry.mtime_ns / 1e9) if self._changes <= 1 else seen_s

    def look(self, ended: bool) -> Pulse:
        """What is known now; `ended`: the journal holds the end of the run."""
        if ended:
            return Pulse.ENDED
        lease = self._source.read(paths.LEASE, 0, MAX_BYTES)
        if lease != self._lease:
            self._lease = lease
            self._changed_s = self._monotonic_s()
            self._changes += 1
        if decode_lease(lease) is None:
            return Pulse.NOT_RESPONDING if self._is_abandoned() else Pulse.UNKNOWN
        if isinstance(self._source, LocalSource) and self._is_own_host() and self._is_free(self._source):
            return Pulse.NOT_RESPONDING
        if self.silent_s > SILENT_S:
            return Pulse.NOT_RESPONDING
        return Pulse.ALIVE if self._changes > 1 or self._is_own_host() else Pulse.UNKNOWN

    def _is_abandoned(self) -> bool:
        """Whether nobody has a job whose lease cannot be read: its lock is free, its journal stands still."""
        journal = self._source.stat(paths.JOURNAL)
        if journal is None or not journal.mtime_ns or not isinstance(self._source, LocalSource):
            return False
        still = self._wall_s() - journal.mtime_ns / 1e9 > SILENT_S
        return still and self._is_free(self._source)

    def _is_own_host(self) -> bool:
        lease = decode_lease(self._lease)
        return lease is not None and lease.host == socket.gethostname()

    def _is_free(self, source: LocalSource) -> bool:
        """Whether nobody holds the job. The lock is only tried once the process of the lease is gone."""
        lease = decode_lease(self._lease)
        if lease is not None and lease.started == process_start(lease.pid):
            # It lives, but on a copied tree it holds the lock of the original.
            return has_open(lease.pid, os.path.join(source.root, paths.LOCK)) is False
        return _lock_is_free(os.path.join(source.root, paths.LOCK))


def process_start(pid: int) -> int | None:
    """When a process of this host began (clock ticks since boot); None where it has ended.

    One that ended and that nobody has waited for, as below the first process of many containers, is gone too.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in ("Z", "X") else int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def has_open(pid: int, path: str) -> bool | None:
    """Whether a process has this very file open; None where that cannot be seen."""
    folder = f"/proc/{pid}/fd"
    try:
        wanted = os.stat(path)
        descriptors = os.listdir(folder)
    except OSError:
        return None
    for descriptor in descriptors:
        try:
            if os.path.samestat(os.stat(f"{folder}/{descriptor}"), wanted):
                return True
        except OSError:
            continue
    return False


def _lock_is_free(path: str) -> bool:
    """Whether a shared lock can be had; it is given back at once."""
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        # A copy that left the lock behind: nobody can hold it.
        return True
    except OSError as error:
        # Nor what somebody put in its place.
        return error.errno in _NO_FILE
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
