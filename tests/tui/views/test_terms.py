"""Runs of several terms: the time without a master is told, folded on the strip, and no time worked."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore.cli import run_command
from bscore.core import events as e
from bscore.logtree.source import MemorySource
from bscore_tui.reading.playing import Playhead
from bscore_tui.reading.reader import JobReader
from bscore_tui.views import overview, timeline
from bscore_tui.views.head import state_words
from bscore_tui.views.model import Face, Model, TermGap
from bscore_tui.views.strip import control, strip
from bscore_tui.views.strip_scale import Scale, folded
from bscore_tui.views.styles import Options, text_of
from histories import START_US, World
from tui_trees import journals_of

HOUR_US = 3_600_000_000


def resumed(*, killed: bool = True, over: bool = True) -> World:
    """A run of some seconds whose second term begins five hours after its first."""
    world = World(3, nodes=1, workers=2, mini_batches=60, checked=False, chances={"commit": 0.2})
    world.begin_term()
    while world.run.over < 20:
        world.now += 100_000
        world.step()
    if not killed:
        world.commit()
        world.happen(e.RunEnded(world.now, e.Outcome.CANCELED, "by ada", "out"))
    world.now += 5 * HOUR_US
    world.begin_term()
    while world.ended is None if over else world.run.over < 40:
        world.now += 100_000
        world.step()
    if over and world.ended is not None:
        world.commit()
        world.happen(e.RunEnded(world.now, world.ended.outcome, "", "out"))
    return world


def reader_of(world: World) -> JobReader:
    reader = JobReader(MemorySource(journals_of(world.history)), lambda: world.run.last)
    while reader.poll()[1]:
        pass
    return reader


@pytest.fixture(scope="module")
def ended() -> Model:
    return reader_of(resumed()).model()


def gap_of(model: Model) -> TermGap:
    [gap] = model.timeline.gaps
    return gap


def test_what_ran_is_the_terms_without_the_hours_between_them(ended: Model) -> None:
    assert gap_of(ended).until - gap_of(ended).since >= 5 * HOUR_US
    words = state_words(ended)
    assert words.startswith("Completed, ran 0:")
    assert words.endswith(" in 2 terms")
    body = "\n".join(map(text_of, overview.overview(ended, 80, 20, Options()).lines))
    assert " in 2 terms; between them no master for 5:00:00" in body


@pytest.mark.parametrize("height", [24, 36])
def test_the_strip_folds_the_gap_and_marks_the_kill(ended: Model, height: int) -> None:
    upper, row = map(text_of, [[], *strip(ended, 80, height, Options())][-2:])
    before, _, after = row[7:-6].partition("//")
    assert (upper if height > 30 else row)[7 + len(before) - 1] == "x"
    assert sum(cell != " " for cell in before) > 5
    assert sum(cell != " " for cell in after) > 5
    assert max(map(len, (before.rstrip(), after.rstrip()))) < 60
    rows = [text_of(line) for line in timeline.timeline(ended, 80, 24, Options()).lines]
    assert any(row.startswith(" lost") and "1" in row for row in rows)
    assert any("the master was gone from here on; resumed after 5:00:00" in row for row in rows)


def test_a_run_that_was_canceled_and_resumed_shows_no_kill() -> None:
    model = reader_of(resumed(killed=False)).model()
    row = text_of(strip(model, 80, 24, Options())[-1])
    assert "//" in row
    assert "x" not in row
    assert not any("master was gone" in note.text for note in model.notes)


def test_nobody_works_at_a_moment_between_two_terms() -> None:
    reader = reader_of(resumed())
    gap = gap_of(reader.model())
    model = reader.model((gap.since + gap.until) // 2)
    assert (model.state, model.face) == ("NotResponding", Face.NOT_RESPONDING)
    assert model.ends is None
    assert state_words(model) == "NotResponding for 2:30:00"
    body = "\n".join(map(text_of, overview.overview(model, 80, 20, Options()).lines))
    assert "bscore job resume" not in body
    assert "resumed at" in body
    assert reader.model(gap.until + 1_000_000).state == "Running"


def test_a_replay_passes_the_gap_at_once_and_counts_what_ran(ended: Model) -> None:
    playhead = Playhead()
    playhead.toggle(ended, 0.0)
    gap, moments = gap_of(ended), []
    for second in range(61):
        at = playhead.at(float(second))
        assert at is not None
        moments.append(at)
    assert playhead.speed <= 1
    assert not [at for at in moments if gap.since < at < gap.until]
    assert moments[-1] >= ended.last
    at_end = replace(ended, at=ended.last)
    assert " of 0:" in text_of(control(at_end, 80, Options()))
    assert "5:00" not in text_of(control(at_end, 80, Options()))


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**11)), max_size=12),
    st.integers(8, 200),
)
def test_cells_of_a_folded_strip_are_in_the_order_of_time(parts: list[tuple[int, int]], cells: int) -> None:
    at, gaps = START_US, []
    for worked, idle in parts:
        gaps.append(TermGap(at + worked, at + worked + idle, ended=False))
        at += worked + idle
    end = at + 10**7
    scale = Scale(START_US, end, 0, cells, folded(START_US, end, cells, tuple(gaps)))
    columns = [scale.column(scale.at(cell)) for cell in range(cells)]
    between = set(scale.gap_cells())
    assert all(column == cell for cell, column in enumerate(columns) if cell not in between)
    assert all(early <= late for early, late in pairwise(columns))
    assert scale.column(START_US) == 0
    assert len(between) >= 2 * len(scale.gaps)
    assert len(between) * 3 <= cells * 2


def test_job_show_and_job_list_count_the_same_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BSCORE_HOME", str(tmp_path))
    for name, data in journals_of(resumed().history).items():
        path = tmp_path / "jobs/twice" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert run_command(["job", "show", str(tmp_path / "jobs/twice"), "-o", "text"]) == 0
    shown = capsys.readouterr().out
    assert " in 2 terms\n" in shown
    assert " h " not in shown.partition("\n  done")[0]
