"""Keys that take something along: copy, pager, pictures; and the terminal itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscore_tui.screens import outside
from bscore_tui.views.safe import safe_text
from bscore_tui.widgets.text_list import TextList

if TYPE_CHECKING:
    from bscore_tui.screens.stage import Stage


def do_copy(stage: Stage) -> None:
    """Copy the command of the page, or the selected row."""
    page = stage.navigation.page
    text = page.copied()
    if not text and page.selected:
        text = _texts(stage)[0][1]
    if text:
        outside.copy(stage, text)
    else:
        stage.say("nothing is selected")


def _texts(stage: Stage) -> list[tuple[str, str]]:
    """What is selected, whole, fit for a terminal: names of files hold what they will."""
    return [(label, safe_text(text)) for label, text in stage.navigation.page.wholes()]


def do_whole(stage: Stage) -> None:
    """The texts of what is selected, whole."""
    texts = _texts(stage)
    if texts:
        stage.lay(TextList(texts, lambda _, text: outside.copy(stage, text), stage.options))
    else:
        stage.say("no text belongs to this row")


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
