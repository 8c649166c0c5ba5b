"""Golden trees are what a real run could have left."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from bscore.core import events as ev
from bscore.core.check import check
from bscore.core.events import Outcome
from bscore.core.reduce import reduce
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.journal import Trust, check_term, read_events
from bscore.logtree.source import LocalSource
from golden_generator import Golden, generate

SMALL = Golden(nodes=3, workers=2, mini_batches=2000, lost_workers=2, items_each=2, heartbeat_s=5)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("golden")
    generate(root, SMALL)
    return root


def fold_checked(root: Path) -> Run:
    run = Run()
    for number, event in enumerate(read_events(LocalSource(root))):
        reduce(run, event)
        if not number % 50:
            check(run)
    check(run)
    return run


def test_the_history_folds_to_a_completed_run(tree: Path) -> None:
    run = fold_checked(tree)
    assert run.outcome is Outcome.COMPLETED
    assert len(run.done) + len(run.abandoned) == SMALL.mini_batches
    assert run.deaths == SMALL.lost_workers
    assert run.dropped == 0
    assert run.unknown_events == 0
    assert not run.uncommitted
    assert SMALL.retry_share / 2 < run.retried / SMALL.mini_batches < SMALL.retry_share * 2
    assert run.rows == (tree / "outputs/score/predictions.csv").read_bytes().count(b"\n")


def test_the_journal_is_proved_and_every_answer_is_of_the_first_in_the_queue(tree: Path) -> None:
    size = (tree / paths.JOURNAL).stat().st_size
    trust = check_term(LocalSource(tree), paths.JOURNAL)
    assert not trust.damaged
    assert size - 500 < trust.committed < size
    assert isinstance(trust, Trust)


def test_the_report_has_a_row_per_attempt(tree: Path) -> None:
    kinds = Counter(type(event) for event in read_events(LocalSource(tree)))
    with (tree / paths.MINI_BATCHES_REPORT).open(newline="") as file:
        statuses = Counter(row["Status"] for row in csv.DictReader(file))
    assert statuses["RUN_DONE"] == kinds[ev.Finished]
    assert statuses["RUN_EXCEPTION"] + statuses["RUN_TIMEOUT"] == kinds[ev.AttemptFailed]
    assert statuses["LOAD_DONE"] == kinds[ev.WorkerReady]


def test_traces_stand_where_the_journal_says(tree: Path) -> None:
    found = 0
    for event in read_events(LocalSource(tree)):
        if isinstance(event, ev.AttemptFailed) and event.trace:
            path, _, offset = event.trace.rpartition("@")
            assert event.message in (tree / path).read_text()[int(offset) :].partition("\n\n")[0]
            found += 1
    assert found > 20


def test_the_same_seed_gives_the_same_tree(tree: Path, tmp_path: Path) -> None:
    generate(tmp_path, SMALL)
    for path in sorted(tree.rglob("*")):
        if path.is_file():
            assert (tmp_path / path.relative_to(tree)).read_bytes() == path.read_bytes()


def test_a_job_that_stopped_in_the_middle_folds_too(tmp_path: Path) -> None:
    generate(
        tmp_path, Golden(nodes=2, workers=2, mini_batches=500, lost_workers=0, error_groups=0, share=0.5)
    )
    run = fold_checked(tmp_path)
    assert run.outcome is None
    assert len(run.done) + len(run.abandoned) == 250
    assert not (tmp_path / paths.JOB_RESULT).exists()
