"""Keys that take something along: copy, pager, pictures; and the terminal itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscore_tui.screens import outside
from bscore_tui.views.styles import text_of

if TYPE_CHECKING:
    from bscore_tui.screens.stage import Stage


def do_copy(stage: Stage) -> None:
    """Copy the command of the page, or the selected row."""
    page = stage.navigation.page
    text = page.copied()
    if not text and page.row < len(page.shown.lines) and page.selected:
        text = text_of(page.shown.lines[page.row]).strip()
    if text:
        outside.copy(stage, text)
    else:
        stage.say("nothing is selected")


def do_pager(stage: Stage) -> None:
    """The file in $PAGER."""
    outside.open_pager(stage, *stage.navigation.page.place())


def do_snapshot(stage: Stage) -> None:
    """The screen as SVG and text."""
    stage.say(outside.save_snapshot(stage))


def do_mouse(stage: Stage) -> None:
    """Mouse off and on."""
    stage.say(stage.monitor.toggle_mouse())


def do_theme(stage: Stage) -> None:
    """The next theme."""
    stage.monitor.next_theme()


def do_repaint(stage: Stage) -> None:
    """Everything again."""
    stage.monitor.repaint_all()


def do_suspend(stage: Stage) -> None:
    """Back to the shell until it returns."""
    if not stage.monitor.stop_job():
        stage.say("there is no shell to go back to")


def do_quit(stage: Stage) -> None:
    """Leave."""
    stage.monitor.leave()
