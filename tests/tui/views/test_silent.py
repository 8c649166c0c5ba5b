"""A job whose master does not respond: nothing looks as if it were going on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bscore.logtree.source import MemorySource
from bscore_tui.reading.plain import progress_line
from bscore_tui.reading.playing import Playhead
from bscore_tui.reading.reader import JobReader
from bscore_tui.views import batches, nodes, overview
from bscore_tui.views.head import head
from bscore_tui.views.model import Face, Mode, Model
from bscore_tui.views.pages import WorkerPage
from bscore_tui.views.strip import strip
from bscore_tui.views.styles import Body, Options, text_of
from bscore_tui.views.worker import worker
from histories import troubled
from tui_models import heartbeats
from tui_trees import journals_of, running

SILENT_S = 2 * 3600


def reader_of(seconds: float) -> JobReader:
    world = running(troubled(11, nodes=4, workers=8, mini_batches=2000, checked=False), 400)
    files = journals_of(world.history) | heartbeats(world.nodes, world.workers)
    reader = JobReader(MemorySource(files), lambda: world.run.last + int(seconds * 1e6))
    while reader.poll()[1]:
        pass
    return reader


@pytest.fixture(scope="module")
def silent() -> Model:
    return reader_of(SILENT_S).model()


def text(body: Body) -> str:
    return "\n".join(text_of(line).rstrip() for line in body.lines)


@pytest.mark.parametrize("width", [80, 200])
def test_the_head_says_last_seen_and_not_live(silent: Model, width: int) -> None:
    shown = text_of(head(silent, width, Options()))
    assert "NotResponding for 2:00:00" in shown
    assert "LAST SEEN  14:13" in shown
    assert "LIVE" not in shown
    assert "LIVE" in text_of(head(reader_of(0).model(), width, Options()))


def test_workers_are_unknown_since_the_last_sign_of_life(silent: Model) -> None:
    assert silent.workers
    assert {(row.state, row.sign, row.since) for row in silent.workers} == {("unknown", "?", silent.last)}
    shown = text(nodes.nodes(silent, 80, 20, Options()))
    assert "unknown since 14:13" in shown.splitlines()[0]
    assert "busy" not in shown + text(nodes.nodes(silent, 200, 50, Options()))
    node = replace(silent.nodes[0], sign="x")
    opened = nodes.nodes(replace(silent, nodes=(node,), restarts=0), 80, 30, Options())
    rows = [line for line in opened.lines if " unknown " in text_of(line)]
    assert rows
    assert not any(style == "warn" for line in rows for _, style in line), "? has a colour of its own"
    row = next(row for row in silent.workers if row.mini_batch is not None)
    page = text(worker(silent, WorkerPage(row.id), 80, 20, Options()))
    assert "? unknown for 2:00:00, since 14:13" in page
    assert " ran " in page
    assert "killed in" not in page


def test_what_was_running_is_marked_as_unknown(silent: Model) -> None:
    for body in (overview.overview(silent, 80, 20, Options()), batches.batches(silent, 80, 20, Options())):
        assert f"? {silent.running} running" in text(body)
    assert {row.sign for row in silent.running_batches} == {"?"}


def test_no_rate_is_shown_as_if_it_were_the_present_one(silent: Model) -> None:
    assert (silent.items_s, silent.batches_s, silent.busy_percent) == (None, None, None)
    assert all(node.finished_s is None and node.items_s is None for node in silent.nodes)
    assert all(row.items_s is None for row in silent.workers)
    assert "items/s" not in progress_line(silent, Options())


def test_space_plays_it_from_its_start(silent: Model) -> None:
    playhead = Playhead()
    playhead.toggle(silent, 0.0)
    assert playhead.playing
    assert playhead.at(0.0) == silent.started


def test_a_moment_before_the_silence_is_as_it_was_then(silent: Model) -> None:
    past = reader_of(SILENT_S).model(silent.last - 1_000_000)
    assert (past.face is Face.NOT_RESPONDING, past.mode) == (False, Mode.FROZEN)
    assert any(row.state == "busy" for row in past.workers)
    rows, then = (text_of(strip(model, 80, 24, Options())[-1]) for model in (silent, past))
    assert (then[:7], then[-6:]) == (rows[:7], rows[-6:]), "the strip keeps its scale"
    assert "·" not in then
    assert "End = last seen" in text_of(strip(past, 80, 24, Options())[0])
    assert replace(past, mode=Mode.SILENT).until == past.now
