"""Commit points: whatever is recorded has one behind it, also what came while the last one was made."""

from __future__ import annotations

import os
import select
import threading
from pathlib import Path

import pytest

from bscore.core import events as e
from bscore.core.state import Run
from bscore.core.vitals import Vitals
from bscore.errors import BscoreError
from bscore.master import committer as committer_module
from bscore.master import earlier
from bscore.master.committer import Committer
from bscore.master.recorder import Recorder
from bscore.outputs.part import PartFile

SECOND = 1_000_000


def next_commit(committer: Committer, now: int, patience_s: float = 5.0) -> bool:
    """Go round as the master does until one is recorded; False when the thread says nothing any more."""
    while not committer.step(now):
        if not select.select([committer.fileno()], [], [], patience_s)[0]:
            return False
    return True


def test_what_is_recorded_while_rows_are_synced_is_behind_the_next_commit_point(tmp_path: Path) -> None:
    journal = os.open(tmp_path / "journal", os.O_WRONLY | os.O_CREAT)
    recorder = Recorder(Run(), Vitals(), journal, PartFile(tmp_path / "part"))
    recorded = threading.Event()
    committer = Committer(recorder, 0, [recorded.wait], lambda: None, 1.0, lambda _step: None)
    heard: list[e.Event] = []
    recorder.tell = heard.append
    try:
        recorder.record(e.FindingMade(SECOND, "first", "before it began"))
        committer.step(2 * SECOND)
        recorder.record(e.FindingMade(2 * SECOND, "second", "while the rows were synced"))
        recorded.set()
        assert next_commit(committer, 2 * SECOND)
        assert next_commit(committer, 4 * SECOND)
        assert not next_commit(committer, 6 * SECOND, patience_s=0.2), "nothing happened since"
    finally:
        committer.close()
        os.close(journal)
    assert [x.upto_event for x in heard if isinstance(x, e.Committed)] == [1, 3]


@pytest.mark.timeout(20)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [RuntimeError("broken"), MemoryError(), SystemExit(3)])
def test_whatever_the_thread_breaks_with_ends_the_term_and_nobody_waits_for_it(
    tmp_path: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks() -> None:
        raise error

    monkeypatch.setattr(committer_module, "_LOOK_S", 0.01)
    journal = os.open(tmp_path / "journal", os.O_WRONLY | os.O_CREAT)
    recorder = Recorder(Run(), Vitals(), journal, PartFile(tmp_path / "part"))
    committer = Committer(recorder, 0, [breaks], lambda: None, 1.0, lambda _step: None)
    try:
        recorder.record(e.FindingMade(SECOND, "first", "something to commit"))
        with pytest.raises((type(error), BscoreError)):
            committer.finish(2 * SECOND)
    finally:
        committer.close()
        os.close(journal)


def test_a_search_for_earlier_runs_that_breaks_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no such year")

    monkeypatch.setattr(earlier, "earlier_runs", breaks)
    search = earlier.EarlierSearch(tmp_path, Run())
    search._search("score.py", 1)
    told = search.take(SECOND)
    assert isinstance(told, e.FindingMade)
    assert (told.at, "no such year" in told.text) == (SECOND, True)
