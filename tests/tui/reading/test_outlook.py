"""The monitor and `bscore job show` say the same of one history; what costs much is not done at each look."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path

import pytest

from bscore.cli.job_facts import Facts, whole
from bscore.core import events as e
from bscore.core.estimate import Confidence, earlier_run, estimate
from bscore.core.next_limit import next_limits
from bscore.core.reduce import fold
from bscore.logtree import paths
from bscore.logtree.overview import iso
from bscore.logtree.source import MemorySource
from bscore.observe import Pulse
from bscore_tui.reading.outlook import EVERY_US, Outlooks
from bscore_tui.reading.plain import progress_line
from bscore_tui.reading.reader import JobReader
from bscore_tui.views import nodes, overview
from bscore_tui.views.model import Face, Mode, Model
from bscore_tui.views.pages import WorkerPage
from bscore_tui.views.strip import labels
from bscore_tui.views.styles import Body, Options, text_of
from bscore_tui.views.worker import worker as worker_page
from histories import World
from hostile import is_clean
from timed_runs import TimedRun, constant, log_normal, one_slow, tailed
from tui_trees import journals_of


class Recorded(TimedRun):
    """A timed run that keeps its events."""

    def happen(self, event: e.Event) -> None:
        super().happen(event)
        self.__dict__.setdefault("history", []).append(event)

    @property
    def events(self) -> list[e.Event]:
        events: list[e.Event] = self.__dict__["history"]
        return events


def reader_of(events: list[e.Event], now: Callable[[], int]) -> JobReader:
    reader = JobReader(MemorySource(journals_of(events)), now)
    while reader.poll()[1]:
        pass
    return reader


def model_of(timed: Recorded, later_s: float = 0.0) -> Model:
    return reader_of(timed.events, lambda: timed.now + int(later_s * 1e6)).model()


def played(over: int, times: Callable[[random.Random, int], float], batches: int = 400) -> Recorded:
    timed = Recorded(3, times, batches, 8)
    timed.play_to(over)
    return timed


def with_earlier(job: str = "nightly-0410") -> Recorded:
    earlier, timed = played(100, log_normal(0.2)), Recorded(5, log_normal(0.2), 100, 4)
    found = earlier_run(job, earlier.run, timed.now)
    assert found is not None
    timed.happen(found)
    return timed


def unlisted() -> Recorded:
    return Recorded(1, constant, 50, 4, listed=False)


HISTORIES: dict[str, tuple[Callable[[], Recorded], float]] = {
    "likely": (lambda: played(200, log_normal(0.2)), 1.0),
    "rough": (lambda: played(200, tailed(0.1)), 3.0),
    "late": (lambda: played(200, log_normal(0.2)), 25.0),
    "slow": (lambda: played(200, one_slow(0.1, 3.0)), 2.0),
    "standing": (lambda: played(200, log_normal(0.2)), 200.0),
    "few finished": (lambda: played(3, log_normal(0.2)), 1.0),
    "listing": (unlisted, 45.0),
    "earlier run": (with_earlier, 2.0),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_job_show_and_the_monitor_say_the_same(name: str, tmp_path: Path) -> None:
    make, later_s = HISTORIES[name]
    timed = make()
    now = timed.now + int(later_s * 1e6)
    model = model_of(timed, later_s)
    shown = whole(Facts(tmp_path, fold(timed.events), Pulse.UNKNOWN, None, 0.0, now))
    end = shown["estimated_end"]
    ends = model.ends or (None, None)
    assert [at and f"{iso(at)}+00:00" for at in ends] == [end["from"], end["to"]]
    assert (model.end_confidence, model.end_reason) == (end["confidence"], end["reason"])
    assert [row.mini_batch for row in model.running_batches if row.why == "late"] == shown[
        "late_mini_batches"
    ]
    assert {worker.id for worker in model.workers if worker.slow} == set(shown["slow_workers"])
    assert (model.face is Face.STANDING) == (shown["stands_still_seconds"] is not None)
    assert (model.still_since and f"{iso(model.still_since)}+00:00") == shown["stands_still_since"]
    limits = {now + int(limit.seconds * 1e6): limit.short for limit in next_limits(timed.run, now)}
    told = {event.at: event.text for event in model.next_events}
    assert told.items() <= limits.items()
    if told:
        assert shown["next_limit"].startswith(next_limits(timed.run, now)[0].text)
        assert min(told) == min(limits)
    assert told or not any(limit.used_s > 30 for limit in next_limits(timed.run, now))
    expected = {
        "late": bool(shown["late_mini_batches"]),
        "slow": bool(shown["slow_workers"]),
        "likely": end["confidence"] == "likely",
        "rough": end["confidence"] == "rough",
        "standing": model.face is Face.STANDING,
        "earlier run": "nightly-0410" in model.end_reason,
    }
    assert expected.get(name, True), "this history is here for that"


def lines(body: Body) -> list[str]:
    return [text_of(line).rstrip() for line in body.lines]


def row(model: Model, label: str, width: int = 80, height: int = 20) -> str:
    found = lines(overview.overview(model, width, height, Options()))
    return next(line for line in found if line.strip().startswith(label))


def test_the_screen_says_how_far_the_end_can_be_trusted_and_why() -> None:
    likely = model_of(played(200, log_normal(0.2)))
    assert likely.end_confidence == "likely"
    assert row(likely, "ends").endswith(" min, likely")
    assert "ends in " in progress_line(likely, Options())
    rough = model_of(played(200, tailed(0.1)))
    assert rough.end_confidence == "rough"
    assert f"rough: {rough.end_reason}" in " ".join(row(rough, "ends", 200).split())
    assert f"rough: {rough.end_reason}" in progress_line(rough, Options())
    few = model_of(played(3, log_normal(0.2)))
    assert row(few, "ends") == " ends        unknown: 3 of the first 8 mini-batches have finished"
    assert progress_line(few, Options()).endswith("end unknown: 3 of the first 8 mini-batches have finished")
    assert labels(few, Options())[1] == "~?"


def test_an_earlier_run_gives_the_end_before_the_first_mini_batch_is_done() -> None:
    model = model_of(with_earlier("night\x1b[2J-1"), 2.0)
    assert (model.face, model.end_confidence) == (Face.PREPARING, "rough")
    wide = "\n".join(lines(overview.overview(model, 120, 30, Options())))
    assert "rough: durations are those of the earlier run night-1" in wide
    narrow = row(model, "ends", 80, 19)
    assert "rough: durations" in narrow
    assert is_clean(wide.replace("\n", ""))
    assert is_clean(narrow)
    assert "rough: durations" in progress_line(model, Options())
    assert labels(model, Options())[1] != "~?"


def test_a_slow_worker_is_marked_and_named_with_what_it_is_compared_to() -> None:
    model = model_of(played(200, one_slow(0.1, 3.0)), 1.0)
    (slow,) = (worker for worker in model.workers if worker.slow)
    assert (slow.id, slow.sign) == ("n/process000", "!")
    texts = [finding.text for finding in model.findings if finding.target == f"worker:{slow.id}"]
    assert len(texts) == 1
    assert texts[0].startswith("n process000 is slow: median 27.4 s, others ")
    for width in (60, 80, 120):
        shown = lines(nodes.nodes(model, width, 20, Options()))
        rows = [line for line in shown if "process000" in line]
        assert len(rows) == 1
        assert "busy slow" in rows[0]
        assert sum("slow" in line for line in shown) == 2, "its row and the count above"
    page = lines(worker_page(model, WorkerPage(slow.id), 80, 20, Options()))
    assert page[0].startswith(" ! busy slow for ")
    assert any("median 27.4 s, others 9.9 s" in line for line in page[:3])
    assert not any(
        "slow" in line for line in lines(nodes.nodes(model_of(played(200, constant)), 80, 20, Options()))
    )


def test_a_slow_node_is_said_once_and_many_slow_ones_are_counted() -> None:
    world = World(1, nodes=6, workers=4, mini_batches=2000, checked=False)
    world.begin_term()
    while not world.run.listing_finished:
        world.step()
    slow_ones = {"10.0.0.1", "10.0.0.3/process000", "10.0.0.4/process002", "10.0.0.5/process001"}
    for _ in range(25):
        for worker in [*world.run.workers.values()]:
            slow = worker.id in slow_ones or worker.node in slow_ones
            world.now += 1_000
            if worker.queue:
                world.finish(worker.id, 40_000_000_000 if slow else 10_000_000_000, 3)
            world.carry_out()
    model = reader_of(world.history, lambda: world.now).model()
    texts = [finding.text for finding in model.findings if "slow" in finding.text]
    assert texts[0] == "10.0.0.1 is slow: 4 of 4 workers, median 40.0 s, others 10.0 s"
    assert [text.partition(":")[0] for text in texts[1:]] == [
        "10.0.0.3 process000 is slow",
        "10.0.0.4 process002 is slow",
        "1 more worker is slow",
    ]


def test_while_a_job_goes_on_its_end_is_estimated_once_in_three_seconds() -> None:
    timed = played(100, log_normal(0.2))
    outlooks, run = Outlooks(), timed.run
    first = timed.now
    kept = [outlooks.of(run, timed.now, timed.now, moving=True) for _ in islice(timed.finishes(), 60)]
    changes = sum(before is not after for before, after in pairwise(kept))
    assert 2 <= changes <= (timed.now - first) // EVERY_US
    latest = kept[-1].end
    assert latest is not None
    assert latest.confidence is not Confidence.UNKNOWN


def test_an_end_that_becomes_known_or_moot_is_not_waited_for() -> None:
    timed = played(3, log_normal(0.2))
    outlooks = Outlooks()

    def reason() -> str:
        end = outlooks.of(timed.run, timed.now, first, moving=True).end
        assert end is not None
        return end.reason

    first = timed.now
    assert reason().startswith("3 of the first 8")
    timed.play_to(4)
    assert reason().startswith("4 of the first 8")
    timed.play_to(20)
    known = outlooks.of(timed.run, timed.now, first, moving=True)
    assert known.end is not None
    assert known.end.low_us is not None
    assert outlooks.of(timed.run, timed.now + 1, first + 1, moving=True) is known
    set_back = outlooks.of(timed.run, timed.now + 2, first - 1, moving=True)
    assert set_back is not known
    assert outlooks.of(timed.run, timed.now + 2, first + 9 * EVERY_US, moving=False) is set_back
    timed.now += 900_000_000
    assert reason().startswith("nothing has finished for 9")


def test_the_past_shows_the_end_as_it_was_estimated_then() -> None:
    timed = played(300, log_normal(0.2))
    reader = reader_of(timed.events, lambda: timed.now)
    finished = [event.at for event in timed.events if isinstance(event, e.Finished)]
    for at in (finished[40], finished[250], finished[41]):
        then = fold(event for event in timed.events if event.at <= at)
        expected = estimate(then, at, random.Random(then.events).random)
        model = reader.model(at)
        assert model.ends == (expected.low_us, expected.high_us)
        assert (model.end_confidence, model.end_reason) == (expected.confidence.value, expected.reason)
    assert reader.model().ends != model.ends


def test_a_replay_that_plays_keeps_the_moments_for_a_while_and_is_exact_once_it_stands() -> None:
    timed = played(300, log_normal(0.2))
    now = [timed.now]
    reader = reader_of(timed.events, lambda: now[0])
    moments = [event.at for event in timed.events if isinstance(event, e.Finished)][100:110]
    shown = []
    for at in moments:
        now[0] += 400_000
        shown.append(reader.model(at, plays=True).ends)
    assert len(set(shown)) == 2, "four seconds have passed"
    exact = reader.model(moments[-1]).ends
    then = fold(event for event in timed.events if event.at <= moments[-1])
    expected = estimate(then, moments[-1], random.Random(then.events).random)
    assert exact == (expected.low_us, expected.high_us)
    back = reader.model(moments[0], plays=True).ends
    assert back == shown[0]


def test_nobody_estimates_the_end_of_what_is_over_or_not_yet_read() -> None:
    timed = played(400, log_normal(0.2))
    timed.happen(e.RunEnded(timed.now, e.Outcome.COMPLETED, "", "out"))
    model = model_of(timed)
    assert (model.ends, model.end_confidence, model.end_reason) == (None, "", "")
    half = played(300, log_normal(0.2))
    reader = JobReader(MemorySource(journals_of(half.events)), lambda: half.now)
    assert reader.begin(), "it is not read at once"
    model = reader.model()
    assert (model.mode, model.ends) == (Mode.READING, None)
    assert row(model, "ends").endswith("   unknown: the journal is still being read")


def test_what_stands_still_before_anything_is_done_says_so_and_one_without_workers_too() -> None:
    world = World(1, nodes=1, workers=2, checked=False)
    world.begin_term()
    while not world.run.first_assigned:
        world.step()
    since = world.run.first_assigned
    faces = [
        reader_of(world.history, lambda at=at: at).model().face
        for at in (since + 89_000_000, since + 91_000_000)
    ]
    assert faces == [Face.PREPARING, Face.STANDING]
    silent = played(100, log_normal(0.2))
    for number in range(8):
        silent.happen(e.WorkerGone(silent.now, silent.name(number), None, 9, "killed", init_failed=False))
    model = model_of(silent, 200)
    assert (model.face, model.end_reason) == (Face.STANDING, "nothing has finished for 200 s")
    text = " ".join(" ".join(lines(overview.overview(model, 80, 20, Options()))).split())
    assert "no worker runs anything, 300 mini-batches wait" in text
    assert "kill these workers" not in text
    assert "stands still for 3:20" in progress_line(model, Options())


def test_a_node_is_silent_after_three_of_its_own_heartbeats() -> None:
    timed = played(100, log_normal(0.2))
    rows = ["Utc Time,Name,Cpu Percent,Memory (MB),Memory Percent,Mini-batch Id,Running Seconds"]
    beats = (datetime.fromtimestamp(timed.now // 1_000_000 - ago_s, UTC) for ago_s in range(40, -1, -5))
    rows += [f"{beat:%Y-%m-%dT%H:%M:%S.000000},node,50,4000,50,," for beat in beats]
    files = journals_of(timed.events) | {paths.heartbeat("n"): ("\n".join(rows) + "\n").encode()}
    now = [timed.now]
    reader = JobReader(MemorySource(files), lambda: now[0])
    while reader.poll()[1]:
        pass
    signs = []
    for later_s in (14, 16):
        now[0] = timed.now + later_s * 1_000_000
        signs.append(reader.model().nodes[0].sign)
    assert signs == ["", "?"]
