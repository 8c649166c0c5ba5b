"""Trees that format 1 wrote are read by every later version, to the last number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bscore.cli.job_facts import read_facts, whole
from bscore.core.check import check
from bscore.core.reduce import fold
from bscore.logtree.history import read_history
from bscore.logtree.journal import read_events
from bscore.logtree.source import LocalSource
from format_1 import FOLDER, facts_of
from golden_generator import Golden, generate

TREES = sorted(file.stem for file in FOLDER.glob("*.json"))
STATUS = {"killed": "NotResponding", "canceled": "Canceled", "failed": "Failed"}


def test_there_is_a_tree_for_every_way_a_run_can_be_found() -> None:
    assert TREES == ["canceled", "complete", "failed", "killed", "resumed", "troubled"]


@pytest.mark.parametrize("name", TREES)
def test_a_golden_tree_gives_the_numbers_it_was_made_with(name: str) -> None:
    source = LocalSource(FOLDER / name)
    run = read_history(source).run
    check(run)
    assert facts_of(run) == json.loads((FOLDER / f"{name}.json").read_text())
    assert fold(read_events(source)) == run


@pytest.mark.parametrize("name", TREES)
def test_a_copied_tree_can_be_shown_anywhere(name: str) -> None:
    shown = whole(read_facts(FOLDER / name))
    assert shown["status"] == STATUS.get(name, "Completed")


@pytest.mark.slow
def test_a_generated_tree_folds_to_what_was_asked_for(tmp_path: Path) -> None:
    generate(tmp_path, Golden(nodes=3, workers=2, mini_batches=2000))
    run = read_history(LocalSource(tmp_path)).run
    check(run)
    assert run.mini_batches == 2000
    assert run.over == 2000
    assert run.retried > 0
