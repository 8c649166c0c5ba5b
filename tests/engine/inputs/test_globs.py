import os
from pathlib import Path

import pytest

from bscore.inputs.globs import is_glob
from bscore.inputs.kinds import list_inputs
from bscore.inputs.manifest import decode_items
from bscore.inputs.skipped import Skipped

FILES = [
    "a.txt", "b.csv", ".c.txt", "x/a.txt", "x/b.csv", "x/y/a.txt", "x/y/z/a.txt",
    ".git/a.txt", "w/1/labels/q", "w/2/labels/q", "w/2/images/q", "[ab].txt",
]  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def matches(tree: Path, pattern: str, skipped: Skipped | None = None) -> list[str]:
    records = b"".join(b"".join(chunk) for chunk in list_inputs([f"{tree}/{pattern}"], skipped or Skipped()))
    return [os.path.relpath(os.fsdecode(item.path), tree) for item in decode_items(records)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["[ab].txt", "a.txt"]),
        ("?.txt", ["a.txt"]),
        ("[ab].???", ["a.txt", "b.csv"]),
        ("[!a].csv", ["b.csv"]),
        (".*.txt", [".c.txt"]),
        ("*/a.txt", ["x/a.txt"]),
        ("**/a.txt", ["a.txt", "x/a.txt", "x/y/a.txt", "x/y/z/a.txt"]),
        ("x/**/a.txt", ["x/a.txt", "x/y/a.txt", "x/y/z/a.txt"]),
        ("x/**/y/**/a.txt", ["x/y/a.txt", "x/y/z/a.txt"]),
        ("**/y/*", ["x/y/a.txt", "x/y/z/a.txt"]),
        ("w/*/labels", ["w/1/labels/q", "w/2/labels/q"]),
        ("w/**", ["w/1/labels/q", "w/2/images/q", "w/2/labels/q"]),
        ("**/nothing", []),
        ("nowhere/*", []),
        # A file of exactly this name comes first.
        ("[ab].txt", ["[ab].txt"]),
    ],
)
def test_patterns_match_as_in_shells(tree: Path, pattern: str, expected: list[str]) -> None:
    assert matches(tree, pattern) == expected


def test_a_folder_that_the_pattern_matches_stands_for_its_files(tree: Path) -> None:
    everything = matches(tree, "*")
    assert everything[:3] == ["[ab].txt", "a.txt", "b.csv"]
    assert sorted(everything) == sorted(name for name in FILES if not name.startswith("."))


def test_hidden_names_that_a_pattern_passes_over_are_counted(tree: Path) -> None:
    skipped = Skipped()
    matches(tree, "**/*.txt", skipped)
    assert skipped.first == [os.fsencode(tree / name) for name in (".c.txt", ".git")]


def test_stars_do_not_follow_links_but_names_do(tree: Path) -> None:
    (tree / "link").symlink_to("x")
    (tree / "x/y/up").symlink_to("../..")
    assert matches(tree, "**/z/a.txt") == ["x/y/z/a.txt"]
    assert matches(tree, "l*/y/a.txt") == ["link/y/a.txt"]
    assert matches(tree, "link/**/z/a.txt") == ["link/y/z/a.txt"]


def test_one_character_is_one_character_not_one_byte(tree: Path) -> None:
    (tree / "é.dat").touch()
    assert matches(tree, "?.dat") == ["é.dat"]


def test_a_plain_path_is_no_pattern(tree: Path) -> None:
    assert is_glob(f"{tree}/*") is True
    assert is_glob(f"{tree}/a.txt") is False
    assert is_glob(f"{tree}/[ab].txt") is False
