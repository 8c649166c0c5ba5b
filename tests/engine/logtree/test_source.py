"""Sources: the same answers from a folder and from a dictionary, and never an exception."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bscore.logtree.source import LocalSource, MemorySource, Source

FILES = {"logs/a.txt": b"0123456789", "logs/sys/b.txt": b"", "top": b"x"}


@pytest.fixture(params=["local", "memory"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    if request.param == "memory":
        return MemorySource(FILES)
    for path, data in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return LocalSource(tmp_path)


def test_folders_are_listed_by_name(source: Source) -> None:
    assert [(entry.name, entry.is_dir, entry.size) for entry in source.list("")] == [
        ("logs", True, 0),
        ("top", False, 1),
    ]
    assert [(entry.name, entry.is_dir, entry.size) for entry in source.list("logs")] == [
        ("a.txt", False, 10),
        ("sys", True, 0),
    ]


def test_parts_are_read(source: Source) -> None:
    assert source.read("logs/a.txt", 2, 3) == b"234"
    assert source.read("logs/a.txt", 8, 100) == b"89"
    assert source.read("logs/a.txt", 10, 5) == b""
    assert source.read("logs/a.txt", 0, 0) == b""
    assert source.read("logs/a.txt", -1, 5) == b""


@pytest.mark.parametrize("path", ["absent", "logs/absent", "top/below", "../top", "/etc/hostname", "a\0b"])
def test_what_is_not_there_is_an_answer(source: Source, path: str) -> None:
    assert source.stat(path) is None
    assert source.read(path, 0, 10) == b""
    assert source.list(path) == []


def test_a_folder_has_no_bytes(source: Source) -> None:
    assert source.read("logs", 0, 10) == b""
    assert source.list("top") == []
    entry = source.stat("logs")
    assert entry is not None
    assert entry.is_dir


def test_pipes_and_circles_are_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"1")
    source = LocalSource(tmp_path)
    assert [entry.name for entry in source.list("")] == ["file"]
    assert source.read("pipe", 0, 10) == b""
    assert source.stat("pipe") is None


def test_another_file_of_the_same_name_is_another_identity(tmp_path: Path) -> None:
    source = LocalSource(tmp_path)
    (tmp_path / "log").write_bytes(b"1")
    before = source.stat("log")
    (tmp_path / "new").write_bytes(b"1")
    (tmp_path / "new").replace(tmp_path / "log")
    after = source.stat("log")
    assert before is not None
    assert after is not None
    assert before.identity != after.identity
