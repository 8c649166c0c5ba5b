"""What a click means in each place: a screen's name, a row, a moment of the strip, a key of the footer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscore_tui.screens import frame
from bscore_tui.screens.times import look_at
from bscore_tui.widgets.footer import entry_at

if TYPE_CHECKING:
    from bscore_tui.screens.stage import Stage
    from bscore_tui.widgets.line_view import LineView


def clicked(stage: Stage, event: LineView.Clicked) -> None:
    """Do what the place that was clicked stands for."""
    match event.view.id:
        case "head":
            _head(stage, event.number, event.column)
        case "body":
            _body(stage, event.number, event.times)
        case "strip":
            moment = frame.moment_at(stage.model, stage.size.width, event.column, stage.options)
            if moment is not None:
                look_at(stage, moment)
        case "foot":
            _foot(stage, event.column)


def _head(stage: Stage, number: int, column: int) -> None:
    """The second row: a screen, or one page back in a breadcrumb."""
    if number != 1:
        return
    if stage.navigation.crumbs:
        stage.navigation.back()
        return
    screen = frame.screen_of(stage.navigation)
    name = frame.page_at(stage.model, screen, stage.size.width, column, stage.options)
    if name:
        stage.navigation.show(name)


def _body(stage: Stage, number: int, times: int) -> None:
    """A row is selected; a second click opens it."""
    view, page = stage.view_body, stage.navigation.page
    if stage.overlay is not None:
        row = view.row_of(number) - (view.size.height - stage.covered)
        if row >= 0:
            overlay = stage.overlay
            overlay.click(row)
            stage.after_overlay(overlay)
        return
    if number in page.shown.targets:
        again = page.selected == page.shown.targets[number]
        page.select(number)
        if times > 1 or again:
            stage.action_do("open")


def _foot(stage: Stage, column: int) -> None:
    """What a key of the footer does."""
    if stage.overlay is not None:
        return
    known = [(key, label) for _, key, label in stage.entries]
    chosen = entry_at(known, stage.size.width, column)
    if chosen is not None:
        stage.action_do(stage.entries[chosen][0])
