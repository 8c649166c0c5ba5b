"""Screens as text at three sizes: what a person reads, kept beside the test.

`BSCORE_UPDATE_SNAPSHOTS=1 pytest tests/tui/views/test_snapshots.py` writes them anew; read them before you
keep them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from bscore.logtree import paths
from bscore.logtree.source import MemorySource
from bscore_tui.reading.reader import JobReader
from bscore_tui.views import batches, errors, head, nodes, overview, timeline
from bscore_tui.views.model import Model
from bscore_tui.views.screen import assemble, body_height
from bscore_tui.views.styles import ASCII, Body, Options, text_of
from histories import START_US, World, troubled
from tui_trees import journals_of, running

FOLDER = Path(__file__).parent / "snapshots"
View = Callable[[Model, int, int, Options], Body]
SCREENS: dict[str, tuple[View, str]] = {
    "overview": (overview.overview, "Overview"),
    "batches": (batches.batches, "Batches"),
    "nodes": (nodes.nodes, "Nodes"),
    "errors": (errors.errors, "Errors"),
    "timeline": (timeline.timeline, "Timeline"),
}


def heartbeats(nodes_: int, workers: int) -> dict[str, bytes]:
    """Samples of every node since the start, every five seconds."""
    files = {}
    for node in range(nodes_):
        rows = ["Utc Time,Name,Cpu Percent,Memory (MB),Memory Percent,Mini-batch Id,Running Seconds"]
        for beat in range(12):
            stamp = f"2026-09-21T14:13:{20 + beat * 2:02d}.000000"
            memory = 200 * beat if node == 1 else 0
            cpu = 60 + (beat * 7 + node * 5) % 30
            rows.append(f"{stamp},node,{cpu},{4000 + memory},{50 + memory / 50:g},,")
            rows += [f"{stamp},process{n:03d},{90 + n},{600 + n},8.0,," for n in range(workers)]
        files[paths.heartbeat(f"10.0.0.{node}")] = ("\n".join(rows) + "\n").encode()
    return files


def model_of(world: World, seconds: float = 0.0) -> Model:
    files = journals_of(world.history) | heartbeats(world.nodes, world.workers)
    reader = JobReader(MemorySource(files), lambda: world.run.last + int(seconds * 1e6))
    while reader.poll()[1]:
        pass
    return reader.model()


@cache
def live() -> World:
    """A run with its usual troubles, some seconds long."""
    world = troubled(11, nodes=4, workers=8, mini_batches=2000, checked=False)
    return running(world, 700)


@cache
def ended() -> World:
    world = troubled(12, nodes=2, workers=4, mini_batches=120, checked=False)
    world.play()
    return world


CASES: dict[str, tuple[Callable[[], World], float]] = {
    "running": (live, 0.5),
    "standing": (live, 75.0),
    "silent": (live, 7200.0),
    "ended": (ended, 60.0),
    "preparing": (lambda: running(World(1, nodes=2, workers=4, checked=False), 0), 42.0),
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
