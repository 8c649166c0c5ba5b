"""Who may write a job, where locks do not cross hosts: the lease decides, by what is observed of it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from bscore.errors import BscoreError, StorageError, TermLostError
from bscore.logtree import paths
from bscore.master.lock import TAKE_OVER_S, JobLock, Lease, read_lease


class Hours:
    """A clock that only sleeping moves; `each` is called after every nap."""

    def __init__(self, each: Callable[[float], None] = lambda _now: None) -> None:
        self.now = 0.0
        self._each = each

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._each(self.now)

    def lock(self, tree: Path) -> JobLock:
        return JobLock(tree, self.sleep, lambda: self.now)


def leave(tree: Path, beat: int, boot: str = "another machine's boot") -> None:
    """The lease of a master somewhere."""
    (tree / paths.CHECKPOINT).mkdir(exist_ok=True)
    lease = Lease("elsewhere", boot, 4127, 99, 1, beat)
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
    lock = JobLock(tree)
    lock.acquire()
    lock.claim(1)
    tree.rename(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="lease cannot be written: No such file"):
        lock.renew(force=True)
    with pytest.raises(StorageError, match="cannot be written"):
        lock.claim(2)
    lock.close()
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="Not a directory"):
        JobLock(tmp_path / "file").acquire()
