"""Keys that find: filter, errors, marks, palette, help, commands, logs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bscore.logtree.trees import called
from bscore_tui.screens import commands, outside
from bscore_tui.screens.moments import neighbour, trouble_times
from bscore_tui.screens.moving import by, go
from bscore_tui.screens.running import run_command
from bscore_tui.screens.times import look_at
from bscore_tui.views.model import STILL
from bscore_tui.widgets.command_list import CommandList
from bscore_tui.widgets.edit import Edit
from bscore_tui.widgets.overlay import Asking, Palette

if TYPE_CHECKING:
    from bscore_tui.screens.stage import Stage


def do_open(stage: Stage) -> None:
    """Open what is selected."""
    target = stage.navigation.page.target()
    if target:
        go(stage, target)
    else:
        stage.say("nothing to open here")


def do_filter(stage: Stage) -> None:
    """Rows that hold a word; the text before comes back with `up`, escape leaves none."""
    page = stage.navigation.page
    before = page.filter

    def changed(text: str) -> None:
        page.filter = text

    def give_up() -> None:
        page.filter = ""

    history = stage.history.setdefault("filter", [])

    def take(text: str) -> None:
        page.filter = text
        if text and text not in history[-1:]:
            history.append(text)

    stage.lay(Asking(Edit("/ ", before, history), take, changed, give_up))


def do_next_match(stage: Stage) -> None:
    """The next row."""
    by(stage, 1)


def do_previous_match(stage: Stage) -> None:
    """The row before."""
    by(stage, -1)


def do_next_error(stage: Stage) -> None:
    """The next error: its group while live, its moment in the past."""
    _to_trouble(stage, 1, errors=True)


def do_previous_error(stage: Stage) -> None:
    """The error before."""
    _to_trouble(stage, -1, errors=True)


def do_next_warning(stage: Stage) -> None:
    """The next error or warning."""
    _to_trouble(stage, 1, errors=False)


def do_previous_warning(stage: Stage) -> None:
    """The error or warning before."""
    _to_trouble(stage, -1, errors=False)


def _to_trouble(stage: Stage, steps: int, *, errors: bool) -> None:
    if stage.model.mode in STILL and steps > 0:
        if not stage.model.errors:
            known = stage.model.warnings and not errors
            stage.say("no error so far; W goes to the last warning" if known else "no error so far")
            return
        if stage.navigation.page.name != "errors":
            stage.navigation.show("errors")
            return
        stage.navigation.page.move(steps)
        return
    moment = neighbour(trouble_times(stage.model, errors=errors), stage.model.at, steps)
    if moment is None:
        stage.say("no other one that way")
    else:
        look_at(stage, moment)


def do_mark(stage: Stage) -> None:
    """Mark the moment of the row, or the one shown; a second time takes the mark away."""
    page = stage.navigation.page
    moment = (page.moment() if page.selected else None) or stage.model.at
    if moment in stage.marks:
        stage.marks.remove(moment)
        stage.say("mark taken away")
    else:
        stage.marks.append(moment)
        stage.marks.sort()
        stage.say("marked; u goes to it")
    stage.feed.set_marks(tuple(stage.marks))


def do_next_mark(stage: Stage) -> None:
    """To the next mark."""
    _to_mark(stage, 1)


def do_previous_mark(stage: Stage) -> None:
    """To the mark before."""
    _to_mark(stage, -1)


def _to_mark(stage: Stage, steps: int) -> None:
    moment = neighbour(stage.marks, stage.model.at, steps)
    if moment is None:
        stage.say("no mark that way" if stage.marks else "no marks; m sets one")
    else:
        look_at(stage, moment)


def do_palette(stage: Stage) -> None:
    """The palette."""
    nodes = [f"node:{node.id}" for node in stage.model.nodes]
    living = [f"worker:{worker.id}" for worker in stage.model.workers]
    gone = [f"worker:{worker.id}" for node in stage.model.nodes for worker in (*node.gone, *node.past)]
    workers = [*living, *gone]
    stage.lay(Palette([*nodes, *workers], partial(go, stage)))


def do_help(stage: Stage) -> None:
    """The keys of this page."""
    stage.navigation.enter("help", stage.navigation.page.name)


def do_actions(stage: Stage) -> None:
    """Commands for what is seen to be selected, and for the job."""
    page, reader = stage.navigation.page, stage.feed.reader
    target = page.acted_on(stage.view_body)
    name = called(Path(stage.monitor.root), stage.environ) if stage.monitor.root else stage.model.job
    selection = outside.selection_of(target, stage.model, reader.follower.run)
    offers = commands.offers_for(selection, name, reader.present, read_only=stage.monitor.read_only)
    by_line = {command.line: command for offer in offers for command in offer.commands}
    stage.lay(
        CommandList(
            offers,
            run=lambda entry: run_command(stage, by_line[entry.line]),
            copy=lambda entry: outside.copy(stage, entry.line),
            options=stage.options,
        )
    )


def do_log(stage: Stage) -> None:
    """The log of what is selected."""
    path = outside.log_of(stage.navigation.page.target(), stage.model)
    if path:
        stage.navigation.enter("file", path)
    else:
        stage.say("no log belongs to this row")


def do_items(stage: Stage) -> None:
    """The mini-batch with its items."""
    target = outside.batch_of(stage.navigation.page.target(), stage.model)
    if target:
        stage.navigation.enter("mini_batch", target)
    else:
        stage.say("no mini-batch belongs to this row")
