"""Warnings in words: who gave them, what they say, how often."""

from __future__ import annotations

import pytest

from bscore.core.events import EarlierRunFound, WarningsSeen
from bscore_tui.reading.notes import note_of


@pytest.mark.parametrize(
    ("event", "level", "text"),
    [
        (
            WarningsSeen(
                1, "10.0.0.4/process001", "warnings", "UserWarning", "s", "score.py:4", "old", 7, 1, 1, 1
            ),
            "W",
            "10.0.0.4 process001: UserWarning: old  score.py:4",
        ),
        (
            WarningsSeen(1, "10.0.0.4/_main", "agent", "_main", "s", "", "disk is full", -1, 2_000, 1, 1),
            "",
            "log of 10.0.0.4: disk is full, 2,000 times",
        ),
        (
            WarningsSeen(1, "10.0.0.4/process001", "other", "", "", "", "", -1, 5, 1, 1),
            "W",
            "10.0.0.4 process001: other warnings, 5 times",
        ),
    ],
)
def test_warnings_in_words(event: WarningsSeen, level: str, text: str) -> None:
    note = note_of(event)
    assert (note.level, note.text) == (level, text)
    assert note.target == ("mb:7" if event.mini_batch == 7 else "")


def test_where_durations_are_known_from_in_words() -> None:
    note = note_of(EarlierRunFound(1, "night\x1b[2Jly-0410", 10, (1700, 2100)))
    assert (note.level, note.text) == ("", "durations known from the earlier run nightly-0410")
