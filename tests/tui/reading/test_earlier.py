"""What is different since the job before: which job that is, and what is said of it."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bscore.core.events import Event, Outcome, RunConfigured, RunEnded
from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.logtree.source import LocalSource
from bscore_tui.feed import Feed
from bscore_tui.reading.plain import read_all
from bscore_tui.reading.reader import JobReader
from bscore_tui.views.earlier import Earlier, in_words
from bscore_tui.views.model import Model
from bscore_tui.views.overview import overview
from bscore_tui.views.styles import Options, text_of
from histories import START_US, World
from hostile import TEXTS, is_clean
from tui_trees import journals_of

HOUR_US = 3_600_000_000


def make(
    tree: Path,
    hour: int,
    *,
    outcome: Outcome | None = Outcome.FAILED,
    config: dict[str, object] | None = None,
    **world: object,
) -> Path:
    """A tree begun `hour` hours after the first one, whose script lies in `code` beside the jobs' folder."""
    run = World(1, checked=False, **world)  # type: ignore[arg-type]  # the tests name the fields
    run.play()
    events: list[Event] = [event for event in run.history if not isinstance(event, RunEnded)]
    if outcome is not None:
        events.append(RunEnded(events[-1].at, outcome, "because", "out"))
    events = [
        replace(event, **(config or {})) if isinstance(event, RunConfigured) else event for event in events
    ]
    events = [replace(event, at=event.at + hour * HOUR_US) for event in events]
    for path, data in journals_of(events).items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(data)
    code = tree.parent.parent / "code"
    (tree / paths.JOB_FILE).write_text(f"bscore_job: 1\ncode: {code}\nscript: score.py\n")
    return tree


def model_of(tree: Path) -> Model:
    reader = JobReader(LocalSource(tree), lambda: START_US + 50 * HOUR_US)
    read_all(reader)
    return reader.model()


def earlier_of(tree: Path) -> Earlier | None:
    return model_of(tree).earlier


def test_the_last_earlier_job_of_the_same_script_is_compared(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    make(jobs / "older", 0)
    make(jobs / "before", 2, outcome=Outcome.COMPLETED, mini_batches=30)
    make(jobs / "other-script", 3, config={"script": "train.py"})
    make(jobs / "later", 9)
    tree = make(jobs / "this", 5)
    elsewhere = make(jobs / "other-folder", 4)
    (elsewhere / paths.JOB_FILE).write_text("code: '/srv/another'\nscript: score.py\n")
    assert earlier_of(tree) == Earlier("before", "Completed", script_changed=False, items=90)
    assert earlier_of(jobs / "older") is None
    assert earlier_of(jobs / "other-script") is None


def test_a_job_that_was_killed_is_said_to_have_no_end(tmp_path: Path) -> None:
    make(tmp_path / "jobs/killed", 0, outcome=None)
    earlier = earlier_of(make(tmp_path / "jobs/this", 1))
    assert earlier is not None
    assert earlier.state == "not ended"


def test_options_that_differ_are_named_with_both_values(tmp_path: Path) -> None:
    limits = Limits(error_threshold=100, run_invocation_timeout_s=2.5, node_silent_s=3.0)
    make(tmp_path / "jobs/before", 0, config={"limits": limits, "mini_batch_size": 50}, workers=4)
    earlier = earlier_of(make(tmp_path / "jobs/this", 1))
    assert earlier is not None
    assert earlier.options == (
        ("mini_batch_size", "3", "50"),
        ("workers", "4", "8"),
        ("run_invocation_timeout", "60", "2.5"),
        ("error_threshold", "-1", "100"),
    )
    text = in_words(earlier, "score.py", START_US, Options())
    assert text.startswith("since before, Failed: 120 items; mini_batch_size 3 (was 50); workers 4 (was 8)")


@pytest.mark.parametrize(("hours", "known"), [(1, True), (-1, False), (3, False)])
def test_a_script_edited_in_between_says_when(tmp_path: Path, hours: int, known: bool) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "score.py").write_text("def run(b): return b\n")
    edited_s = START_US // 1_000_000 + hours * 3600
    os.utime(code / "score.py", (edited_s, edited_s))
    make(tmp_path / "jobs/before", 0, config={"script_hash": "other"})
    earlier = earlier_of(make(tmp_path / "jobs/this", 2))
    assert earlier is not None
    assert earlier.script_changed
    assert earlier.edited_at == (edited_s * 1_000_000 if known else None)
    words = in_words(earlier, "sub/score.py", START_US + 25 * HOUR_US, Options())
    assert ("score.py edited yesterday 15:13" if known else "folder of score.py changed") in words


