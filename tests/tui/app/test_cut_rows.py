"""Rows that are too long: on no page is one wider than the screen, and a sign stands where one was cut."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bscore_tui.actions import PAGES, ROOTS
from bscore_tui.monitor import Monitor
from bscore_tui.screens.reading_page import ReadingPage
from bscore_tui.views.earlier import Earlier
from bscore_tui.views.layout import width_of
from bscore_tui.views.model import Face, Model
from bscore_tui.views.styles import ASCII, UNICODE, Glyphs, Line, Options, text_of
from monitors import make_monitor, shown, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

LONG = "z" * 400
#: Texts that come from outside; ids and states stay as they are, or pages would not find what they show.
FREE = {
    "job", "script", "interpreter", "output", "reason", "host", "stack", "cause", "last_output",
    "lost_reason", "what", "place", "item", "folder", "why", "text", "remedy", "outcome", "path", "code",
    "function", "warning", "called", "common", "damage", "stdout", "stderr", "log", "before", "error",
}  # fmt: skip


def lengthened(value: Any, name: str = "") -> Any:
    """The same with every text from outside 400 letters longer."""
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: lengthened(getattr(value, field.name), field.name)
            for field in fields(value)
            if field.init
        }
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(lengthened(part, name) for part in value)
    return value + LONG if isinstance(value, str) and name in FREE else value


def uncut(lines: list[Line], sign: str) -> list[str]:
    """Rows in which a text stops before its end without the sign; wrapped ones go on in the next row."""
    texts = [text_of(line) for line in lines]
    found = []
    for number, text in enumerate(texts):
        after = "".join(texts[number + 1 : number + 2])
        before = "".join(texts[max(number - 1, 0) : number])
        for run in re.finditer("z{3,}", text):
            whole = len(run[0]) % len(LONG) == 0
            alone = not text[run.end() :].strip()
            goes_on = alone and ("zzz" in after or before.rstrip().endswith("zzz"))
            marked = text[run.end() :].startswith(sign) or text[: run.start()].endswith(sign)
            if not whole and not goes_on and not marked:
                found.append(text)
    return found


async def show(page: str, monitor: Monitor, pilot: Pilot[None], tree: Path) -> None:
    """Bring a page to the front, what it reads as long as the rest."""
    stage, model = monitor.stage, monitor.model
    error = model.errors[0]
    subjects = {
        "trace": f"error:{error.key}",
        "mini_batch": f"mb:{error.first_mini_batch}",
        "worker": f"worker:{model.workers[0].id}",
        "file": "file:long.txt",
        "files": "files:",
        "help": "overview",
    }
    stage.navigation.show(page if page in ROOTS else "errors")
    if page in subjects:
        stage.navigation.enter(page, subjects[page])
    stage.redraw()
    front = stage.navigation.page
    if (
        isinstance(front, ReadingPage)
        and page != "batches"
        and (page != "errors" or monitor.size.width >= 100)
    ):
        await until(pilot, lambda: front.content is not None)
        front.content = lengthened(front.content)
        front._busy = True
    stage.redraw()


def check(monitor: Monitor, glyphs: Glyphs, place: object) -> None:
    lines = list(monitor.stage.view_body.lines)
    assert lines, place
    widest = max(lines, key=width_of)
    assert width_of(widest) <= monitor.size.width, (place, text_of(widest))
    assert uncut(lines, glyphs.ellipsis) == [], place


CASES = [((60, 20), ASCII), ((80, 24), UNICODE), ((120, 36), UNICODE), ((200, 50), ASCII)]


@pytest.mark.parametrize(("size", "glyphs"), CASES, ids=["60x20-ascii", "80x24", "120x36", "200x50-ascii"])
async def test_on_every_page(halfway: Path, size: tuple[int, int], glyphs: Glyphs) -> None:
    (halfway / "long.txt").write_text(f"{LONG}\n2026-01-01 00:00:00 ERROR {LONG}\n")
    monitor = make_monitor(halfway, options=Options(glyphs=glyphs))
    async with shown(monitor, size) as pilot:
        monitor.feed.stop()
        earlier = Earlier(
            "before", "Completed", script_changed=True, items=9, options=(("workers", "2", "3"),)
        )
        plain: Model = replace(monitor.model, warnings=3, warning_kinds=2, warning="old", earlier=earlier)
        monitor.model = lengthened(plain)
        for page in PAGES:
            await show(page, monitor, pilot, halfway)
            front = monitor.stage.navigation.page
            for variant in front.variants:
                front.variant = variant
                monitor.stage.redraw()
                check(monitor, glyphs, (page, variant))
        monitor.stage.navigation.show("overview")
        for face in Face:
            ended = plain.at if face is Face.ENDED else None
            monitor.model = replace(
                lengthened(plain), face=face, ended=ended, state="Failed" if ended else "Running"
            )
            monitor.stage.redraw()
            check(monitor, glyphs, face)
