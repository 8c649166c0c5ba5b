"""Rules for the rows of every screen: one row is selected, signs keep their colours, bars tell the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore_tui.views import batches, errors, mini_batch, nodes, overview, timeline
from bscore_tui.views.layout import bar
from bscore_tui.views.model import Model, Note
from bscore_tui.views.overview_parts import progress
from bscore_tui.views.pages import AttemptRow, BatchStory
from bscore_tui.views.styles import UNICODE, Body, Options, opened, text_of
from tui_models import CASES, model_of

VIEWS: dict[str, Callable[[Model, int, int, Options], Body]] = {
    "overview": overview.overview,
    "batches": batches.batches,
    "nodes": nodes.nodes,
    "errors": errors.errors,
    "timeline": timeline.timeline,
}
#: A sign and the colours that may stand with it.
COLOURS = {"x": {"error", "bar_lost", "gone"}, "!": {"warn"}}


@pytest.fixture(scope="module", params=CASES)
def model(request: pytest.FixtureRequest) -> Model:
    """A face of a job; its newest notes are of one moment and lead to one place."""
    make, seconds = CASES[request.param]
    found = model_of(make(), seconds)
    same = tuple(replace(note, at=found.at, target="worker:10.0.0.1/process000") for note in found.notes[:4])
    return replace(found, notes=(*same, *found.notes[4:]))


def bodies(model: Model, options: Options) -> Iterator[tuple[str, Callable[[str], Body]]]:
    for name, view in VIEWS.items():
        for width, height in ((80, 20), (120, 31), (200, 44)):

            def draw(
                selected: str,
                view: Callable[[Model, int, int, Options], Body] = view,
                width: int = width,
                height: int = height,
            ) -> Body:
                return view(model, width, height, replace(options, selected=selected))

            yield f"{name} {width}x{height}", draw


def marked(body: Body) -> list[int]:
    return [
        row
        for row, line in enumerate(body.lines)
        if row in body.targets and any(style == "selected" for _, style in line)
    ]


def test_one_row_is_selected_even_where_several_open_the_same(model: Model) -> None:
    for name, draw in bodies(model, Options()):
        targets = list(draw("").targets.values())
        assert len(set(targets)) == len(targets), name
        for target in targets[:12]:
            body = draw(target)
            rows = [row for row, known in body.targets.items() if known == target]
            assert len(rows) == 1, (name, target)
            assert len(marked(body)) <= 1, (name, target)
            assert "\x1f" not in opened(target)


def test_the_newest_notes_are_marked_alone(model: Model) -> None:
    body = timeline.timeline(model, 80, 30, Options())
    for target in list(body.targets.values())[:5]:
        drawn = timeline.timeline(model, 80, 30, Options(selected=target))
        assert len(marked(drawn)) == 1


def test_signs_stand_with_their_own_colours(model: Model) -> None:
    for name, draw in bodies(model, Options()):
        for line in draw("").lines:
            for text, style in line:
                for sign, colours in COLOURS.items():
                    if text.strip() == sign or text.lstrip().startswith(f"{sign} "):
                        assert style in colours, (name, text_of(line))


def test_a_failed_try_may_come_right_and_only_the_last_of_an_abandoned_one_is_lost() -> None:
    def attempt(number: int) -> AttemptRow:
        return AttemptRow(
            attempt=number, worker="n/process000", at=9, start=1, run_ns=5, cpu_ns=5, outcome="KeyError",
            place="", trace="", failed=True, items=1, log_path="j", log_offset=number,
        )  # fmt: skip

    story = BatchStory(7, attempts=(attempt(1), attempt(2), attempt(3)), abandoned=True)
    live = model_of(*_running())
    lines = mini_batch.mini_batch(live, story, 80, 20, Options()).lines[3:6]
    assert [text_of(line)[1] for line in lines] == ["!", "!", "x"]
    assert [line[1][1] for line in lines] == ["warn", "warn", "error"]


def _running() -> tuple[object, float]:
    make, seconds = CASES["running"]
    return make(), seconds


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(3, 120))
def test_a_bar_is_full_only_when_everything_is_done(done: int, lost: int, left: int, cells: int) -> None:
    total = done + lost + left
    if not total:
        return
    drawn = "".join(text for text, _ in bar((done, lost, total), cells, UNICODE))
    assert len(drawn) == cells
    assert (drawn == UNICODE.full * cells) == (done == total)
    assert ("x" in drawn) == bool(lost)
    assert (UNICODE.empty in drawn) == bool(left)


def test_a_failed_job_never_shows_a_hundred_percent(model: Model) -> None:
    failed = replace(model, state="Failed", listed=True, mini_batches=5000, done=4999, abandoned=1)
    shown = text_of(progress(failed, 80, Options()))
    assert "99.9 %" in shown
    assert "x" in shown
    assert "100.0 %" in text_of(progress(replace(failed, done=5000, abandoned=0), 80, Options()))


def test_notes_of_one_moment_are_told_apart() -> None:
    notes = tuple(Note(5, "", f"n{number}", "mb:1", "j", number) for number in range(3))
    make, seconds = CASES["running"]
    shown = replace(model_of(make(), seconds), notes=notes)
    targets = timeline.timeline(shown, 80, 30, Options()).targets.values()
    assert {opened(target) for target in targets} == {"at:5"}
    assert len(set(targets)) == 3
