"""Reading a run: followed in any pieces, at any moment, over any terms, it is the fold of its events."""

from __future__ import annotations

from dataclasses import replace
from itertools import count, groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bscore.core.events import Event, TermStarted
from bscore.core.reduce import fold
from bscore.core.snapshot import encode_run, encode_snapshot
from bscore.core.state import Run
from bscore.errors import TreeError
from bscore.logtree import paths
from bscore.logtree.records import encode
from bscore.logtree.source import MemorySource
from bscore.observe import Follower, Past, Pulse, read_run, state_at
from histories import troubled
from journals import PID, THREAD, journal


def told(seed: int) -> tuple[list[Event], dict[str, bytes]]:
    """A troubled history as a tree; the garbage behind every earlier term does not count."""
    world = troubled(seed, mini_batches=25, checked=False)
    world.play()
    starts = [number for number, event in enumerate(world.history) if isinstance(event, TermStarted)]
    everything: list[Event] = []
    files: dict[str, bytes] = {}
    previous = 0
    for start, stop in pairwise([*starts, len(world.history)]):
        first = world.history[start]
        assert isinstance(first, TermStarted)
        written, lines = journal([replace(first, previous_bytes=previous), *world.history[start + 1 : stop]])
        everything += written
        data = b"".join(lines)
        previous = len(data)
        last = stop == len(world.history)
        path = paths.JOURNAL if last else paths.journal_of_term(first.term)
        files[path] = data if last else data + b"garbage that was never committed\n"
    return everything, files


def snapshots_of(events: list[Event], every: int) -> bytes:
    """Snapshots as a master writes them, after every so many records."""
    lines: list[bytes] = []
    run = Run()
    offset = 0
    for number, event in enumerate(events, 1):
        offset = 0 if isinstance(event, TermStarted) else offset
        fold([event], run)
        offset += len(encode(event, PID, THREAD))
        if number % every == 0:
            lines.append(encode_snapshot(run.term, offset, 0, run))
    return b"".join(lines)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("every", [0, 7, 60])
def test_a_run_is_the_same_at_every_moment(seed: int, every: int) -> None:
    events, files = told(seed)
    if every:
        files[paths.SNAPSHOTS] = snapshots_of(events, every)
    source = MemorySource(files)
    past = Past(source)
    moments = [at for at, _ in groupby(event.at for event in events)]
    for at in [*moments[::5], *moments[::-9], moments[-1] + 10]:
        expected = fold(event for event in events if event.at <= at)
        run, _, _ = past.at(at)
        assert encode_run(run) == encode_run(expected), at


@given(st.integers(0, 30), st.lists(st.integers(1, 700), min_size=1, max_size=20), st.booleans())
@settings(max_examples=40, deadline=None)
def test_followed_in_any_pieces_it_is_the_fold(seed: int, pieces: list[int], snapshots: bool) -> None:
    events, whole = told(seed)
    if snapshots:
        whole[paths.SNAPSHOTS] = snapshots_of(events, 20)
    live = whole[paths.JOURNAL]
    grown = dict(whole)
    follower = Follower(MemorySource(grown))
    end = 0
    for piece in pieces * (len(live) // sum(pieces) + 1):
        end = min(end + piece, len(live))
        grown[paths.JOURNAL] = live[:end]
        follower.poll()
    while follower.poll(budget=400).changed:
        pass
    assert not follower.damage
    assert encode_run(follower.run) == encode_run(fold(events))


def test_a_new_term_is_noticed_and_folded_anew() -> None:
    # Which seeds have several terms changes with every change of the plan.
    events, whole = next(found for found in map(told, count()) if paths.journal_of_term(1) in found[1])
    first_path = paths.journal_of_term(1)
    files = {paths.JOURNAL: whole[first_path]}
    follower = Follower(MemorySource(files))
    follower.poll()
    files.clear()
    assert not follower.poll().changed, "between the renaming and the new journal nothing is there"
    files.update(whole)
    assert follower.poll().restarted
    while follower.poll().changed:
        pass
    assert encode_run(follower.run) == encode_run(fold(events))


def test_a_truncated_journal_is_read_anew() -> None:
    _, files = told(1)
    grown = dict(files)
    follower = Follower(MemorySource(grown))
    follower.poll()
    lines = grown[paths.JOURNAL].splitlines(keepends=True)
    grown[paths.JOURNAL] = b"".join(lines[:5])
    assert follower.poll().restarted
    assert encode_run(follower.run) == encode_run(read_run(MemorySource(grown)).run)


def test_what_a_checksum_disproves_is_not_believed() -> None:
    _, files = told(2)
    lines = files[paths.JOURNAL].splitlines(keepends=True)
    committed = [number for number, line in enumerate(lines) if b"|Committed " in line]
    lines[committed[1] - 1] = lines[committed[1] - 1][:-5] + b"9999\n"
    follower = Follower(MemorySource(files | {paths.JOURNAL: b"".join(lines)}))
    progress = follower.poll()
    assert "checksum" in follower.damage
    assert not progress.more


def test_nothing_is_there_yet() -> None:
    files: dict[str, bytes] = {}
    source = MemorySource(files)
    follower = Follower(source)
    assert not follower.poll().changed
    assert not follower.there
    with pytest.raises(TreeError, match="no journal"):
        read_run(source)
    with pytest.raises(TreeError, match="no journal"):
        state_at(source, 1)
    events, told_files = told(4)
    files.update(told_files)
    assert follower.poll().restarted
    assert follower.run.events == len(events)
    assert read_run(source).pulse is Pulse.ENDED


def test_every_event_is_heard_once_and_in_order() -> None:
    events, files = told(5)
    heard: list[Event] = []
    follower = Follower(MemorySource(files), heard.append)
    while follower.poll(budget=300).changed:
        pass
    assert heard == events
