"""Long texts: cut where they say least, read whole and copied whole; a search says that it searches."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bscore_tui.monitor import Monitor
from bscore_tui.reading import stories
from bscore_tui.screens import batches
from bscore_tui.views.layout import middle, wrap
from bscore_tui.views.styles import Options, text_of
from bscore_tui.views.wholes import wholes
from bscore_tui.widgets.text_list import TextList
from monitors import make_monitor, shown, until

LONG = "/data/of/the/long/running/department/2026-04-11/scans-of-the-second-floor-part-000{}.csv"


class Sending(Monitor):
    """Keeps what is sent to the terminal."""

    def send(self, sequence: str) -> None:
        self.sent = [*getattr(self, "sent", []), sequence]

    @property
    def copied(self) -> str:
        """What was copied last."""
        last = [sequence for sequence in self.sent if sequence.startswith("\x1b]52;c;")][-1]
        return base64.b64decode(last[7:-1]).decode()


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_cut_text_keeps_its_two_ends(text: str, width: int) -> None:
    cut = middle(text, width, Options())
    assert cell_len(cut) <= width
    if cell_len(text) <= width:
        assert cut == text
    elif width >= 8 and text.isascii():
        first, _, last = cut.partition("…")
        assert text.startswith(first)
        assert text.endswith(last)
        assert len(last) >= len(first)


def test_rows_of_a_path_end_with_its_name() -> None:
    rows = wrap(LONG.format(3), 40, 1, Options(), ends=True)
    assert rows[0].endswith("part-0003.csv")
    rows = wrap(f"item {LONG.format(3)} {LONG.format(4)}", 40, 2, Options(), ends=True)
    assert len(rows) == 2
    assert rows[1].endswith("part-0004.csv")


def test_the_selected_text_is_shown_from_its_beginning_to_its_end() -> None:
    for columns in (60, 80, 200):
        listed = TextList([("item", LONG.format(number)) for number in range(9)], lambda *_: None, Options())
        for _ in range(8):
            listed.key("down", None)
        text = "".join(text_of(line).strip() for line in listed.lines(columns)[-4:])
        assert LONG.format(8) in text
        assert all(cell_len(text_of(line)) <= columns for line in listed.lines(columns))


async def test_every_text_of_an_error_can_be_copied_whole(ended: Path) -> None:
    monitor = make_monitor(ended, kind=Sending)
    assert isinstance(monitor, Sending)
    async with shown(monitor) as pilot:
        await pilot.press("4", "Y")
        row = monitor.model.errors[0]
        overlay = monitor.stage.overlay
        assert isinstance(overlay, TextList)
        texts = dict(overlay.texts)
        assert texts["message"] == row.what
        assert texts["raised"] == row.place
        await pilot.press("down", "enter")
        assert monitor.copied == overlay.texts[1][1]
        assert overlay.texts[1][1] in monitor.stage.as_text()
        assert "copied: sent to your terminal" in monitor.stage.as_text()


@pytest.mark.parametrize("page", ["1", "2", "3", "4", "5", "6"])
async def test_what_is_selected_can_be_read_whole_everywhere(ended: Path, page: str) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.press(page, "down", "down", "Y")
        overlay = monitor.stage.overlay
        assert isinstance(overlay, TextList)
        assert overlay.texts
        assert all(text for _, text in overlay.texts)
        await pilot.press("q")
        assert monitor.stage.overlay is None


async def test_a_cut_message_is_whole_there(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.press("5", "down", "down")
        page = monitor.stage.navigation.page
        note = next(note for note in monitor.model.notes if note.name in page.selected)
        assert wholes(page.selected, monitor.model)[0] == ("message", note.text)


async def test_the_first_command_of_an_ended_job_is_copied_with_nothing_selected(ended: Path) -> None:
    monitor = make_monitor(ended, kind=Sending)
    assert isinstance(monitor, Sending)
    async with shown(monitor) as pilot:
        await pilot.press("y")
        assert monitor.copied.startswith("bscore job ")


async def test_a_search_for_items_says_that_it_searches(ended: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = threading.Event()

    def slow(*arguments: object) -> list[tuple[int, str]]:
        found.wait(10)
        return stories.find_batches(*arguments)  # type: ignore[arg-type]  # what the page hands over

    monkeypatch.setattr(batches, "find_batches", slow)
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.press("2", "slash", *"no-such-item", "enter")
        assert "looking for no-such-item" in monitor.stage.as_text()
        found.set()
        await until(pilot, lambda: "looking for" not in monitor.stage.as_text())

        assert "no-such-item" in monitor.stage.as_text()
