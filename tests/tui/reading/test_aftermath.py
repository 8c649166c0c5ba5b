"""Whether the rows that a resume would go on behind are there is looked up where that can be seen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bscore.core.state import Part, Run
from bscore.logtree import paths
from bscore.logtree.source import LocalSource, MemorySource
from bscore_tui.reading.aftermath import lost_rows
from histories import World
from tui_trees import running


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A job's directory that says where it stands."""
    place = tmp_path / "job" / paths.PLACE
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps({"tree": str((tmp_path / "job").resolve()), "mark": "ab12"}))
    return place


def run_in(folder: Path) -> Run:
    run = running(World(1, checked=False), 5).run
    assert run.config is not None
    run.config = replace(run.config, output=str(folder / "predictions.csv"))
    run.parts = [Part(1, 10, 2), Part(2, 0, 0), Part(3, 5, 1)]
    return run


def test_a_part_that_was_removed_or_cut_is_named(tmp_path: Path, place: Path) -> None:
    run, source = run_in(tmp_path), LocalSource(str(place.parents[1]))
    parts = {term: tmp_path / f".predictions.csv.{term}.ab12.part" for term in (1, 3)}
    parts[1].write_bytes(b"x" * 10)
    parts[3].write_bytes(b"x" * 7)
    assert lost_rows(source, run) == ""
    parts[3].write_bytes(b"x" * 4)
    assert lost_rows(source, run) == str(parts[3])
    parts[1].unlink()
    assert lost_rows(source, run) == str(parts[1])
    (tmp_path / "predictions.csv").touch()
    assert lost_rows(source, run) == "", "it was published"


def test_of_a_tree_that_is_elsewhere_nothing_is_claimed(tmp_path: Path, place: Path) -> None:
    run, source = run_in(tmp_path), LocalSource(str(place.parents[1]))
    assert lost_rows(MemorySource({}), run) is None
    place.write_text(json.dumps({"tree": "/elsewhere/job", "mark": "ab12"}))
    assert lost_rows(source, run) is None
    place.write_text("{")
    assert lost_rows(source, run) is None


@pytest.mark.parametrize("mark", ["../x", "a/b", 7, None])
def test_a_mark_that_is_none_never_becomes_a_path(tmp_path: Path, place: Path, mark: object) -> None:
    run, source = run_in(tmp_path), LocalSource(str(place.parents[1]))
    place.write_text(json.dumps({"tree": str(place.parents[1].resolve()), "mark": mark}))
    assert lost_rows(source, run) is None
