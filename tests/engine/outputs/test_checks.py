import os
from pathlib import Path

import pytest

from bscore.errors import UsageError
from bscore.logtree.paths import part_file
from bscore.outputs.checks import check_output


def test_a_free_name_passes_and_leaves_nothing_behind(tmp_path: Path) -> None:
    check_output(tmp_path / "a/b", "predictions.csv")
    assert os.listdir(tmp_path / "a/b") == []


def test_an_output_that_is_there_is_refused_even_as_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "out.csv").touch()
    (tmp_path / "link.csv").symlink_to("gone")
    for name in ("out.csv", "link.csv"):
        with pytest.raises(UsageError, match="already there") as caught:
            check_output(tmp_path, name)
        assert "choose another" in (caught.value.remedy or "")


def test_rows_of_another_job_are_left_alone_and_named(tmp_path: Path) -> None:
    (tmp_path / part_file("other.csv", 1)).touch()
    ours = part_file("out.csv", 1, "0a1b2c3d")
    (tmp_path / ours).write_bytes(b"rows")
    (tmp_path / part_file("out.csv", 2, "ffffffff")).touch()
    check_output(tmp_path, "out.csv", mark="0a1b2c3d")
    for mark in ("", "ffffffff"):
        theirs = part_file("out.csv", 1, mark)
        (tmp_path / theirs).write_bytes(b"rows")
        with pytest.raises(UsageError, match=f"finished: {theirs}[.]\n") as caught:
            check_output(tmp_path, "out.csv", mark="0a1b2c3d")
        assert ours not in str(caught.value)
        assert (tmp_path / theirs).read_bytes() == b"rows"
        (tmp_path / theirs).unlink()
    with pytest.raises(UsageError, match=ours):
        check_output(tmp_path, "out.csv")


@pytest.mark.parametrize("name", ["", "a/b", ".", "..", "x" * 250])
def test_what_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"file name|output file"):
        check_output(tmp_path, name)


@pytest.mark.parametrize("make", [True, False])
@pytest.mark.parametrize(
    ("folder", "words"), [("file", "is a file"), ("file/x", "cannot be made"), ("gone", "a link to nothing")]
)
def test_a_folder_that_cannot_be_is_refused(tmp_path: Path, folder: str, words: str, *, make: bool) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "gone").symlink_to("nowhere")
    with pytest.raises(UsageError, match=words):
        check_output(tmp_path / folder, "out.csv", make=make)


@pytest.mark.parametrize("folder", ["/proc", "/proc/none/below"])
def test_a_folder_that_takes_no_file_is_refused(folder: str) -> None:
    for make in (True, False):
        with pytest.raises(UsageError, match=r"takes no file|cannot be made"):
            check_output(folder, "out.csv", make=make)


def test_who_only_looks_makes_nothing(tmp_path: Path) -> None:
    check_output(tmp_path / "a/b", "predictions.csv", make=False)
    assert os.listdir(tmp_path) == []
    (tmp_path / "predictions.csv").touch()
    with pytest.raises(UsageError, match="already there"):
        check_output(tmp_path, "predictions.csv", make=False)
