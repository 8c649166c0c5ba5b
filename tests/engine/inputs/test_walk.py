import os
import socket
from pathlib import Path

import pytest

from bscore.inputs import walk
from bscore.inputs.kinds import list_inputs
from bscore.inputs.manifest import Item, decode_items
from bscore.inputs.skipped import DANGLING, GONE, REPEATED, SPECIAL, LeftOut, Skipped
from bscore.inputs.walk import InputError, walk_folder


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def items(*inputs: Path | str) -> list[Item]:
    return decode_items(
        b"".join(b"".join(chunk) for chunk in list_inputs([str(i) for i in inputs], Skipped()))
    )


def below(root: Path, *inputs: Path | str) -> list[str]:
    return [os.path.relpath(os.fsdecode(item.path), root) for item in items(*inputs or (root,))]


def test_files_come_before_sub_folders_both_sorted_by_bytes(tmp_path: Path) -> None:
    make(tmp_path, "b/2", "b/10", "a/x/1", "a/z", "z", "B", ".hidden/.file", "a.b")
    assert below(tmp_path) == ["B", "a.b", "z", ".hidden/.file", "a/z", "a/x/1", "b/10", "b/2"]


def test_size_and_time_are_the_files_own(tmp_path: Path) -> None:
    make(tmp_path, "one")
    os.utime(tmp_path / "one", ns=(5, 1_700_000_000_123_456_789))
    assert items(tmp_path) == [Item(os.fsencode(tmp_path / "one"), 3, 1_700_000_000_123_456_789)]


def test_any_byte_but_slash_and_nul_may_be_in_a_name(tmp_path: Path) -> None:
    names = sorted([b"new\nline", b"\xff\xfe", b"tab\t", b" ", b"\\x41", "ü".encode()])
    for name in names:
        (tmp_path / os.fsdecode(name)).touch()
    assert [item.path for item in items(tmp_path)] == [os.fsencode(tmp_path) + b"/" + name for name in names]


def test_relative_inputs_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "data/a", "data/b")
    monkeypatch.chdir(tmp_path)
    expected = [os.fsencode(tmp_path / "data" / name) for name in "ab"]
    assert [item.path for item in items("data")] == expected
    assert [item.path for item in items("data/b", "./data/a")] == expected[::-1]
    assert [item.path for item in items(f"file://{tmp_path}/data")] == expected


def test_links_to_files_are_items_and_links_to_folders_come_last(tmp_path: Path) -> None:
    make(tmp_path, "outside/deep/file", "root/sub/a")
    (tmp_path / "root/a-link").symlink_to(tmp_path / "outside")
    (tmp_path / "root/link-to-file").symlink_to(tmp_path / "root/sub/a")
    assert below(tmp_path / "root", tmp_path / "root") == ["link-to-file", "sub/a", "a-link/deep/file"]


def test_a_folder_is_listed_once_however_many_links_lead_to_it(tmp_path: Path) -> None:
    make(tmp_path, "root/v1/a", "root/v2/b", "outside/c")
    (tmp_path / "root/current").symlink_to("v2")
    (tmp_path / "root/x").symlink_to(tmp_path / "outside")
    (tmp_path / "root/y").symlink_to(tmp_path / "outside")
    assert below(tmp_path / "root", tmp_path / "root") == ["v1/a", "v2/b", "x/c"]


FORMS = ["{0}", "{0}/**", "{0}/*", "{0}/**/*", "file://{0}", "local://{0}"]


@pytest.mark.parametrize("form", FORMS)
def test_links_to_folders_are_followed_alike_in_every_form_of_input(tmp_path: Path, form: str) -> None:
    """Each real folder once, loops cut, and said."""
    make(tmp_path, "outside/deep/3", "root/a/1", "root/b/x/2")
    (tmp_path / "root/link").symlink_to(tmp_path / "outside")
    (tmp_path / "root/again").symlink_to("b")
    (tmp_path / "root/b/x/up").symlink_to("../..")
    (tmp_path / "outside/back").symlink_to(tmp_path / "root")
    skipped = Skipped()
    listed = list_inputs([form.format(tmp_path / "root")], skipped)
    found = decode_items(b"".join(b"".join(chunk) for chunk in listed))
    paths = [os.path.relpath(os.fsdecode(item.path), tmp_path / "root") for item in found]
    assert sorted(os.path.basename(path) for path in paths) == ["1", "2", "3"]
    assert "link/deep/3" in paths
    (repeated,) = skipped.kinds()
    assert repeated.kind == REPEATED
    assert repeated.count >= 3


def test_loops_of_links_end(tmp_path: Path) -> None:
    make(tmp_path, "up/root/a/1", "up/beside")
    root = tmp_path / "up/root"
    (root / "a/self").symlink_to(".")
    (root / "a/above").symlink_to("../..")
    (root / "loop").symlink_to("loop")
    skipped = Skipped()
    found = decode_items(b"".join(b"".join(chunk) for chunk in walk_folder(os.fsencode(root), skipped)))
    assert [os.path.relpath(os.fsdecode(item.path), root) for item in found] == ["a/1", "a/above/beside"]
    assert skipped.kinds() == [
        LeftOut(DANGLING, 1, (str(root / "loop"),)),
        LeftOut(REPEATED, 1, (str(root / "a/self"),)),
    ]


def test_what_is_no_file_is_counted_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        skipped = Skipped()
        assert sum(len(chunk) for chunk in walk_folder(os.fsencode(tmp_path), skipped)) == 1
    dangling, special = skipped.kinds()
    assert dangling == LeftOut(DANGLING, 1, (str(tmp_path / "dangling"),))
    assert special == LeftOut(SPECIAL, 2, (str(tmp_path / "pipe"), str(tmp_path / "socket")))


def test_a_huge_folder_streams_in_the_order_of_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "HUGE_FOLDER", 100)
    for i in range(101):
        (tmp_path / f"{i * 7919 % 101:03}").touch()
    (tmp_path / "sub").mkdir()
    make(tmp_path, "sub/last")
    with os.scandir(tmp_path) as entries:
        order = [entry.name for entry in entries if entry.is_file()]
    assert below(tmp_path) == [*order, "sub/last"]


def test_exactly_the_limit_is_still_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "HUGE_FOLDER", 50)
    for i in range(50):
        (tmp_path / f"{i * 31 % 50:02}").touch()
    assert below(tmp_path) == [f"{i:02}" for i in range(50)]


def test_a_walk_is_the_same_the_second_time_and_deep_trees_are_fine(tmp_path: Path) -> None:
    folder = tmp_path
    for depth in range(300):
        folder = folder / "d"
        folder.mkdir()
        (folder / f"{depth}").touch()
    first = below(tmp_path)
    assert len(first) == 300
    assert first == below(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_never_left_out_silently(tmp_path: Path) -> None:
    make(tmp_path, "a/1", "b/2")
    (tmp_path / "b").chmod(0)
    try:
        with pytest.raises(InputError, match="cannot be read"):
            items(tmp_path)
    finally:
        (tmp_path / "b").chmod(0o700)


def test_a_folder_that_vanishes_meanwhile_is_noted(tmp_path: Path) -> None:
    make(tmp_path, "a", "sub/x")
    skipped = Skipped()
    records = walk_folder(os.fsencode(tmp_path), skipped)
    assert len(next(records)) == 1
    (tmp_path / "sub/x").unlink()
    (tmp_path / "sub").rmdir()
    assert not any(records)
    assert skipped.kinds() == [LeftOut(GONE, 1, (str(tmp_path / "sub"),))]
