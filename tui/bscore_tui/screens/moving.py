"""Keys that move: rows, pages, back; and where a target leads."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from bscore_tui.actions import ROOTS
from bscore_tui.reading.stories import find_batches
from bscore_tui.screens.times import look_at, to_typed_time
from bscore_tui.views.model import STILL

if TYPE_CHECKING:
    from bscore_tui.screens.stage import Stage


def do_up(stage: Stage) -> None:
    """One row up."""
    by(stage, -1)


def do_down(stage: Stage) -> None:
    """One row down."""
    by(stage, 1)


def do_page_up(stage: Stage) -> None:
    """One page up."""
    by(stage, -max(1, stage.view_body.size.height - 2))


def do_page_down(stage: Stage) -> None:
    """One page down."""
    by(stage, max(1, stage.view_body.size.height - 2))


def do_first(stage: Stage) -> None:
    """To the first row."""
    by(stage, -1_000_000_000)


def do_last(stage: Stage) -> None:
    """To the last row."""
    by(stage, 1_000_000_000)


def by(stage: Stage, rows: int) -> None:
    """Move the selection by rows; scroll where nothing can be selected."""
    page = stage.navigation.page
    if not page.move(rows):
        page.wheel(rows, stage.view_body)


def do_next_page(stage: Stage) -> None:
    """The next screen."""
    stage.navigation.step(1)


def do_previous_page(stage: Stage) -> None:
    """The screen before."""
    stage.navigation.step(-1)


def do_back(stage: Stage) -> None:
    """As `do_escape`; on the Overview out of the monitor."""
    if not _back(stage):
        stage.monitor.leave()


def do_escape(stage: Stage) -> None:
    """Out of the filter, of the page, of the past, to the Overview; never out of the monitor."""
    if not _back(stage):
        stage.say(f"{stage.monitor.key_of('back')} quits; the job goes on")


def _back(stage: Stage) -> bool:
    """One step back; False where there is none."""
    page = stage.navigation.page
    if page.filter:
        page.filter = ""
    elif stage.navigation.back():
        return True
    elif stage.model.mode not in STILL:
        look_at(stage, None)
    elif page.name != ROOTS[0]:
        stage.navigation.show(ROOTS[0])
    else:
        return False
    return True


def go(stage: Stage, target: str) -> None:
    """Go to what a target or a choice of the palette names."""
    kind, _, name = target.partition(":")
    if kind == "page":
        stage.navigation.show(name)
    elif kind == "do":
        stage.call_later(stage.action_do, name)
    elif kind == "time":
        to_typed_time(stage, name)
    elif kind == "at" and name.isdecimal():
        look_at(stage, int(name))
    elif kind == "item":
        stage.navigation.show("batches")
        stage.navigation.page.filter = name
        stage.fetch(partial(find_batches, stage.feed.source, name), partial(_open_only, stage, name))
    elif kind == "list":
        stage.navigation.show("batches")
        stage.navigation.page.recall({"variant": name})
    elif kind == "node":
        stage.navigation.show("nodes")
        stage.navigation.page.selected = target
    else:
        _go_inside(stage, kind, name, target)


def _open_only(stage: Stage, name: str, found: Sequence[tuple[int, str]] | None) -> None:
    """Open the one mini-batch that an item was found in, where its list is still shown."""
    page = stage.navigation.page
    if found is not None and len(found) == 1 and (page.name, page.filter) == ("batches", name):
        stage.navigation.enter("mini_batch", f"mb:{found[0][0]}")


def _go_inside(stage: Stage, kind: str, name: str, target: str) -> None:
    inner = {
        "mb": "mini_batch",
        "worker": "worker",
        "error": "trace",
        "file": "file",
        "log": "file",
        "files": "files",
    }
    if kind not in inner or (kind == "mb" and not name.isdecimal()):
        stage.say("nothing to open here")
        return
    stage.navigation.enter(inner[kind], target)


def show_root(name: str, stage: Stage) -> None:
    """One of the screens."""
    stage.navigation.show(name)
