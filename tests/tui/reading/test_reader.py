"""From a tree to a model: what it says is what the history did, now and at any moment, however it grew."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from queue import Queue

import pytest

from bscore.core import events as e
from bscore.core.ranges import Ranges
from bscore.core.reduce import fold
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.source import MemorySource
from bscore.observe import find_items, items_of, offset_at
from bscore_tui.feed import Feed
from bscore_tui.reading import scan
from bscore_tui.reading.batch_rows import running_rows, waiting_rows
from bscore_tui.reading.journal_text import NotableText
from bscore_tui.reading.notes import note_of
from bscore_tui.reading.reader import JobReader
from bscore_tui.reading.stories import batch_story, worker_page
from bscore_tui.reading.worker_memory import memory_peak
from bscore_tui.views.model import Face, Mode, Model
from histories import World, troubled
from hostile import is_clean
from tui_trees import OPEN, journals_of, manifest_of, running


def read(files: dict[str, bytes], now: int) -> JobReader:
    reader = JobReader(MemorySource(files), lambda: now)
    while reader.poll()[1]:
        pass
    return reader


@pytest.fixture(scope="module")
def played() -> World:
    world = troubled(3, mini_batches=80, checked=False)
    world.play()
    return world


@pytest.fixture(scope="module")
def reader(played: World) -> JobReader:
    files = journals_of(played.history) | manifest_of(80, 3)
    return read(files, played.now)


def test_the_model_counts_what_happened(played: World, reader: JobReader) -> None:
    model = reader.model()
    run = played.run
    assert run.outcome is not None
    assert (model.state, model.mode) == (run.outcome.value, Mode.END)
    assert model.done == len(run.done)
    assert model.abandoned == len(run.abandoned)
    assert model.failed_items == run.failed_items
    assert sum(row.count for row in model.errors) == sum(group.count for group in run.errors.values())
    assert [note.at for note in model.notes] == sorted((note.at for note in model.notes), reverse=True)
    assert model.notes[0].text.startswith(model.state)


@pytest.mark.parametrize("seed", [3, 8, 11])
def test_what_a_worker_did_is_counted_whether_it_lives_or_is_gone(seed: int) -> None:
    world = troubled(seed, mini_batches=80, checked=False)
    world.play()
    at = world.history[len(world.history) * 2 // 3].at
    history = [event for event in world.history if event.at <= at]
    reader = read(journals_of(world.history), world.now)
    nodes = {node.id: node for node in reader.model(at).nodes}
    assert any(node.gone or node.past for node in nodes.values())
    for node in nodes.values():
        own = [event for event in history if getattr(event, "worker", "").rpartition("/")[0] == node.id]
        lost = fold(history).failures.get(e.FailureKind.LOST, 0)
        if node.failed is not None and not lost:
            assert node.failed == len([event for event in own if isinstance(event, e.AttemptFailed)])
        for row in node.known:
            done = [event for event in own if isinstance(event, e.Finished) and event.worker == row.id]
            assert row.done == len(done), row
            failed = [event for event in own if isinstance(event, e.AttemptFailed) and event.worker == row.id]
            assert lost or row.failed == len(failed), row
            ready = [event for event in own if isinstance(event, e.WorkerReady) and event.worker == row.id]
            assert row.init_ns == (ready[-1].init_ns if ready else None)


def test_the_memory_peak_of_a_worker_is_that_of_all_its_samples() -> None:
    heads = b"Utc Time,Name,Cpu Percent,Memory (MB),Memory Percent,Mini-batch Id,Running Seconds\n"
    rows = [
        b"2026-11-27T17:39:%02d.000000,process00%d,1.0,%d.5,0.1,," % (second, process, (second * 37) % 50)
        for second in range(60)
        for process in (0, 1)
    ]
    files = {paths.heartbeat("n"): heads + b"\n".join(rows) + b"\n" + rows[-1][:20]}
    peak = memory_peak(MemorySource(files), "n/process001")
    assert peak is not None
    assert peak.mb == max((second * 37) % 50 for second in range(60)) + 0.5
    earlier = memory_peak(MemorySource(files), "n/process001", peak.at - 1)
    assert earlier is not None
    assert earlier.mb < peak.mb
    assert memory_peak(MemorySource(files), "n/process007") is None
    assert memory_peak(MemorySource({}), "n/process001") is None


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_a_moment_of_the_past_is_that_of_its_events(played: World, reader: JobReader, share: float) -> None:
    at = played.history[int(len(played.history) * share)].at
    run = fold(event for event in played.history if event.at <= at)
    model = reader.model(at)
    assert model.mode is Mode.REPLAY
    assert (model.at, model.done, model.running) == (at, len(run.done), len(running_rows(run, at, ())))
    assert model.horizon == played.run.last
    assert all(note.at <= at for note in model.notes)


def test_the_timeline_counts_every_mini_batch_and_failure_once(played: World, reader: JobReader) -> None:
    timeline = reader.model().timeline
    over = sum(isinstance(event, e.Finished | e.MiniBatchAbandoned) for event in played.history)
    assert sum(timeline.over) == over
    assert sum(timeline.failed) == sum(
        isinstance(event, e.AttemptFailed | e.InitFailed) for event in played.history
    )


def test_notable_records_are_all_but_those_of_every_mini_batch(played: World, reader: JobReader) -> None:
    quiet = (e.Finished, e.Assigned, e.Committed, e.MiniBatchesCreated, e.Withdrawn, e.WithdrawalAsked)
    expected = [event for event in played.history if not isinstance(event, quiet)]
    places = reader.scan.notable_places(0, OPEN)
    assert [reader.event_at(path, offset).at for path, offset in places] == [event.at for event in expected]
    assert reader.scan.notable == len(expected)
    assert reader.scan.notable_places(5, 3) == places[5:8]
    assert reader.scan.records == len(played.history)
    text = NotableText(reader.source, reader.scan)
    assert [text.place(line.offset) for line in text.forward(0)] == places


def test_stepping_goes_through_every_moment_and_back(played: World, reader: JobReader) -> None:
    moments = sorted({event.at for event in played.history})
    walked = [moments[0]]
    while (following := reader.neighbour(walked[-1], 1)) is not None:
        walked.append(following)
    assert walked == moments
    back = [moments[-1]]
    for _ in range(30):
        previous = reader.neighbour(back[-1], -1)
        assert previous is not None
        back.append(previous)
    assert back == moments[::-1][:31]
    assert reader.neighbour(moments[0], -1) is None


def test_a_model_of_a_live_run_moves_with_the_clock_and_stops_at_the_end() -> None:
    world = running(troubled(6, mini_batches=300, checked=False), 150)
    files = journals_of(world.history)
    now = [world.now + 5_000_000]
    reader = JobReader(MemorySource(files), lambda: now[0])
    reader.poll()
    first = reader.model()
    now[0] += 7_000_000
    assert (first.mode, reader.model().at - first.at) == (Mode.LIVE, 7_000_000)
    frozen = reader.model(first.at)
    assert (frozen.mode, frozen.at) == (Mode.FROZEN, first.at)


@pytest.mark.parametrize("cut", [1, 7, 33, 250])
def test_a_growing_journal_gives_the_same_as_a_whole_one(cut: int) -> None:
    world = troubled(8, mini_batches=40, checked=False)
    world.play()
    files = journals_of(world.history)
    whole = read(files, world.now).model()
    grown = dict(files)
    reader = JobReader(MemorySource(grown), lambda: world.now)
    data = files[paths.JOURNAL]
    for start, end in pairwise([*range(0, len(data), max(len(data) // cut, 1)), len(data)]):
        grown[paths.JOURNAL] = data[:end]
        reader.poll()
        assert start < end
    while reader.poll()[1]:
        pass
    assert _facts(reader.model()) == _facts(whole)
    assert reader.scan.notable == read(files, world.now).scan.notable


def _facts(model: Model) -> tuple[object, ...]:
    return model.done, model.abandoned, model.errors, model.notes, model.timeline, model.rows


def test_the_story_of_a_mini_batch_is_its_records(played: World, reader: JobReader) -> None:
    ids = [event.mini_batch for event in played.history if isinstance(event, e.AttemptFailed)]
    for mini_batch in ids[:6]:
        story = batch_story(reader.source, mini_batch)
        own = [
            event
            for event in played.history
            if isinstance(event, e.Finished | e.AttemptFailed) and event.mini_batch == mini_batch
        ]
        assert [attempt.at for attempt in story.attempts] == [event.at for event in own]
        assert [attempt.failed for attempt in story.attempts] == [isinstance(v, e.AttemptFailed) for v in own]
        assert story.abandoned == (mini_batch in played.run.abandoned)
        assert [item.path for item in story.items] == [f"/data/{mini_batch:04d}-{n}.csv" for n in range(3)]
        assert story.moments[0].who == "master"
        record = reader.event_at(story.attempts[-1].log_path, story.attempts[-1].log_offset)
        assert record == own[-1]
    assert batch_story(reader.source, 79, until=played.history[0].at).attempts == ()
    assert batch_story(reader.source, 10**9).items == ()


def test_output_of_exactly_one_attempt_is_shown() -> None:
    world = World(1, nodes=1, workers=1, mini_batches=4, checked=False)
    world.begin_term()
    while not world.run.workers or not next(iter(world.run.workers.values())).queue:
        world.step()
    name = next(iter(world.run.workers))
    world.finish(name)
    first, second = b"loading\nfirst\n", b"second\nlast words\n"
    world.history[-1] = _with_output(world.history[-1], len(first))
    world.carry_out()
    world.now += 50
    world.fail(name, e.FailureKind.EXCEPTION)
    failed = world.history[-1] = _with_output(world.history[-1], len(first + second))
    assert isinstance(failed, e.AttemptFailed)
    node, process = paths.split_worker(name)
    trace = b"2026-01-01T00:00:00 mini-batch\nTraceback (most recent call last):\n  boom\nValueError: x\n\n"
    files = journals_of(world.history) | {
        paths.user_stdout(node, process): first + second + b"later\n",
        paths.user_error(node, process): b"earlier\n\n" + trace,
    }
    reader = read(files, world.now)
    story = batch_story(reader.source, failed.mini_batch)
    assert [moment.text for moment in story.moments if moment.who == "stdout"] == ["second", "last words"]
    page = worker_page(reader.source, name)
    assert page.stdout[-1] == "later"
    then = worker_page(reader.source, name, failed.at)
    assert (then.stdout[-1], then.output_at) == ("last words", None), "what came later is not shown"
    assert worker_page(reader.source, name, failed.at - 1).stdout == tuple(first.decode().splitlines())


def test_the_story_of_a_running_mini_batch_has_its_output_so_far_and_its_stack() -> None:
    world = World(1, nodes=1, workers=1, mini_batches=4, checked=False)
    world.begin_term()
    while not world.run.workers or not next(iter(world.run.workers.values())).queue:
        world.step()
    name = next(iter(world.run.workers))
    world.finish(name)
    world.history[-1] = _with_output(world.history[-1], len(b"loading\n"))
    world.carry_out()
    mini_batch = world.run.workers[name].queue[0]
    node, process = paths.split_worker(name)
    stack = b"2026-01-01 stacks\nThread 0x1 (most recent call first):\n"
    stack += b'  File "/code/score.py", line 6 in fetch\n  File "/usr/lib/python3.11/x.py", line 2 in call\n'
    stack += b'  File "/code/score.py", line 9 in run\n\n'
    trace = f"{paths.user_error(node, process)}@0"
    world.happen(e.StacksTaken(world.now + 90, name, mini_batch, "score.py:6 in fetch", trace))
    files = journals_of(world.history) | {
        paths.user_stdout(node, process): b"loading\nasking\n",
        paths.user_error(node, process): stack,
    }
    reader = read(files, world.now)
    running = next(row for row in reader.model().workers if row.mini_batch == mini_batch)
    story = batch_story(reader.source, mini_batch, running=running)
    assert story.of_try == 1
    assert [(moment.who, moment.text) for moment in story.moments if moment.who in ("stdout", "stack")] == [
        ("stdout", "asking"),
        ("stack", "score.py:9 in run"),
        ("stack", "score.py:6 in fetch"),
    ]
    assert story.moments[0].at == next(
        event.at for event in world.history[::-1] if isinstance(event, e.Assigned)
    )
    before = batch_story(reader.source, mini_batch, until=world.now + 89, running=running)
    assert [moment.who for moment in before.moments] == ["master", "worker"]


def _with_output(event: e.Event, stdout: int) -> e.Event:
    import dataclasses

    assert isinstance(event, e.Finished | e.AttemptFailed)
    return dataclasses.replace(event, stdout=stdout)


def test_items_are_found_by_name_and_by_mini_batch(reader: JobReader) -> None:
    assert [item.path for item in items_of(reader.source, 79)] == [b"/data/0079-%d.csv" % n for n in range(3)]
    assert [found.mini_batch for found in find_items(reader.source, "0041-2")] == [41]
    assert len(list(find_items(reader.source, "csv", 10))) == 10
    assert list(find_items(reader.source, "100")) == [
        found for found in find_items(reader.source, "/data/") if b"100" in found.path
    ]
    assert list(find_items(MemorySource({}), "x")) == []


def test_offsets_of_moments_are_those_of_their_records(played: World, reader: JobReader) -> None:
    path = paths.JOURNAL
    data = reader.source.read(path, 0, OPEN)
    assert offset_at(reader.source, path, played.now + OPEN) == len(data)
    assert offset_at(reader.source, path, 0) == 0


def test_every_kind_of_record_has_words() -> None:
    from bscore.logtree.samples import SAMPLES

    for event, _ in SAMPLES:
        note = note_of(event)
        assert note.text
        assert is_clean(note.text)
        assert note.level in ("", "W", "E")


@pytest.mark.parametrize("gap_us", [50, 5_000, 700_000])
def test_however_dense_records_are_each_is_counted_in_its_step(
    gap_us: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "TAIL_BYTES", 100_000)
    history: list[e.Event] = [e.TermStarted(1_790_000_000_000_000, "j", 1, e.FORMAT, "0", "h", "b", 1, 0)]
    for n in range(2_500):
        at = history[0].at + n * gap_us
        history.append(e.Finished(at, "n/p", n, 1, at, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0))
        if n % 400 == 7:
            history.append(e.MiniBatchAbandoned(at, n, 1, "3 of 3 tries failed"))
    found = scan.JournalScan(MemorySource(journals_of(history)))
    found.begin()
    early = found.timeline(0)
    assert early.known_from >= history[0].at
    known = sum(event.at >= early.known_from for event in history[1:])
    assert 0 < sum(early.over) <= known, "the end is there before all else"
    while found.poll(50_000):
        continue
    timeline = found.timeline(0)
    expected = [0] * len(timeline.over)
    for event in history[1:]:
        expected[(event.at - timeline.start) // 100_000 * 100_000 // timeline.step] += 1
    assert (list(timeline.over), timeline.known_from) == (expected, 0)
    assert found.notable == sum(not isinstance(event, e.Finished) for event in history)


def test_a_workers_own_log_is_cut_at_the_moment_shown() -> None:
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    lines = [
        f"{begun + timedelta(seconds=n):%Y-%m-%d %H:%M:%S},000|INFO|1|line {n}\n  more of {n}\n"
        for n in range(900)
    ]
    source = MemorySource({paths.worker_log("n", "p"): "".join(lines).encode()})
    for second in (0, 1, 450, 899, 5000):
        at = round((begun.timestamp() + second) * 1e6)
        assert worker_page(source, "n/p", at).log[-1] == f"  more of {min(second, 899)}"
    assert not worker_page(source, "n/p", round(begun.timestamp() * 1e6) - 1).log


def test_what_was_given_up_ahead_of_its_turn_does_not_wait() -> None:
    run = Run(mini_batches=5000, next_new=10, listing_finished=True)
    run.ahead = Ranges([(12, 14), (20, 4000)])
    waiting = [row.mini_batch for row in waiting_rows(run)]
    assert waiting[:10] == [10, 11, 14, 15, 16, 17, 18, 19, 4000, 4001]
    assert len(waiting) == 1000


def test_a_request_and_its_answer_are_told_and_what_was_given_up() -> None:
    taken = e.RequestTaken(1, "stack", "process9", "alice", "host-c", "17", "No such worker.", False)
    assert note_of(taken).text == "stack process9, asked for by alice host-c: refused No such worker."
    granted = e.RequestTaken(1, "cancel", "", "alice", "host-c", "17", "The job ends.")
    assert note_of(granted).text == "cancel, asked for by alice host-c: The job ends."
    given_up = note_of(e.RemainingAbandoned(1, 2000, 9000, "asked for by alice"))
    words = "all that was left is abandoned, 2,000 mini-batches, 9,000 items: asked for by alice"
    assert (given_up.text, given_up.level) == (words, "W")


def test_while_nobody_works_only_the_clock_goes_on() -> None:
    world = running(troubled(6, mini_batches=300, checked=False), 150)
    now = [world.now + 400_000_000]
    feed = Feed(MemorySource(journals_of(world.history)), now_us=lambda: now[0])
    delivered: Queue[Model] = Queue()
    first = feed.first()
    feed.start(delivered.put)
    while (model := delivered.get(timeout=10)).face is not Face.NOT_RESPONDING:
        first = model
    now[0] += 90_000_000
    later = delivered.get(timeout=10)
    while later.now != now[0]:
        model, later = later, delivered.get(timeout=10)
    feed.stop()
    assert first.face is not Face.PREPARING
    assert later.nodes is model.nodes, "nothing was counted again"
    assert replace(later, now=model.now) == model
