"""`+ -` and `< >`: how fast the past plays, told by the strip; and the span of the resources."""

from __future__ import annotations

from pathlib import Path

from bscore_tui.screens.nodes import SPANS_S, Nodes
from monitors import make_monitor, shown, until


async def test_the_strip_tells_how_fast_it_plays_and_keys_change_it(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.press("1", "space")
        await until(pilot, lambda: "REPLAY > " in monitor.stage.as_text())
        before = monitor.model.speed
        assert before is not None
        await pilot.press("minus", "minus")
        await until(pilot, lambda: (monitor.model.speed or before) < before)
        await pilot.press("less_than_sign")
        slow = monitor.feed.playhead.speed
        assert f"at {slow:g}x" in monitor.stage.as_text()
        await until(pilot, lambda: f"REPLAY > {slow:g}x" in monitor.stage.as_text())
        await pilot.press("space")
        await until(pilot, lambda: "REPLAY =" in monitor.stage.as_text())
        await pilot.press("plus")
        assert "once space plays it" in monitor.stage.as_text()
        assert monitor.feed.playhead.speed > slow


async def test_a_live_job_that_is_frozen_and_played_says_both(halfway: Path) -> None:
    monitor = make_monitor(halfway)
    async with shown(monitor) as pilot:
        moment = monitor.model.last - 5_000_000
        monitor.feed.look_at(moment)
        await until(pilot, lambda: "FROZEN" in monitor.stage.as_text())
        for _ in range(4):
            await pilot.press("minus")
        await pilot.press("space")
        await until(pilot, lambda: "REPLAY > 0.25x" in monitor.stage.as_text())


async def test_plus_and_minus_change_the_span_of_the_resources_only_there(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor, (120, 36)) as pilot:
        await pilot.press("3", "v")
        page = monitor.stage.navigation.page
        assert isinstance(page, Nodes)
        speed = monitor.feed.playhead.speed
        for _ in SPANS_S:
            await pilot.press("plus")
        assert "last 10 min" in monitor.stage.as_text()
        await pilot.press("minus")
        assert "last 5 min" in monitor.stage.as_text()
        for _ in SPANS_S:
            await pilot.press("minus")
        assert "last 1 min" in monitor.stage.as_text()
        assert monitor.feed.playhead.speed == speed
        await pilot.press("v", "plus")
        await until(pilot, lambda: monitor.feed.playhead.speed > speed)
