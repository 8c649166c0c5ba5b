"""The footer's way back, the Overview's filter, and what workers printed last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bscore.logtree import paths
from bscore_tui.actions import PAGES, ROOTS
from bscore_tui.screens.nodes import usual_span_s
from bscore_tui.screens.outputs import read_outputs, with_outputs
from bscore_tui.views.model import Face, Mode
from bscore_tui.views.overview import overview
from bscore_tui.views.styles import Options, text_of
from monitors import make_monitor, shown, until


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36)], ids=str)
async def test_the_way_back_is_in_every_footer(ended: Path, size: tuple[int, int]) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor, size) as pilot:
        stage = monitor.stage
        error = monitor.model.errors[0]
        subjects = {"trace": f"error:{error.key}", "worker": f"worker:{error.worker}", "help": "overview"}
        subjects |= {"mini_batch": "mb:1", "file": f"file:{paths.JOURNAL}", "files": "files:"}
        for page in PAGES:
            stage.navigation.show(page if page in ROOTS else "errors")
            if page in subjects:
                stage.navigation.enter(page, subjects[page])
            stage.redraw()
            await pilot.pause()
            last = stage.as_text().splitlines()[-1]
            assert " q " in last, (page, last)
            assert [entry[1] for entry in stage.entries] == [
                key for key in (entry[1] for entry in stage.entries) if key in last
            ], page


async def test_a_playing_past_is_paused_and_a_standing_one_played(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.press("space")
        await until(pilot, lambda: "space pause" in monitor.stage.as_text())
        await pilot.press("space")
        await until(pilot, lambda: "space play" in monitor.stage.as_text())


async def test_the_filter_of_the_overview_hides_rows(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor, (120, 36)) as pilot:
        node = monitor.model.nodes[-1].id
        kind = monitor.model.errors[0].what.partition(":")[0]
        assert node in monitor.stage.as_text()
        await pilot.press("slash", *kind, "enter")
        rows = [line for line in monitor.stage.as_text().splitlines() if "score.py:" in line]
        assert rows
        assert all(kind in line for line in rows)
        assert node not in monitor.stage.as_text()


def test_last_outputs_stand_where_workers_hang(halfway: Path) -> None:
    monitor = make_monitor(halfway)
    worker = next(worker for worker in monitor.model.workers if worker.mini_batch is not None)
    path = halfway / paths.user_stdout(worker.node, worker.process)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("one\nGET /prices\n\n")
    outputs = read_outputs(monitor.feed.source, [worker.id, "10.0.0.4/process999"])
    assert {name: text for name, (text, _) in outputs.items()} == {worker.id: "GET /prices"}
    model = with_outputs(replace(monitor.model, face=Face.STANDING, mode=Mode.LIVE), outputs)
    text = "\n".join(text_of(line) for line in overview(model, 120, 36, Options()).lines)
    assert "LAST OUTPUT" in text
    assert "GET /prices" in text


def test_resources_show_as_much_as_there_is(halfway: Path) -> None:
    model = make_monitor(halfway).model
    assert model.started is not None
    spans = [
        usual_span_s(replace(model, at=model.started + passed * 1_000_000)) for passed in (5, 61, 400, 9_999)
    ]
    assert spans == [60, 120, 600, 600]
