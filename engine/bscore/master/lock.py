"""Who may write a job: a kernel lock, a lease for other hosts to see, and a claim per term.

The kernel lock is released by death, so a dead master is taken over at once on its own host. Where
locks do not cross hosts the lease has to stand still for a minute first.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from bscore.errors import GoneError, HeldError, TermLostError, in_words
from bscore.logtree import paths
from bscore.logtree.last_words import reserved
from bscore.logtree.lease import Lease, lease_of
from bscore.logtree.source import LocalSource
from bscore.logtree.trees import in_commands
from bscore.master.local_disk import is_on_local_disk
from bscore.spec.regular import open_regular
from bscore.spec.within import FOLDER_MODE

RENEW_S = 5.0
#: A lock may be held for moments by nobody's master: a reader asks whether it is free by taking it shared,
#: and a process that a dead master was just starting holds all its descriptors until it runs its program.
LOCK_WAIT_S, LOCK_RETRY_S = 1.0, 0.01
#: A lease of another host must stand still for so long before its job is taken over.
TAKE_OVER_S = 60.0


Say = Callable[[str], None]


def silent(_text: str) -> None:
    """Where nobody wants to hear."""


def boot_id() -> str:
    """An id of this boot of this machine; its name where the kernel tells none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return socket.gethostname()


def read_lease(tree: Path) -> Lease | None:
    """The lease as it stands, or None where there is none that can be read."""
    return lease_of(LocalSource(tree))


class JobLock:
    """Holds a job for one master. `close` lets go of it; so does the death of the process."""

    def __init__(
        self,
        tree: Path,
        sleep: Callable[[float], None] = time.sleep,
        monotonic_s: Callable[[], float] = time.monotonic,
        is_local: Callable[[Path], bool] = is_on_local_disk,
    ) -> None:
        self.tree = tree
        self.term = 0
        self._sleep, self._monotonic_s, self._is_local = sleep, monotonic_s, is_local
        self._fd = -1
        self._beat = 0
        self._renewed = 0.0
        self._claimed_next = str(tree)

    def acquire(self, *, take_over: bool = False, say: Say = silent) -> None:
        """Take the job; `say` is told why that takes a while.

        Raises HeldError when a living master has it, else StorageError.
        """
        path = self.tree / paths.LOCK
        try:
            path.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
            self._fd = open_regular(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise in_words(error, path) from error
        try:
            locked = self._locked_within(LOCK_WAIT_S)
        except OSError as error:
            self.close()
            raise in_words(error, path) from error
        if not locked:
            self.close()
            raise self._held()
        if take_over:
            return
        try:
            self._wait_for_other_host(say)
        except BaseException:
            self.close()
            raise

    def _locked_within(self, seconds: float) -> bool:
        deadline = self._monotonic_s() + seconds
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._monotonic_s() >= deadline:
                    return False
                self._sleep(LOCK_RETRY_S)
            else:
                return True

    def _held(self) -> HeldError:
        lease = read_lease(self.tree)
        who = f"process {lease.pid} on {lease.host}" if lease else "another process"
        name = in_commands(self.tree)
        return HeldError(
            f"Job {self.tree.name} is being run by {who}.",
            remedy=f"Watch it with: bscore-tui {name}, or end it first with: bscore job cancel {name}",
        )

    def _wait_for_other_host(self, say: Say) -> None:
        lease = read_lease(self.tree)
        if lease is None or lease.boot_id == boot_id() or self._is_of_dead_boot(lease):
            return
        say(
            f"Job {self.tree.name} was last run by process {lease.pid} on {lease.host}, which cannot be seen "
            f"from here and may still live: {TAKE_OVER_S:g} seconds are waited for a sign of it. If you know "
            "that it is gone, --take-over does not wait."
        )
        deadline = self._monotonic_s() + TAKE_OVER_S
        while self._monotonic_s() < deadline:
            self._sleep(1.0)
            if read_lease(self.tree) != lease:
                raise self._held()

    def _is_of_dead_boot(self, lease: Lease) -> bool:
        """Whether this host wrote the lease before it booted anew.

        A name alone proves nothing: two hosts, or containers on two of them, may share one. But the kernel
        lock is held by now, and on a disk that one kernel alone has mounted nobody can live without it.
        """
        return lease.host == socket.gethostname() and self._is_local(self.tree)

    def claim(self, term: int) -> None:
        """Begin a term. Raises TermLostError when another master has begun it, else StorageError."""
        path = self.tree / paths.term_claim(term)
        try:
            with open(open_regular(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as claim:
                claim.write(reserved())
        except FileExistsError:
            raise TermLostError(f"Term {term} of job {self.tree.name} was begun by another master.") from None
        except OSError as error:
            raise in_words(error, path) from error
        self.term = term
        self._claimed_next = str(self.tree / paths.term_claim(term + 1))
        self.renew(force=True)

    def leave_word(self, text: str) -> None:
        """Say in the claim of the term why its master gives up; readers find it there."""
        with contextlib.suppress(OSError), (self.tree / paths.term_claim(self.term)).open("r+b") as claim:
            claim.write(reserved(text))

    def next_term(self, last: int) -> int:
        """The first term after `last` that nobody claimed, also by a master that died at once."""
        term = last + 1
        while (self.tree / paths.term_claim(term)).exists():
            term += 1
        return term

    def check(self) -> None:
        """Raise TermLostError when a later term has begun: this master must write nothing more.

        Raises GoneError where the job's directory is not there any more, or its lock was removed: then
        another master may hold a new one.
        """
        if self._fd >= 0 and not os.fstat(self._fd).st_nlink:
            raise GoneError(self.tree)
        if os.path.exists(self._claimed_next):
            raise TermLostError(f"Another master has taken job {self.tree.name} over.")

    def renew(self, *, force: bool = False) -> None:
        """Show that this master lives; does nothing more often than every 5 s. Raises StorageError."""
        now = self._monotonic_s()
        if not force and now - self._renewed < RENEW_S:
            return
        self._renewed = now
        self._beat += 1
        lease = Lease(socket.gethostname(), boot_id(), os.getpid(), _process_start(), self.term, self._beat)
        path = self.tree / paths.LEASE
        fresh = path.with_suffix(".new")
        try:
            with open(open_regular(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as stream:
                stream.write(json.dumps(asdict(lease)) + "\n")
            fresh.replace(path)
        except OSError as error:
            if not self.tree.is_dir():
                raise GoneError(self.tree) from error
            raise in_words(error, path) from error

    def close(self) -> None:
        """Let go of the job."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _process_start() -> int:
    """Start time of this process in clock ticks since boot: tells it from a later one of its pid."""
    try:
        return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0
