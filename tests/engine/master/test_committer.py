"""Commit points: whatever is recorded has one behind it, also what came while the last one was made."""

from __future__ import annotations

import os
import select
import threading
from pathlib import Path

from bscore.core import events as e
from bscore.core.state import Run
from bscore.core.vitals import Vitals
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
