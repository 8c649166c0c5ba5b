"""What inputs stand for: paths, or values just as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bscore.errors import UsageError
from bscore.scoring.items import LOOKED_AT, absolute, understand


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files `a` and `data/1`."""
    (tmp_path / "data").mkdir()
    for name in ("a", "data/1"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "inputs",
    [
        ["a", "bb", "ccc"],
        ["bb", "a"],
        ["data/1", "no path"],
        ["and/or", "a"],
        ["https://example.org/is where", "and/or"],
        ["/not", "/there"],
        ["a", 1],
        [1, "a"],
        ["", "a\0b", "line\nline", "\udcff", "long" * 5000],
    ],
)
def test_texts_that_do_not_all_exist_are_values(inputs: list[Any]) -> None:
    items = understand(inputs, None)
    assert (items.kind, list(items.values)) == ("values", inputs)


@pytest.mark.parametrize(
    "inputs", [["a", "data"], ["a", "s3://bucket/key"], [Path("b"), "c"], ["c", Path("b")], ["a"] * LOOKED_AT]
)
def test_texts_that_all_exist_and_path_objects_are_paths(inputs: list[Any]) -> None:
    items = understand(iter(inputs), None)
    assert (items.kind, list(items.values)) == ("paths", inputs)


def test_only_so_many_inputs_are_looked_at() -> None:
    items = understand(["a"] * LOOKED_AT + ["b"], None)
    assert items.kind == "paths"
    assert len(list(items.values)) == LOOKED_AT + 1


def test_paths_of_which_some_are_missing_are_refused_with_the_first_missing_one(here: Path) -> None:
    with pytest.raises(UsageError, match="there is no 'data/2'") as caught:
        understand(["data/1", "data/2", "data/3"], None)
    assert "items='paths' or items='values'" in str(caught.value)
    with pytest.raises(UsageError, match="there is no '/not/there'"):
        understand(["/not/there", str(here / "a")], None)


def test_items_decides_whatever_exists(here: Path) -> None:
    assert understand(["a", "data/1"], "values").kind == "values"
    paths = understand(["b", "data/2", "s3://bucket/key"], "paths")
    there = [str(here / "b").encode(), str(here / "data/2").encode(), b"s3://bucket/key"]
    assert (paths.kind, list(absolute(paths.values))) == ("paths", there)
    with pytest.raises(UsageError, match="Item 0 is int, expected a path"):
        list(absolute(understand([1], "paths").values))
    with pytest.raises(UsageError, match="goes with a list"):
        understand("a", "values")
