"""Walks through the monitor: what is typed and clicked, what is shown then, what is kept."""

import base64
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from textual.screen import Screen

from bscore.core.events import AttemptFailed
from bscore.logtree.source import LocalSource
from bscore.observe import failures_of
from bscore_tui.config import Settings
from bscore_tui.monitor import Monitor
from bscore_tui.remember import recall, state_path
from bscore_tui.screens import memory
from bscore_tui.views.model import Face, Mode
from bscore_tui.views.styles import ASCII, Options
from monitors import make_monitor, shown, until


async def test_a_failed_attempt_is_two_keys_from_the_errors(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.press("4", "enter")
        await until(pilot, lambda: "score.py:" in monitor.stage.as_text())
        assert monitor.stage.navigation.page.name == "trace"
        await pilot.press("l")
        await until(pilot, lambda: "Traceback" in monitor.stage.as_text())


async def test_n_steps_through_the_attempts_of_an_error_however_fast_it_is_pressed(ended: Path) -> None:
    monitor = make_monitor(ended)
    failures = [failure.event for failure in failures_of(LocalSource(ended), monitor.model.errors[0].group)]
    async with shown(monitor) as pilot:
        stage = monitor.stage

        def shows(number: int) -> bool:
            text, event = stage.as_text(), failures[number]
            assert isinstance(event, AttemptFailed)
            return (
                f"attempt {number + 1} of {len(failures)}  n/N" in text
                and f"mini-batch {event.mini_batch}, try {event.attempt}   " in text
                and stage.navigation.page.copied().endswith(f" --mini-batch {event.mini_batch}")
                and "score.py:" in text
            )

        await pilot.press("4", "enter")
        await until(pilot, lambda: shows(0))
        await pilot.press("n", "n", "n", "n")
        await until(pilot, lambda: shows(4))
        await pilot.press("N")
        await until(pilot, lambda: shows(3))
        await pilot.press("N", "N", "N", "N")
        assert "no more attempts in that direction" in stage.as_text()
        await until(pilot, lambda: shows(0))


async def test_the_palette_takes_a_mini_batch_a_worker_a_page_and_a_time(halfway: Path) -> None:
    monitor = make_monitor(halfway)
    async with shown(monitor) as pilot:
        await pilot.press("colon", *"mb", "space", *"12", "enter")
        assert monitor.stage.navigation.crumbs == ("mini-batch 12",)
        await pilot.press("colon", *"nodes", "enter")
        assert monitor.stage.navigation.page.name == "nodes"
        worker = monitor.model.workers[0]
        await pilot.press("colon", *worker.process, "enter")
        assert monitor.stage.navigation.page.name == "worker"
        await pilot.press("colon", "escape")
        assert monitor.stage.overlay is None


async def test_a_gone_worker_is_found_by_its_name(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        for gone in (monitor.model.nodes[0].known[-1], monitor.model.nodes[-1].known[0]):
            await pilot.press("3", "slash", *gone.process, "enter")
            rows = [" ".join(row.split()) for row in monitor.stage.as_text().splitlines()]
            counts = rf"{gone.process} gone \S+ {gone.done} {gone.failed} {gone.cause[:9]}"
            assert any(re.search(counts, row) for row in rows), rows
            await pilot.press("escape", "colon", *gone.node, "space", *gone.process, "enter")
            assert monitor.stage.navigation.page.subject == f"worker:{gone.id}"
            assert "mini-batch" not in monitor.stage.as_text().splitlines()[-1], "it runs none"
            counts = f"{gone.done} done, {gone.failed} attempt"
            await until(pilot, lambda counts=counts: counts in monitor.stage.as_text())  # type: ignore[misc]  # bound


async def test_a_filter_survives_other_screens_and_toggles(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.press("6", "slash", *"KeyErr", "enter", "1", "v", "6", "v")
        assert monitor.stage.navigation.page.filter == "KeyErr"
        rows = [row for row in monitor.stage.as_text().splitlines()[4:20] if row.strip()]
        assert rows
        assert all("KeyErr" in row for row in rows if row.startswith((" 1", ">1", " 0", ">0")))
        await pilot.press("slash", "escape")
        assert monitor.stage.navigation.page.filter == ""


@pytest.mark.parametrize(
    ("face", "page"),
    [(Face.RUNNING, "errors"), (Face.ENDED, "overview"), (Face.NOT_RESPONDING, "overview")],
)
async def test_screens_are_there_again_but_an_ended_job_opens_on_its_overview(
    ended: Path, tmp_path: Path, face: Face, page: str
) -> None:
    state = state_path({"XDG_STATE_HOME": str(tmp_path / "state")}, str(ended))
    async with shown(make_monitor(ended, state=state)) as pilot:
        await pilot.press("4", "slash", *"Key", "enter", "m", "Q")
        await pilot.pause()
    again = make_monitor(ended, state=state)
    again.model = replace(again.model, face=face)
    async with shown(again):
        assert again.stage.navigation.page.name == page
        assert again.stage.navigation.roots["errors"].filter == "Key"
        assert len(again.stage.marks) == 1


def test_a_broken_state_file_costs_nothing(tmp_path: Path) -> None:
    for text in ("", "[]", "{", '{"version": 99}', "[" * 100_000):
        (tmp_path / "state.json").write_text(text)
        assert recall(tmp_path / "state.json") == {}


async def test_a_remembered_screen_with_wrong_values_is_taken_as_far_as_it_fits(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        memory.recall(
            monitor.stage,
            {
                "screen": "nowhere",
                "marks": ["x", True, 5],
                "history": {"a": [1]},
                "pages": {"nodes": {"sort": 3}},
            },
        )
        monitor.stage.redraw()
        await pilot.pause()
        assert monitor.stage.navigation.page.name == "overview"
        assert monitor.stage.marks == [5]


async def test_a_moment_is_shown_on_every_screen_until_end(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.click("#strip", offset=(30, 0))
        await until(pilot, lambda: monitor.model.mode is Mode.REPLAY)
        done = monitor.model.done
        assert 0 < done < 390
        await pilot.press("2")
        assert f"{done} done" in monitor.stage.as_text()
        await pilot.press("end")
        await until(pilot, lambda: monitor.model.mode is Mode.END)


async def test_the_mouse_opens_screens_rows_and_keys(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        column = monitor.stage.as_text().splitlines()[1].index("3 Nodes")
        await pilot.click("#head", offset=(column + 3, 1))
        assert monitor.stage.navigation.page.name == "nodes"
        await pilot.press("4")
        row = min(monitor.stage.navigation.page.shown.targets)
        await pilot.click("#body", offset=(20, row))
        assert monitor.stage.navigation.page.name == "trace"
        column = monitor.stage.as_text().splitlines()[-1].index("mini-batch")
        await pilot.click("#foot", offset=(column, 0))
        assert monitor.stage.navigation.page.name == "mini_batch"


@pytest.mark.parametrize("size", [(40, 10), (60, 20), (80, 24), (120, 36), (200, 50), (300, 80), (30, 5)])
async def test_every_size_is_filled_and_nothing_is_wider(halfway: Path, size: tuple[int, int]) -> None:
    monitor = make_monitor(halfway)
    async with shown(monitor, size) as pilot:
        for key in ("1", "2", "3", "v", "4", "5", "6", "question_mark"):
            await pilot.press(key)
            rows = monitor.stage.as_text().splitlines()
            assert len(rows) == size[1]
            assert all(len(row) <= size[0] for row in rows)


async def test_resizing_redraws_everything(halfway: Path) -> None:
    monitor = make_monitor(halfway)
    async with shown(monitor) as pilot:
        await pilot.press("3")
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: len(monitor.stage.as_text().splitlines()) == 36)
        assert "LAST OUTPUT" in monitor.stage.as_text()


async def test_ascii_draws_no_other_character(ended: Path) -> None:
    monitor = make_monitor(ended, options=Options(glyphs=ASCII))
    async with shown(monitor) as pilot:
        for key in ("1", "2", "3", "v", "4", "5", "6", "colon", "escape", "a", "escape", "question_mark"):
            await pilot.press(key)
            assert monitor.stage.as_text().isascii(), (key, monitor.stage.as_text())


async def test_the_list_of_commands_shows_what_it_runs_and_copies_it(ended: Path) -> None:
    sent: list[str] = []

    class Listening(Monitor):
        def send(self, sequence: str) -> None:
            sent.append(sequence)

    monitor = make_monitor(ended, kind=Listening)
    async with shown(monitor) as pilot:
        await pilot.press("4", "enter", "enter", "a")
        shown_text = "".join(row.strip() for row in monitor.stage.as_text().split("\n"))
        assert f"bscore job debug {ended}" in shown_text
        assert "--mini-batch" in shown_text
        await pilot.press("y")
        assert "copied" in monitor.stage.as_text()
    copied = [s for s in sent if s.startswith("\x1b]52;c;")]
    assert base64.b64decode(copied[-1][7:-1]).startswith(f"bscore job debug {ended} --mini-batch ".encode())


async def test_read_only_offers_nothing_that_acts(halfway: Path) -> None:
    monitor = make_monitor(halfway, read_only=True)
    async with shown(monitor) as pilot:
        await pilot.press("2", "a")
        text = monitor.stage.as_text()
        assert "debug" in text
        assert not any(word in text for word in ("abandon   ", "restart", "cancel"))


async def test_a_snapshot_is_saved_beside_where_one_stands(ended: Path, tmp_path: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        await pilot.press("P")
        assert "saved bscore-golden-overview-" in monitor.stage.as_text()
    assert "golden" in next(tmp_path.glob("*.txt")).read_text()
    assert next(tmp_path.glob("*.svg")).read_text().startswith("<svg")


async def test_other_keys_and_names_of_nodes_come_from_the_settings(halfway: Path) -> None:
    node = make_monitor(halfway).model.nodes[0].id
    settings = Settings(keys={"nodes": ("n", "9"), "next_match": ("f2",)}, nodes={node: "east"})
    monitor = make_monitor(halfway, settings=settings)
    async with shown(monitor) as pilot:
        await pilot.press("9")
        assert monitor.stage.navigation.page.name == "nodes"
        text = monitor.stage.as_text()
        assert "east" in text
        assert node not in text


@pytest.mark.parametrize("theme", ["dark", "light", "ansi-dark", "ansi-light"])
async def test_every_theme_shows_the_same_words(ended: Path, theme: str) -> None:
    monitor = make_monitor(ended, theme=theme)
    async with shown(monitor) as pilot:
        text = monitor.stage.as_text()
        await pilot.press("ctrl+t")
        assert monitor.theme != theme
        assert monitor.stage.as_text() == text


async def test_what_has_not_changed_is_not_painted_again(ended: Path) -> None:
    """Drawing the same picture marks no row for painting: the terminal gets nothing."""
    painted: list[object] = []

    class Counting(Monitor):
        def _display(self, screen: Screen[object], renderable: object) -> None:
            painted.append(renderable)
            super()._display(screen, renderable)

    monitor = make_monitor(ended, kind=Counting)
    async with shown(monitor) as pilot:
        for key in ("1", "3", "4", "6"):
            await pilot.press(key)
            await pilot.pause(0.3)
            painted.clear()
            monitor.stage.redraw()
            await pilot.pause(0.2)
            assert [update for update in painted if update is not None] == [], key


HOSTILE = [
    b"value [/red] [bold red]boom[/] [@click=app.quit]x[/]",
    b"\x1b]52;c;aGFja2Vk\x1b\\ \x1b]0;title\x07 \x1b[2J\x1b[6n \x9b31m",
    b"NUL \x00 bidi \xe2\x80\xae zero \xe2\x80\x8b line \xe2\x80\xa8 half \xed\xa0\x80 bad \xff\xfe",
    b"y" * 10_000_000,
    b"\n" * 100_000,
    "日本語 🚀 é".encode(),
]


async def test_hostile_text_is_shown_and_never_sent(ended: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(ended, tree)
    (tree / "logs/user/a\x1b[31m\n[b]b.txt").write_bytes(b"\n".join(HOSTILE))
    monitor = make_monitor(tree)
    async with shown(monitor) as pilot:
        await pilot.press("6", "f", "slash", "[", "b", "enter")
        await until(pilot, lambda: "[b]b.txt" in monitor.stage.as_text())
        await pilot.press("enter")
        for key in ("g", "x", "G", "pageup", "e", "w", "E", "right", "y", "slash", "[", "enter", "F"):
            await pilot.press(key)
            rows = monitor.stage.as_text().split("\n")
            assert len(rows) == 25, key
            assert all(row.isprintable() for row in rows), key
        assert monitor.is_running


async def test_a_folder_without_a_journal_is_waited_for(tmp_path: Path, ended: Path) -> None:
    tree = tmp_path / "later"
    tree.mkdir()
    monitor = make_monitor(tree)
    async with shown(monitor) as pilot:
        assert "There is no journal yet in" in monitor.stage.as_text()
        for key in ("1", "2", "3", "4", "5", "6", "a", "escape", "space", "end"):
            await pilot.press(key)
        shutil.copytree(ended, tree, dirs_exist_ok=True)
        await pilot.press("1")
        await until(pilot, lambda: "Completed" in monitor.stage.as_text())


async def test_what_arrives_while_the_monitor_is_left_is_not_drawn(halfway: Path) -> None:
    monitor = make_monitor(halfway)
    async with shown(monitor):
        newer = replace(monitor.model, job="newer")
        await monitor.stage.query_one("#strip").remove()
        monitor.on_monitor_delivered(Monitor.Delivered(newer))
        assert monitor.model.job == "newer"
        assert "newer" not in monitor.stage.as_text()


async def test_what_arrives_when_the_screen_is_gone_is_dropped(halfway: Path) -> None:
    monitor = make_monitor(halfway)
    async with shown(monitor):
        before = monitor.model
    monitor.on_monitor_delivered(Monitor.Delivered(replace(before, job="newer")))
    assert monitor.model == before