def test_nothing_that_differs_is_said_too() -> None:
    words = in_words(Earlier("night", "", script_changed=False), "score.py", 1, Options())
    assert words == "since night: same script and options"


def test_the_overview_of_an_ended_job_shows_it_and_that_of_a_moment_before_does_not(tmp_path: Path) -> None:
    make(tmp_path / "jobs/before", 0, outcome=Outcome.COMPLETED)
    tree = make(tmp_path / "jobs/this", 1)
    reader = JobReader(LocalSource(tree), lambda: START_US + 2 * HOUR_US)
    while reader.poll()[1]:
        pass
    assert reader.model().earlier is None, "nothing is looked for before somebody asks"
    assert reader.compare()
    assert not reader.compare(), "once is enough"
    lines = [text_of(line).rstrip() for line in overview(reader.model(), 80, 20, Options()).lines]
    assert " before   since before, Completed: same script and options; 120 items" in lines
    past = overview(reader.model(reader.model().at - 1_000_000), 80, 20, Options())
    assert not any("since before" in text_of(line) for line in past.lines)


def test_strange_neighbours_are_passed_over(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    make(jobs / "before", 0)
    journal = (jobs / "before" / paths.JOURNAL).read_bytes()
    for name, data in (("empty", b""), ("torn", journal[:100]), ("noise", os.urandom(5000))):
        (jobs / name / "logs/sys").mkdir(parents=True)
        (jobs / name / paths.JOURNAL).write_bytes(data)
    (jobs / "pipe/logs/sys").mkdir(parents=True)
    os.mkfifo(jobs / "pipe" / paths.JOURNAL)
    (jobs / "loop").symlink_to(jobs / "loop")
    (jobs / "a file").write_text("x")
    tree = make(jobs / "this", 1)
    for text in ("code: [1, 2\n", "code: !!python/name:os.system ''\n", "code: {a: b}\n"):
        (tree / paths.JOB_FILE).write_text(text)
        earlier = earlier_of(tree)
        assert earlier is not None
        assert earlier.job == "before"


def test_a_hostile_name_is_shown_harmless(tmp_path: Path) -> None:
    names = [text for text in TEXTS if text and "/" not in text and "\0" not in text and len(text) < 60]
    name = "".join(names)[:60].encode("utf-8", "surrogateescape")[:200]
    make(tmp_path / "jobs" / os.fsdecode(name), 0, config={"script_hash": "\x1b[2Jx"})
    model = model_of(make(tmp_path / "jobs/this", 1))
    assert model.earlier is not None
    for line in overview(model, 80, 20, Options()).lines:
        assert is_clean(text_of(line))


def test_of_many_neighbours_only_some_are_read(tmp_path: Path) -> None:
    """The nearest by the times of their files: what was begun long before counts no more."""
    tree = make(tmp_path / "jobs/this", 60)
    for number in range(70):
        other = make(tmp_path / f"jobs/n{number:02d}", number // 2, mini_batches=1, config={"script": "x.py"})
        os.utime(other / paths.JOB_FILE, (1000 + number, 1000 + number))
    os.utime(tree / paths.JOB_FILE, (2000, 2000))
    make_far, make_near = tmp_path / "jobs/n05", tmp_path / "jobs/n45"
    for other in (make_far, make_near):
        make(other, 1, mini_batches=1)
    os.utime(make_far / paths.JOB_FILE, (1005, 1005))
    os.utime(make_near / paths.JOB_FILE, (1045, 1045))
    earlier = earlier_of(tree)
    assert earlier is not None
    assert earlier.job == "n45"
    (make_near / paths.JOURNAL).unlink()
    assert earlier_of(tree) is None


def test_the_feed_tells_it_after_the_first_picture(tmp_path: Path) -> None:
    make(tmp_path / "jobs/before", 0)
    feed = Feed(LocalSource(make(tmp_path / "jobs/this", 1)), fast_s=0.02)
    assert feed.first().earlier is None
    told = threading.Event()
    feed.start(lambda model: told.set() if model.earlier is not None else None)
    try:
        assert told.wait(20)
    finally:
        feed.stop()
