import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bscore.errors import StorageError
from bscore.outputs.publish import publish, rename_without_overwriting, temporary_name

Parts = list[tuple[str, int]]


def make_parts(folder: Path, *rows: bytes, tail: bytes = b"") -> Parts:
    parts = []
    for term, text in enumerate(rows, 1):
        path = folder / f".out.csv.{term}.part"
        path.write_bytes(text + tail)
        parts.append((str(path), len(text)))
    return parts


class Crash(BaseException):
    pass


def crash_after(count: int) -> Callable[[str], None]:
    left = [count]

    def step(name: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Crash(name)

    return step


def test_a_single_part_gets_the_name_itself(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, b"1\n2\n")
    inode = os.stat(parts[0][0]).st_ino
    publish(parts, tmp_path / "out.csv")
    assert os.listdir(tmp_path) == ["out.csv"]
    assert (tmp_path / "out.csv").stat().st_ino == inode


@pytest.mark.parametrize("rows", [(b"1\n", b"", b"2\n"), (b"", b""), (b"",), (b"1\n", b"")])
def test_parts_are_put_together_in_order_without_what_does_not_count(
    tmp_path: Path, rows: tuple[bytes, ...]
) -> None:
    parts = make_parts(tmp_path, *rows, tail=b"not committed")
    inodes = {os.stat(path).st_ino for path, _ in parts}
    publish(parts, tmp_path / "out.csv")
    assert os.listdir(tmp_path) == ["out.csv"]
    assert (tmp_path / "out.csv").read_bytes() == b"".join(rows)
    assert (tmp_path / "out.csv").stat().st_ino not in inodes


def test_a_late_writer_of_an_earlier_term_cannot_reach_the_published_file(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, b"rows\n", b"")
    with open(parts[0][0], "ab") as late:
        publish(parts, tmp_path / "out.csv")
        late.write(b"late")
    assert (tmp_path / "out.csv").read_bytes() == b"rows\n"


def test_a_file_of_somebody_else_is_never_overwritten(tmp_path: Path) -> None:
    for rows in ((b"1\n",), (b"1\n", b"")):
        parts = make_parts(tmp_path, *rows)
        for theirs in (b"", b"2\n", b"longer\n"):
            (tmp_path / "out.csv").write_bytes(theirs)
            with pytest.raises(StorageError, match="not this job's"):
                publish(parts, tmp_path / "out.csv")
            assert (tmp_path / "out.csv").read_bytes() == theirs
        assert all(os.path.exists(path) for path, _ in parts)


def test_somebody_who_comes_in_between_wins(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, b"1\n", b"2\n")

    def step(name: str) -> None:
        if name == "joined":
            (tmp_path / "out.csv").write_bytes(b"theirs")

    with pytest.raises(StorageError, match="not this job's"):
        publish(parts, tmp_path / "out.csv", step)
    assert (tmp_path / "out.csv").read_bytes() == b"theirs"


def test_a_link_under_the_final_name_is_not_followed(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, b"1\n")
    (tmp_path / "out.csv").symlink_to("elsewhere")
    with pytest.raises(StorageError, match="not this job's"):
        publish(parts, tmp_path / "out.csv")
    assert not (tmp_path / "elsewhere").exists()


@settings(deadline=None, max_examples=80)
@given(
    rows=st.lists(st.binary(max_size=20), min_size=1, max_size=4),
    tail=st.binary(max_size=5),
    crashes=st.lists(st.integers(0, 9), max_size=5),
    half=st.binary(max_size=5),
)
def test_crashes_anywhere_any_number_of_times_end_in_the_same_file(
    rows: list[bytes], tail: bytes, crashes: list[int], half: bytes
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        parts = make_parts(folder, *rows, tail=tail)
        final = folder / "out.csv"
        Path(temporary_name(str(final))).write_bytes(half)
        for crash in crashes:
            try:
                publish(parts, final, crash_after(crash))
            except Crash:
                assert not final.exists() or final.read_bytes() == b"".join(rows)
        publish(parts, final)
        publish(parts, final)
        assert os.listdir(folder) == ["out.csv"]
        assert final.read_bytes() == b"".join(rows)


KILLED = """
import os, signal, sys
from bscore.outputs.publish import publish
left = int(sys.argv[1])
def step(name):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
publish([(path, os.stat(path).st_size) for path in sys.argv[3:]], sys.argv[2], step)
"""


@pytest.mark.parametrize("rows", [(b"1\n",), (b"1\n", b"2\n")], ids=["one-part", "two-parts"])
def test_killed_after_each_step_and_repeated(tmp_path: Path, rows: tuple[bytes, ...]) -> None:
    for crash in range(20):
        folder = tmp_path / str(crash)
        folder.mkdir()
        parts = make_parts(folder, *rows)
        command = [
            sys.executable,
            "-c",
            KILLED,
            str(crash),
            str(folder / "out.csv"),
            *(path for path, _ in parts),
        ]
        killed = subprocess.run(command, check=False).returncode
        publish(parts, folder / "out.csv")
        assert os.listdir(folder) == ["out.csv"]
        assert (folder / "out.csv").read_bytes() == b"".join(rows)
        if killed == 0:
            break
        assert killed == -9
    assert crash == (3 if len(rows) == 1 else 6)


def test_renaming_is_the_way_without_hard_links_and_overwrites_nothing(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, b"1\n")
    (tmp_path / "theirs").write_bytes(b"x")
    with pytest.raises(StorageError, match="not this job's"):
        rename_without_overwriting(parts[0][0], str(tmp_path / "theirs"))
    rename_without_overwriting(parts[0][0], str(tmp_path / "out.csv"))
    publish(parts, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b"1\n"
    assert (tmp_path / "theirs").read_bytes() == b"x"


def test_lost_rows_are_said_not_published(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, b"1\n", b"2\n")
    os.truncate(parts[1][0], 1)
    with pytest.raises(StorageError, match="only 1 bytes"):
        publish(parts, tmp_path / "out.csv")
    os.remove(parts[0][0])
    with pytest.raises(StorageError, match="is missing"):
        publish(parts, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_folder_that_refuses_is_said_in_words(tmp_path: Path) -> None:
    parts = make_parts(tmp_path, b"1\n", b"2\n")
    with pytest.raises(StorageError, match="cannot be written"):
        publish(parts, "/proc/out.csv")
    with pytest.raises(StorageError, match="cannot be written: No such file"):
        publish(parts, tmp_path / "gone" / "out.csv")
    assert all(os.path.exists(path) for path, _ in parts)
