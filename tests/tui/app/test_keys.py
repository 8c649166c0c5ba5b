"""Every key of the table on every page: the monitor lives, and shows the page or another."""

from pathlib import Path

import pytest
from textual.events import Key

from bscore_tui.actions import PAGES, ROOTS, actions_of
from bscore_tui.monitor import Monitor
from bscore_tui.sequences import Sequences
from bscore_tui.views.model import Mode, Model
from bscore_tui.widgets.overlay import Palette
from monitors import make_monitor, shown, until

LEAVING = {"quit", "back", "suspend"}


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


async def test_only_q_on_the_overview_leaves_and_the_footer_says_so(halfway: Path) -> None:
    monitor = make_monitor(halfway)
    subjects = _subjects(monitor.model)
    async with shown(monitor) as pilot:
        stage = monitor.stage
        for page in PAGES:
            for key in ("escape", "backspace"):
                _go(monitor, page, subjects.get(page))
                await pilot.press(*[key] * 4)
                assert monitor.is_running
                assert (stage.navigation.page.name, stage.navigation.crumbs) == ("overview", ())
            _go(monitor, page, subjects.get(page))
            stage.navigation.page.filter, stage.message = "x", ""
            monitor.feed.look_at(monitor.model.at - 1_000_000)
            await until(pilot, lambda: monitor.model.mode is Mode.FROZEN)
            stage.redraw()
            steps = 0
            while not stage.as_text().rstrip().endswith("q quit"):
                assert "q back" in stage.as_text().splitlines()[-1]
                await pilot.press("q")
                if monitor.feed.playhead.at(0.0) is None:
                    await until(pilot, lambda: monitor.model.mode is Mode.SILENT)
                steps += 1
            assert monitor.is_running
            assert steps >= (2 if page == "overview" else 3)
        await pilot.press("q")
        await pilot.pause()
    assert monitor.return_code == 0


def test_an_escape_sequence_is_one_key_wherever_it_is_cut() -> None:
    for whole in ("\x1b[A", "\x1bOB", "\x1b[1;5C", "\x1b[<0;30;2M", "\x1b[[A", "\x1b[M !!", "\x1b[27u"):
        for cut in range(1, len(whole)):
            sequences = Sequences()
            heard = sequences.feed(whole[:cut], 1.0) + sequences.overdue(1.4)
            assert heard + sequences.feed(whole[cut:] + "x", 1.4) == [whole, "x"]
        assert Sequences().feed(f"a{whole}\x1b{whole}", 1.0) == ["a", whole, "\x1b", whole]


def test_a_lone_escape_is_the_key_and_what_follows_later_is_what_it_is() -> None:
    sequences = Sequences()
    assert sequences.feed("\x1b", 1.0) == sequences.overdue(1.4) == []
    assert sequences.overdue(1.6) == ["\x1b"]
    assert sequences.feed("j", 1.7) == ["j"]
    assert sequences.feed("\x1b", 2.0) == []
    assert sequences.feed("j", 2.1) == ["\x1b", "j"]
    # An arrow so late that its Esc was taken for the key is an arrow all the same, and never two letters.
    assert sequences.feed("\x1b", 3.0) + sequences.overdue(4.0) + sequences.feed("[A", 4.1) == [
        "\x1b",
        "\x1b[A",
    ]
    assert sequences.feed("[A", 9.0) == ["[A"]


def test_what_is_no_key_is_not_read_as_letters() -> None:
    sequences = Sequences()
    assert sequences.feed("\x1b]11;rgb:0/0/0\x1b\\a\x1bP1$r0m\x1b\\b\x1b]0;x\x07", 1.0) == ["a", "b"]
    assert sequences.feed("\x1b]11;rg", 2.0) + sequences.feed("b:0\x07c", 2.5) == ["c"]
    assert sequences.feed("\x1b[1;", 3.0) + sequences.overdue(6.0) + sequences.feed("d", 6.1) == ["d"]
    assert sequences.feed("\x1b[\x1b[B", 7.0) == ["\x1b[B"]
    assert sequences.feed("\x1b[" + "1" * 200 + "e", 8.0) == []


def test_a_paste_is_one_piece_however_slowly_it_comes() -> None:
    sequences = Sequences()
    paste = "\x1b[200~one\x1b[Atwo\x1b[201~"
    heard: list[str] = []
    for number, character in enumerate(paste):
        heard += sequences.feed(character, number * 0.4) + sequences.overdue(number * 0.4 + 0.3)
    assert heard == [paste]
    assert sequences.feed("\x1b[200~lost", 100.0) == []
    assert sequences.overdue(110.0) == ["\x1b[200~lost\x1b[201~"]
    assert sequences.feed("q", 111.0) == ["q"]
