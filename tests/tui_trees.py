"""Log trees for the monitor's tests: a history's journal, and beside it the files a job leaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from bscore.core.events import Event, TermStarted
from bscore.inputs.manifest import ENTRY, encode_item
from bscore.logtree import paths
from histories import World
from journals import journal

OPEN = 1_000_000_000


def journals_of(history: Iterable[Event]) -> dict[str, bytes]:
    """The journals of a history, one per term."""
    events = list(history)
    starts = [number for number, event in enumerate(events) if isinstance(event, TermStarted)]
    files: dict[str, bytes] = {}
    previous = 0
    for start, stop in pairwise([*starts, len(events)]):
        first = events[start]
        assert isinstance(first, TermStarted)
        _, lines = journal([replace(first, previous_bytes=previous), *events[start + 1 : stop]])
        data = b"".join(lines)
        previous = len(data)
        files[paths.JOURNAL if stop == len(events) else paths.journal_of_term(first.term)] = data
    return files


def manifest_of(mini_batches: int, items_each: int) -> dict[str, bytes]:
    """The manifest of so many mini-batches: `/data/0007-1.csv` is the second item of the eighth."""
    data, index, items = b"", b"", 0
    for mini_batch in range(mini_batches):
        for item in range(items_each):
            data += encode_item(f"/data/{mini_batch:04d}-{item}.csv".encode(), 100, 5)
        items += items_each
        index += ENTRY.pack(len(data), items)
    return {paths.MANIFEST: data, paths.MANIFEST_INDEX: index}


def running(world: World, steps: int) -> World:
    """The world after so many steps of a run that is not over."""
    world.begin_term()
    for _ in range(steps):
        world.step()
    return world
