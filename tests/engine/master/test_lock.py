"""Who may write a job, where locks do not cross hosts: the lease decides, by what is observed of it."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from bscore.errors import BscoreError, StorageError, TermLostError
from bscore.logtree import paths
from bscore.master.local_disk import file_system_of, is_on_local_disk
from bscore.master.lock import TAKE_OVER_S, JobLock, Lease, read_lease
from bscore.master.signals import Stops


class Hours:
    """A clock that only sleeping moves; `each` is called after every nap."""

    def __init__(self, each: Callable[[float], None] = lambda _now: None) -> None:
        self.now = 0.0
        self._each = each

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._each(self.now)

    def lock(self, tree: Path, is_local: Callable[[Path], bool] = is_on_local_disk) -> JobLock:
        return JobLock(tree, self.sleep, lambda: self.now, is_local)


def leave(tree: Path, beat: int, boot: str = "another machine's boot", host: str = "elsewhere") -> None:
    """The lease of a master somewhere."""
    (tree / paths.CHECKPOINT).mkdir(exist_ok=True)
    lease = Lease(host, boot, 4127, 99, 1, beat)
    (tree / paths.LEASE).write_text(json.dumps(asdict(lease)))


def test_a_lease_of_another_host_must_stand_still_for_a_minute(tmp_path: Path) -> None:
    leave(tmp_path, 7)
    hours = Hours()
    lock = hours.lock(tmp_path)
    lock.acquire()
    assert TAKE_OVER_S <= hours.now <= TAKE_OVER_S + 2
    lock.claim(2)
    assert read_lease(tmp_path) != Lease("elsewhere", "another machine's boot", 4127, 99, 1, 7)
    lock.close()


def test_one_beat_within_that_minute_and_the_job_is_its_masters(tmp_path: Path) -> None:
    leave(tmp_path, 7)
    hours = Hours(lambda now: leave(tmp_path, 8) if now >= 50 else None)
    with pytest.raises(BscoreError, match="is being run by process 4127 on elsewhere") as caught:
        hours.lock(tmp_path).acquire()
    assert 50 <= hours.now < TAKE_OVER_S
    assert "bscore job cancel" in caught.value.remedy


def test_why_it_waits_is_said_with_what_ends_the_wait(tmp_path: Path) -> None:
    leave(tmp_path, 7)
    said: list[tuple[float, str]] = []
    hours = Hours()
    lock = hours.lock(tmp_path)
    lock.acquire(say=lambda text: said.append((hours.now, text)))
    ((when, text),) = said
    assert when == 0
    assert "process 4127 on elsewhere" in text
    assert "60 seconds" in text
    assert "--take-over" in text
    lock.close()


@pytest.mark.parametrize(("is_local", "waits"), [(True, False), (False, True)])
def test_a_lease_of_this_host_before_it_booted_needs_no_minute_where_no_other_host_can_write(
    tmp_path: Path, is_local: bool, waits: bool
) -> None:
    leave(tmp_path, 7, "an earlier boot", socket.gethostname())
    hours = Hours()
    lock = hours.lock(tmp_path, lambda _tree: is_local)
    lock.acquire()
    assert (hours.now >= TAKE_OVER_S) == waits
    lock.close()


MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
31 22 0:44 / /mnt/nfs rw,relatime - nfs4 server:/export rw
32 22 0:45 / /mnt/my\\040disk rw shared:2 master:3 - xfs /dev/vdb rw
33 22 0:46 / /srv rw - ext4 /dev/vdc rw
34 22 0:47 / /srv rw - fuse.sshfs host: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/jobs", "ext4"),
        ("/mnt/nfs", "nfs4"),
        ("/mnt/nfs/jobs", "nfs4"),
        ("/mnt/nfs2/jobs", "ext4"),
        ("/mnt/my disk/jobs", "xfs"),
        ("/srv/jobs", "fuse.sshfs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_nearest_mount(path: str, kind: str) -> None:
    assert file_system_of(path, MOUNTS) == kind


def test_whoever_knows_better_takes_over_at_once(tmp_path: Path) -> None:
    leave(tmp_path, 7)
    hours = Hours()
    lock = hours.lock(tmp_path)
    lock.acquire(take_over=True)
    assert hours.now == 0
    lock.close()


def test_on_one_host_the_lock_alone_decides(tmp_path: Path) -> None:
    hours = Hours()
    first, second = hours.lock(tmp_path), hours.lock(tmp_path)
    first.acquire()
    first.claim(1)
    with pytest.raises(BscoreError, match="is being run by process"):
        second.acquire(take_over=True)
    first.close()
    second.acquire()
    assert hours.now < 2, "this boot's lease needs no minute"
    second.close()


@pytest.mark.parametrize(
    "mode", [fcntl.LOCK_SH, fcntl.LOCK_EX], ids=["a reader's look", "a dead master's child"]
)
def test_who_holds_the_lock_for_a_moment_only_is_waited_for(tmp_path: Path, mode: int) -> None:
    (tmp_path / paths.CHECKPOINT).mkdir()
    with (tmp_path / paths.LOCK).open("w") as held:
        fcntl.flock(held, mode)
        hours = Hours(lambda now: fcntl.flock(held, fcntl.LOCK_UN) if now >= 0.5 else None)
        lock = hours.lock(tmp_path)
        lock.acquire()
    assert 0.5 <= hours.now < 0.6
    lock.close()


def test_a_term_is_claimed_once_and_the_earlier_master_notices(tmp_path: Path) -> None:
    hours = Hours()
    first, second = hours.lock(tmp_path), hours.lock(tmp_path)
    first.acquire()
    first.claim(1)
    first.check()
    with pytest.raises(TermLostError):
        second.claim(1)
    second.claim(second.next_term(1))
    with pytest.raises(TermLostError, match="Another master"):
        first.check()
    first.close()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": 1}', "\0" * 40])
def test_a_lease_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / paths.CHECKPOINT).mkdir()
    (tmp_path / paths.LEASE).write_text(text)
    assert read_lease(tmp_path) is None


def test_a_job_directory_that_was_moved_away_is_a_storage_error(tmp_path: Path) -> None:
    tree = tmp_path / "job1"
    with pytest.raises(StorageError, match="No such file"):
        JobLock(tree).acquire()
    tree.mkdir()
    lock = JobLock(tree)
    lock.acquire()
    lock.claim(1)
    tree.rename(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="was removed or moved"):
        lock.renew(force=True)
    with pytest.raises(StorageError, match="cannot be written"):
        lock.claim(2)
    lock.close()
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Not a directory"):
        JobLock(tmp_path / "file").acquire()


def test_whoever_is_asked_to_stop_waits_for_no_other_host(tmp_path: Path) -> None:
    leave(tmp_path, 7)
    with Stops() as stops:
        lock = JobLock(tmp_path, stops.sleep)
        with pytest.raises(KeyboardInterrupt):
            lock.acquire(say=lambda _text: os.kill(os.getpid(), signal.SIGTERM))
    second = Hours().lock(tmp_path)
    second.acquire(take_over=True)
    second.close()
