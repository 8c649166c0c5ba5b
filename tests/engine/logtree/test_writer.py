"""Writing into a tree: whole lines, whole files, honest errors."""

from __future__ import annotations

import errno
import os
import resource
import signal
from pathlib import Path

import pytest

from bscore.errors import StorageError
from bscore.logtree.writer import TreeWriter


def test_appends_make_folders_and_keep_order(tmp_path: Path) -> None:
    with TreeWriter(tmp_path) as writer:
        writer.append("logs/sys/a.txt", b"one\n")
        writer.append("logs/sys/a.txt", b"two\n")
    with TreeWriter(tmp_path) as writer:
        writer.append("logs/sys/a.txt", b"three\n")
        writer.sync("logs/sys/a.txt")
    assert (tmp_path / "logs/sys/a.txt").read_bytes() == b"one\ntwo\nthree\n"


def test_few_descriptors_serve_many_files(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with TreeWriter(tmp_path, open_files=4) as writer:
        for turn in range(3):
            for number in range(20):
                writer.append(f"logs/{number}.txt", b"%d\n" % turn)
        assert len(os.listdir("/proc/self/fd")) <= before + 4
    assert len(os.listdir("/proc/self/fd")) == before
    assert {path.read_bytes() for path in (tmp_path / "logs").iterdir()} == {b"0\n1\n2\n"}


def test_private_files_are_for_their_owner(tmp_path: Path) -> None:
    with TreeWriter(tmp_path) as writer:
        writer.append("ps", b"x\n", private=True)
        writer.replace("result", b"x\n", private=True)
        writer.replace("result", b"y\n", private=True)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("ps", "result")] == [0o600, 0o600]


def test_replace_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    writer = TreeWriter(tmp_path)
    writer.replace("logs/job_result.txt", b"old\n")
    seen = (tmp_path / "logs/job_result.txt").open("rb")
    writer.replace("logs/job_result.txt", b"new\n")
    with seen:
        assert seen.read() == b"old\n"
    assert (tmp_path / "logs/job_result.txt").read_bytes() == b"new\n"
    assert os.listdir(tmp_path / "logs") == ["job_result.txt"]


def test_appending_after_replace_goes_to_the_new_file(tmp_path: Path) -> None:
    with TreeWriter(tmp_path) as writer:
        writer.append("a", b"1\n")
        writer.replace("a", b"2\n")
        writer.append("a", b"3\n")
    assert (tmp_path / "a").read_bytes() == b"2\n3\n"


def test_a_full_disk_is_said_so() -> None:
    with TreeWriter("/dev") as writer, pytest.raises(StorageError) as caught:
        writer.append("full", b"x\n")
    assert "/dev/full" in str(caught.value)
    assert "the disk is full" in str(caught.value)
    assert "Free space" in str(caught.value)


def test_a_failed_descriptor_is_not_used_again(tmp_path: Path) -> None:
    with TreeWriter("/dev") as writer:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(StorageError):
                writer.append("full", b"x\n")
        assert len(os.listdir("/proc/self/fd")) == before


def test_a_line_that_does_not_fit_is_taken_back_whole(tmp_path: Path) -> None:
    """A file size limit makes the kernel write the first part and refuse the rest."""
    log = tmp_path / "log"
    log.write_bytes(b"x" * 99 + b"\n")
    code = os.fork()
    if code == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (110, 110))
            try:
                TreeWriter(tmp_path).append("log", b"y" * 50 + b"\n")
            except StorageError as error:
                status = 0 if error.__cause__ and error.__cause__.errno == errno.EFBIG else 2  # type: ignore[attr-defined]  # it is an OSError
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(code, 0)[1]) == 0
    assert log.read_bytes() == b"x" * 99 + b"\n"


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs").write_bytes(b"")
    with TreeWriter(tmp_path) as writer:
        for write in (writer.append, writer.replace):
            with pytest.raises(StorageError, match=r"logs/a\.txt"):
                write("logs/a.txt", b"x\n")


def test_the_same_bytes_put_twice_change_nothing(tmp_path: Path) -> None:
    writer = TreeWriter(tmp_path)
    for offset, data in ((4, b"two\n"), (0, b"one\n"), (4, b"two\n")):
        writer.put("logs/a.txt", offset, data)
    assert (tmp_path / "logs/a.txt").read_bytes() == b"one\ntwo\n"
