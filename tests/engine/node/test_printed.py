"""The item that stdout names last."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscore.node.printed import TAIL_BYTES, last_named

ITEMS = [f"/data/file_{number}.csv" for number in (1, 2, 11, 12)]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("file_1.csv\nfile_2.csv\n", 1),
        ("scoring /data/file_11.csv ...\n", 2),
        ("file_2.csv: 3 rows\nfile_11.csv.\nother.csv\n", 2),
        ("my-file_1.csv file_1.csv.gz file_1.csv_old\n", None),
        ("nothing\n", None),
        (f"run({ITEMS})\n", None),
        (f"file_2.csv\nrun({ITEMS})\n", 1),
        ("x" * TAIL_BYTES + " file_12.csv", None),
        ("", None),
        ("x" * TAIL_BYTES + "\nfile_12.csv", 3),
        ("file_12.csv\n" + "x" * TAIL_BYTES, None),
    ],
)
def test_the_last_name_that_is_a_word_of_its_own(tmp_path: Path, text: str, named: int | None) -> None:
    path = tmp_path / "stdout"
    path.write_text(text)
    assert last_named(str(path), 0, len(text), ITEMS) == ("" if named is None else ITEMS[named])


def test_only_what_was_printed_since_the_last_answer_counts(tmp_path: Path) -> None:
    path = tmp_path / "stdout"
    path.write_text("file_1.csv\nfile_2.csv\n")
    assert last_named(str(path), 11, 22, ITEMS) == ITEMS[1]
    assert last_named(str(path), 0, 11, ITEMS) == ITEMS[0]
    assert last_named(str(path), 22, 22, ITEMS) == ""
    assert last_named(str(path), -1, -1, ITEMS) == ITEMS[1]


def test_names_that_several_items_share_count_with_their_folders_only(tmp_path: Path) -> None:
    path = tmp_path / "stdout"
    path.write_text("/b/data.csv\ndata.csv\n")
    assert last_named(str(path), 0, 21, ["/a/data.csv", "/b/data.csv"]) == "/b/data.csv"


def test_a_file_that_is_not_there_names_nothing(tmp_path: Path) -> None:
    assert last_named(str(tmp_path / "none"), 0, 9, ITEMS) == ""
