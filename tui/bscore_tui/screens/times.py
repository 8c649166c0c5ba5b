"""Keys of the moment that everything shows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bscore_tui.actions import shown_key
from bscore_tui.screens import outside
from bscore_tui.screens.moments import parse_moment
from bscore_tui.views.words import speed_text

if TYPE_CHECKING:
    from bscore_tui.screens.stage import Stage


def look_at(stage: Stage, moment: int | None) -> None:
    """Show everything as of a moment; None is now."""
    stage.feed.look_at(moment)


def do_freeze(stage: Stage) -> None:
    """Freeze this moment, or go on."""
    stage.feed.toggle()


def do_step(stage: Stage) -> None:
    """One event on."""
    stage.feed.step(1)


def do_step_back(stage: Stage) -> None:
    """One event back."""
    stage.feed.step(-1)


def do_faster(stage: Stage) -> None:
    """Play faster."""
    _change_speed(stage, 1)


def do_slower(stage: Stage) -> None:
    """Play slower."""
    _change_speed(stage, -1)


def do_longer(stage: Stage) -> None:
    """More time in the same while, where nothing has a span of its own."""
    _change_speed(stage, 1)


def do_shorter(stage: Stage) -> None:
    """Less time in the same while."""
    _change_speed(stage, -1)


def _change_speed(stage: Stage, steps: int) -> None:
    stage.feed.change_speed(steps)
    playhead = stage.feed.playhead
    key = shown_key(stage.keys_of("freeze")[0])
    hint = "" if playhead.playing else f" once {key} plays it"
    stage.say(f"the past moves at {speed_text(playhead.speed)}{hint}")


def do_live(stage: Stage) -> None:
    """Now."""
    look_at(stage, None)


def do_at(stage: Stage) -> None:
    """Ask for a time."""
    stage.ask("@ ", partial(to_typed_time, stage), kind="time")


def to_typed_time(stage: Stage, text: str) -> None:
    """Go to a time as it was typed."""
    moment = parse_moment(text, stage.model, stage.options)
    if moment is not None:
        look_at(stage, moment)
    elif text:
        stage.say(f"no time: {text}; 02:30, 02:30:15, 2026-04-12 02:30 or -5m is expected")


def do_its_time(stage: Stage) -> None:
    """Everything as of the time of the selected row."""
    moment = stage.navigation.page.moment()
    if moment is None:
        stage.say("no time belongs to this row")
    else:
        look_at(stage, moment)


def do_clock(stage: Stage) -> None:
    """Times in UTC or in the zone of this machine."""
    zone, minutes = outside.next_zone(stage.options)
    stage.change_options(zone=zone, zone_minutes=minutes)
    stage.say(f"times in {zone}")
