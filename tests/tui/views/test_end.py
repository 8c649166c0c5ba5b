"""When it ends, in words: units that fit, no wait below nought, the reason as far as there is room."""

from __future__ import annotations

import pytest

from bscore.cli.progress import EndText
from bscore.core.state import WorkerState
from bscore.logtree.source import MemorySource
from bscore.observe import end_of
from bscore_tui.reading.plain import progress_line
from bscore_tui.reading.reader import JobReader
from bscore_tui.views.end import end_rows, trust, unknown, wait
from bscore_tui.views.model import Face, Mode, Model
from bscore_tui.views.overview import overview
from bscore_tui.views.strip import strip
from bscore_tui.views.styles import Options, text_of
from bscore_tui.views.words import clock
from histories import World
from tui_trees import journals_of, running

#: 2026-09-21 14:13:20 UTC, a Monday.
NOW = 1_790_000_000_000_000
EARLIER = "durations are those of the earlier run nightly-0410"


def model(low_s: float, high_s: float, confidence: str = "likely", doubt: str = "") -> Model:
    ends = (NOW + int(low_s * 1e6), NOW + int(high_s * 1e6))
    return Model(
        job="j", face=Face.RUNNING, mode=Mode.LIVE, state="Running", at=NOW, now=NOW, ends=ends,
        end_confidence=confidence, end_reason=doubt,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("low_s", "high_s", "text"),
    [
        (22 * 60, 28 * 60, "in 22 - 28 min"),
        (44, 52, "in 44 - 52 s"),
        (59.6, 60.4, "in 60 s"),
        (125, 130, "in 2 min"),
        (7200, 9000, "in 2.0 - 2.5 h"),
        (-5, 90, "within 90 s"),
        (-90, 180, "within 3 min"),
        (-90, -5, "any moment now"),
        (200_000, 2_000_000, "in 2.3 - 23.1 days"),
    ],
)
def test_the_wait_is_told_in_a_unit_that_fits(low_s: float, high_s: float, text: str) -> None:
    assert wait(model(low_s, high_s)) == text


def test_a_likely_end_stands_in_its_column_and_a_rough_one_has_its_reason() -> None:
    likely = end_rows(model(3000, 3400), 67, 1, Options())
    assert likely == ["15:03 - 15:10               in 50 - 57 min, likely"]
    rough = model(3000, 3400, "rough", EARLIER)
    (short,) = end_rows(rough, 67, 1, Options())
    assert short == "15:03 - 15:10  in 50 - 57 min, rough: durations are those of the e…"
    long = end_rows(rough, 67, 2, Options())
    assert " ".join(long) == f"15:03 - 15:10  in 50 - 57 min, {trust(rough)}"
    assert all(len(row) <= 67 for row in long)
    assert end_rows(rough, 120, 1, Options())[0].endswith(f"rough: {EARLIER}")


def test_one_moment_is_told_once_and_another_day_by_its_name() -> None:
    assert end_rows(model(41, 44), 67, 1, Options())[0].startswith("14:14   ")
    assert end_rows(model(80_000, 100_000), 67, 1, Options())[0].startswith("12:26 - Tue 18:00 ")
    assert end_rows(model(1_000_000, 1_000_001), 67, 1, Options())[0].startswith("2026-10-03 04:00   ")


def test_an_unknown_end_says_why() -> None:
    nobody = Model(job="j", face=Face.RUNNING, mode=Mode.LIVE, state="Running", at=NOW, now=NOW)
    assert unknown(nobody) == "unknown"
    few = Model(
        job="j", face=Face.RUNNING, mode=Mode.LIVE, state="Running", at=NOW, now=NOW,
        end_confidence="unknown", end_reason="3 of the first 8 mini-batches have finished",
    )  # fmt: skip
    assert end_rows(few, 67, 1, Options()) == ["unknown: 3 of the first 8 mini-batches have finished"]
    reading = Model(job="j", face=Face.RUNNING, mode=Mode.READING, state="Running", at=NOW, now=NOW)
    assert unknown(reading) == "unknown: the journal is still being read"


def test_a_hanging_mini_batch_has_one_latest_end_wherever_it_is_told() -> None:
    world = running(World(5, nodes=1, workers=2, mini_batches=12, checked=False), 0)
    while world.run.over < 11:
        world.step()
    [began] = [worker.since for worker in world.run.workers.values() if worker.state is WorkerState.BUSY]
    expected = began + world.limits.tries * int(world.limits.attempt_s * 1e6)
    moment = clock(expected, Options())
    source = MemorySource(journals_of(world.history))
    for seconds in (15, 25, 60, 80):
        now = began + seconds * 1_000_000
        reader = JobReader(source, lambda now=now: now)
        while reader.poll()[1]:
            pass
        model = reader.model()
        for width, height in ((80, 20), (120, 31)):
            shown = "\n".join(map(text_of, overview(model, width, height, Options()).lines))
            assert f"{moment} at the latest" in shown, seconds
        assert f"{moment} at the latest" in progress_line(model, Options())
        assert text_of(strip(model, 80, 24, Options())[-1]).rstrip().endswith(moment[:5])
        assert moment in EndText().text(world.run, now)
        ends = end_of(world.run, now)
        assert ends.latest_us == expected
