"""Screens as text at three sizes: what a person reads, kept beside the test.

`BSCORE_UPDATE_SNAPSHOTS=1 pytest tests/tui/views/test_snapshots.py` writes them anew; read them before you
keep them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bscore_tui.views import batches, errors, head, nodes, overview, timeline
from bscore_tui.views.model import Model
from bscore_tui.views.screen import assemble, body_height
from bscore_tui.views.styles import ASCII, Body, Options, text_of
from histories import START_US
from tui_models import CASES, live, model_of

FOLDER = Path(__file__).parent / "snapshots"
View = Callable[[Model, int, int, Options], Body]
SCREENS: dict[str, tuple[View, str]] = {
    "overview": (overview.overview, "Overview"),
    "batches": (batches.batches, "Batches"),
    "nodes": (nodes.nodes, "Nodes"),
    "errors": (errors.errors, "Errors"),
    "timeline": (timeline.timeline, "Timeline"),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)], ids=["80x24", "120x36", "200x50"])
@pytest.mark.parametrize("case", CASES)
def test_the_overview_in_its_faces(case: str, size: tuple[int, int]) -> None:
    make, seconds = CASES[case]
    compare(f"overview-{case}-{size[0]}x{size[1]}", model_of(make(), seconds), "overview", size, Options())


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)], ids=["80x24", "120x36", "200x50"])
@pytest.mark.parametrize("screen", ["batches", "nodes", "errors", "timeline"])
def test_the_screens_of_a_running_job(screen: str, size: tuple[int, int]) -> None:
    compare(f"{screen}-{size[0]}x{size[1]}", model_of(live(), 0.5), screen, size, Options())


def test_resources_and_ascii() -> None:
    model = model_of(live(), 0.5)
    compare("resources-80x24", model, "nodes", (80, 24), Options(variant="resources"))
    compare("overview-ascii-80x24", model, "overview", (80, 24), Options(glyphs=ASCII))


def compare(name: str, model: Model, screen: str, size: tuple[int, int], options: Options) -> None:
    width, height = size
    view, title = SCREENS[screen]
    top = [head.head(model, width, options), head.tabs(model, title, width, options)]
    body = view(model, width, body_height(model, height, options, width), options)
    lines = assemble(model, body, top, overview.KEYS, width, height, options)
    text = "\n".join(text_of(line).rstrip() for line in lines) + "\n"
    path = FOLDER / f"{name}.txt"
    if os.environ.get("BSCORE_UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; see this file's first lines"


def test_the_clock_of_the_histories_is_the_one_the_samples_were_made_for() -> None:
    assert START_US == 1_790_000_000_000_000
