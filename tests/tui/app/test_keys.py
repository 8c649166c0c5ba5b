"""Every key of the table on every page: the monitor lives, and shows the page or another."""

from pathlib import Path

import pytest

from bscore_tui.actions import PAGES, ROOTS, actions_of
from bscore_tui.monitor import Monitor
from monitors import make_monitor, shown

LEAVING = {"quit", "back"}


def _go(monitor: Monitor, page: str) -> None:
    """Bring a page to the front, as `:` and enter would."""
    stage = monitor.stage
    stage.overlay = None
    stage.set_focus(None)
    stage.navigation.show(page if page in ROOTS else "errors")
    if page not in ROOTS:
        model = monitor.model
        subject = {
            "trace": f"error:{model.errors[0].key}",
            "mini_batch": f"mb:{model.errors[0].first_mini_batch}",
            "worker": f"worker:{model.errors[0].worker}",
            "file": "file:logs/sys/master_role.txt",
            "files": "files:logs",
            "help": "overview",
        }[page]
        stage.navigation.enter(page, subject)
    stage.redraw()


@pytest.mark.slow
@pytest.mark.parametrize("tree", ["ended", "halfway"])
async def test_every_key_on_every_page(tree: str, request: pytest.FixtureRequest) -> None:
    monitor = make_monitor(request.getfixturevalue(tree))
    pressed = 0
    async with shown(monitor) as pilot:
        for page in PAGES:
            await pilot.pause()
            for action in actions_of(page):
                if action.id in LEAVING:
                    continue
                _go(monitor, page)
                # What a key event ends in; going through the pilot's queue costs a fifth of a second each.
                assert await monitor._check_bindings(action.keys[0]), (page, action.id)
                pressed += 1
                assert monitor.is_running, (page, action.id)
                assert len(monitor.stage.as_text().splitlines()) == 24, (page, action.id)
    assert pressed > 300


async def test_q_goes_back_step_by_step_and_then_out(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.press("4", "enter", "enter")
        assert list(monitor.stage.navigation.crumbs)[-1].startswith("mini-batch")
        await pilot.press("q", "q")
        assert monitor.stage.navigation.crumbs == ()
        assert monitor.is_running
        await pilot.press("q")
        await pilot.pause()
    assert monitor.return_code == 0


@pytest.mark.parametrize("key", ["escape", "backspace"])
async def test_back_has_three_keys(ended: Path, key: str) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.press("4", "enter", key)
        assert monitor.stage.navigation.page.name == "errors"
