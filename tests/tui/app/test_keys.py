"""Every key of the table on every page: the monitor lives, and shows the page or another."""

from pathlib import Path

import pytest
from textual.events import Key

from bscore_tui.actions import PAGES, ROOTS, actions_of
from bscore_tui.monitor import Monitor
from bscore_tui.views.model import Model
from bscore_tui.widgets.overlay import Palette
from monitors import make_monitor, shown, until

LEAVING = {"quit", "back"}


def _subjects(model: Model) -> dict[str, str]:
    """What a page that needs one is about; fixed once, for keys also go to moments without any error."""
    error = model.errors[0]
    return {
        "trace": f"error:{error.key}",
        "mini_batch": f"mb:{error.first_mini_batch}",
        "worker": f"worker:{error.worker}",
        "file": "file:logs/sys/master_role.txt",
        "files": "files:logs",
        "help": "overview",
    }


def _go(monitor: Monitor, page: str, subject: str | None) -> None:
    """Bring a page to the front, as `:` and enter would."""
    stage = monitor.stage
    stage.overlay = None
    stage.set_focus(None)
    stage.navigation.show(page if page in ROOTS else "errors")
    if subject is not None:
        stage.navigation.enter(page, subject)
    stage.redraw()


@pytest.mark.slow
@pytest.mark.parametrize("tree", ["ended", "halfway"])
async def test_every_key_on_every_page(tree: str, request: pytest.FixtureRequest) -> None:
    monitor = make_monitor(request.getfixturevalue(tree))
    subjects = _subjects(monitor.model)
    pressed = 0
    async with shown(monitor) as pilot:
        for page in PAGES:
            await pilot.pause()
            for action in actions_of(page):
                if action.id in LEAVING:
                    continue
                _go(monitor, page, subjects.get(page))
                # What a key event ends in; going through the pilot's queue costs a fifth of a second each.
                assert await monitor._check_bindings(action.keys[0], priority=True), (page, action.id)
                pressed += 1
                assert monitor.is_running, (page, action.id)
                assert len(monitor.stage.as_text().splitlines()) == 24, (page, action.id)
    assert pressed > 300


async def test_keys_typed_faster_than_they_are_answered_arrive_in_their_order(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        names = {":": "colon", " ": "space"}
        for character in ":item 12":
            monitor.post_message(Key(names.get(character, character), character))
        await until(pilot, lambda: monitor.stage.overlay is not None)
        await pilot.pause()
        assert isinstance(monitor.stage.overlay, Palette)
        assert monitor.stage.overlay.edit.text == "item 12"


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
