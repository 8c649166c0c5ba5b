"""The menu of commands: it says what it acts on, asks before what cannot be undone, shows what came of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bscore_tui.monitor import Monitor
from bscore_tui.reading.present import Present
from bscore_tui.screens.commands import Command, Offer, Selection, offers_for
from bscore_tui.screens.running import outcome
from bscore_tui.views.styles import Options, text_of
from bscore_tui.widgets.command_list import CommandList
from monitors import Typist, make_monitor, shown, until

ALIVE = Present("Running", left=9)
BATCH = Selection("mini-batch 7", "n/process000", 7, is_open=True)


def names(offers: list[Offer]) -> list[list[str]]:
    return [[command.name for command in offer.commands] for offer in offers]


def offers(now: Present, selection: Selection = BATCH, *, read_only: bool = False) -> list[Offer]:
    return offers_for(selection, "j", now, read_only=read_only)


def menu(monitor: Monitor) -> CommandList:
    overlay = monitor.stage.overlay
    assert isinstance(overlay, CommandList)
    return overlay


def test_what_acts_on_the_whole_job_stands_apart_from_what_acts_on_the_selection() -> None:
    alive = offers(ALIVE)
    assert [offer.title for offer in alive] == ["mini-batch 7", "the whole job j"]
    assert names(alive) == [["stack", "restart", "abandon", "debug"], ["stacks", "finish", "cancel", "show"]]
    assert all("--mini-batch" in c.argv or "n/process000" in c.argv for c in alive[0].commands)
    assert names(offers(ALIVE, Selection())) == [["stacks", "finish", "cancel", "show"]]


def test_only_a_living_job_takes_requests_and_a_reader_offers_none() -> None:
    assert names(offers(Present("Completed"))) == [["debug"], ["show"]]
    assert names(offers(ALIVE, read_only=True)) == [["debug"], ["show"]]
    assert names(offers(ALIVE, replace(BATCH, is_open=False, worker=""))) == [
        ["debug"],
        ["stacks", "finish", "cancel", "show"],
    ]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (Present("Failed", left=3, abandoned=2), ["retry"]),
        (Present("Failed", left=3), ["resume"]),
        (Present("Canceled", left=3, abandoned=2), ["resume", "retry"]),
        (Present("NotResponding", left=3), ["resume"]),
        (Present("Failed", left=3, abandoned=2, hopeless=True), []),
        (Present("NotResponding", left=3, hopeless=True), []),
    ],
)
def test_the_resume_that_helps_is_offered(now: Present, expected: list[str]) -> None:
    [job] = offers(now, Selection())
    assert [command.name for command in job.commands] == [*expected, "show"]
    assert [("--retry-failed" in c.argv) for c in job.commands[:-1]] == [n == "retry" for n in expected]


@pytest.mark.parametrize("keys", [("enter",), ("enter", "enter"), ("enter", "x"), ("space", "space")])
def test_nothing_that_cannot_be_undone_runs_at_an_enter_or_a_double_click(keys: tuple[str, ...]) -> None:
    ran: list[str] = []
    offered = offers(ALIVE)
    harmful = [number for number, c in enumerate(c for o in offered for c in o.commands) if c.harm]
    assert len(harmful) == 4
    for number in harmful:
        chosen = CommandList(offered, lambda entry: ran.append(entry.name), print, Options(), number)
        for key in keys:
            chosen.key(key, None)
        clicked = CommandList(offered, lambda entry: ran.append(entry.name), print, Options(), number)
        row = next(row for row, line in enumerate(clicked.lines(80)) if text_of(line).startswith(" >"))
        clicked.click(row)
        clicked.click(row)
    assert ran == []


def test_the_question_and_its_keys_fit_into_eighty_columns() -> None:
    for number in range(8):
        asked = CommandList(offers(ALIVE), print, print, Options(), number, asked=True)
        foot = asked.foot(80)
        assert foot is not None
        assert len(text_of(foot)) < 80
        shown_ = "".join(text_of(line) for line in asked.lines(80))
        assert all(word in shown_ for word in asked.chosen.harm.split())


async def test_the_menu_acts_on_the_row_that_is_seen_to_be_selected_or_on_the_job(halfway: Path) -> None:
    monitor = make_monitor(halfway)
    async with shown(monitor) as pilot:
        await pilot.press("a")
        assert [group.title for group in menu(monitor).groups] == ["the whole job golden"]
        await pilot.press("q", "2", "a")
        selected = monitor.stage.navigation.page.selected.partition(":")[2]
        assert menu(monitor).groups[0].title.startswith(f"mini-batch {selected}")
        await pilot.press("q", "enter", "down", "a")
        assert menu(monitor).groups[0].title.startswith(f"mini-batch {selected}")
        await pilot.press("q", "q")
        monitor.stage.scroll(1000)
        page = monitor.stage.navigation.page
        if not monitor.stage.view_body.shows(page.row):
            await pilot.press("a")
            assert [group.title for group in menu(monitor).groups] == ["the whole job golden"]


async def test_the_past_offers_what_the_present_allows(ended: Path) -> None:
    monitor = make_monitor(ended)
    async with shown(monitor) as pilot:
        start = monitor.model.started
        assert start is not None
        monitor.feed.look_at(start + 60_000_000)
        await until(pilot, lambda: monitor.model.state == "Running")
        await pilot.press("3", "down", "a")
        assert [entry.name for entry in menu(monitor).entries] == ["show"]


def test_an_outcome_says_ok_or_the_errors_own_text() -> None:
    command = Command("cancel", "", ("bscore",))
    assert outcome(command, 0, b"", b"j\n") == "cancel: ok  j"
    failed = outcome(command, 4, b"Error: no master.\nGo on with: \x1b[31mbscore\n", b"")
    assert failed.split("\n") == [
        "x cancel failed (exit code 4)",
        "Error: no master.",
        "Go on with: bscore",
    ]


async def _run_first(monitor: Monitor, pilot: Typist, name: str) -> None:
    await pilot.press("a")
    chosen = menu(monitor)
    chosen.selected = [entry.name for entry in chosen.entries].index(name)
    await pilot.press("enter", "y")


async def test_the_outcome_of_an_action_is_shown_whole_when_it_comes(tmp_path: Path) -> None:
    tree = tmp_path / "broken"
    (tree / "logs/sys").mkdir(parents=True)
    monitor = make_monitor(tree)
    async with shown(monitor) as pilot:
        await _run_first(monitor, pilot, "cancel")
        assert "job cancel" in monitor.stage.as_text()
        await until(pilot, lambda: "x cancel failed" in monitor.stage.as_text(), 30.0)
        text = monitor.stage.as_text()
        said = monitor.stage.message.split("\n")
        assert len(said) > 1
        # A long path may be wrapped anywhere.
        assert all("".join(line.split()) in "".join(text.split()) for line in said)
        await pilot.press("down")
        assert "x cancel failed" not in monitor.stage.as_text()
