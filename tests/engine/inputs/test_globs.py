import os
from pathlib import Path
from random import Random

import pytest

from bscore.inputs.globs import Pattern
from bscore.inputs.kinds import list_inputs
from bscore.inputs.manifest import decode_items
from bscore.inputs.skipped import HIDDEN, LeftOut, Skipped

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
    assert skipped.kinds() == [LeftOut(HIDDEN, 2, (str(tree / ".c.txt"), str(tree / ".git")))]


def test_a_linked_folder_is_matched_anew_where_other_parts_of_the_pattern_reach_it(tree: Path) -> None:
    (tree / "link").symlink_to("x")
    (tree / "x/y/up").symlink_to("../..")
    assert matches(tree, "**/z/a.txt") == ["x/y/z/a.txt"]
    assert matches(tree, "l*/y/a.txt") == ["link/y/a.txt"]
    assert matches(tree, "link/**/z/a.txt") == ["link/y/z/a.txt"]
    assert matches(tree, "x/y/*/w/1/**") == ["x/y/up/w/1/labels/q"]
    (tree / "x/deep").symlink_to("../w")
    assert matches(tree, "x/**/q") == ["x/deep/1/labels/q", "x/deep/2/images/q", "x/deep/2/labels/q"]
    assert matches(tree, "x/**/a.txt") == ["x/a.txt", "x/y/a.txt", "x/y/z/a.txt", "x/y/up/a.txt"]


@pytest.mark.parametrize(
    "pattern", ["**/*", "**/**", "*/**/*", "**/a/**/*", "*", "**/b/*", "**/a/*/**", "?/?/*"]
)
def test_no_real_file_is_listed_twice_and_none_is_lost_by_links(tmp_path: Path, pattern: str) -> None:
    """Whatever leads where: each real file that some path matches, once."""
    for number in range(20):
        random = Random(number)
        root = tmp_path / str(number)
        folders = [root]
        for _ in range(8):
            folders.append(random.choice(folders) / random.choice("ab"))
            folders[-1].mkdir(parents=True, exist_ok=True)
            (folders[-1] / "file").touch()
        for name in random.sample("cdefg", 3):
            link = random.choice(folders) / name
            link.symlink_to(random.choice(folders))
        found = matches(root, pattern)
        real = [os.path.realpath(root / path) for path in found]
        assert len(real) == len(set(real)), (number, pattern)
        assert set(real) == _matching(root, pattern), (number, pattern)


def _matching(root: Path, pattern: str) -> set[str]:
    """Real files that some path matches, however often it goes in circles."""
    shape = Pattern(pattern.split("/"), Skipped())
    found: set[str] = set()
    seen: set[tuple[str, int]] = set()
    waiting: list[tuple[str, frozenset[int] | None]] = [(os.path.realpath(root), shape.start())]
    while waiting:
        folder, state = waiting.pop()
        new = {(folder, part) for part in ({-1} if state is None else state)} - seen
        seen |= new
        if not new:
            continue
        for name in os.listdir(folder):
            real = os.path.realpath(os.path.join(folder, name))
            if os.path.isdir(real):
                waiting.append((real, None if state is None else shape.folder(b"", name.encode(), state)))
            elif state is None or shape.file(b"", name.encode(), state):
                found.add(real)
    return found
