"""Models of a run in each face of the Overview, as a reader makes them of its tree."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from bscore.logtree import paths
from bscore.logtree.source import MemorySource
from bscore_tui.reading.reader import JobReader
from bscore_tui.views.model import Model
from histories import World, troubled
from tui_trees import journals_of, running


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
