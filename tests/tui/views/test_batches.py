"""The lists of mini-batches: their rows say where and why, and there are as many as the head counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.logtree.source import MemorySource
from bscore_tui.reading.reader import JobReader
from bscore_tui.screens.batches import Batches
from bscore_tui.views.batches import VARIANTS, batches, variants_of
from bscore_tui.views.model import Model
from bscore_tui.views.styles import Options, text_of
from histories import World, troubled
from tui_trees import journals_of, running


def model_of(world: World) -> Model:
    reader = JobReader(MemorySource(journals_of(world.history)), lambda: world.run.last)
    while reader.poll()[1]:
        pass
    return reader.model()


def lines_of(model: Model, variant: str, size: tuple[int, int] = (120, 2000)) -> list[str]:
    options = replace(Options(), variant=variant)
    return [text_of(line).rstrip() for line in batches(model, *size, options).lines]


@pytest.fixture(scope="module")
def live() -> Model:
    return model_of(running(troubled(2, mini_batches=500, checked=False), 400))


@pytest.fixture(scope="module")
def over() -> Model:
    """Failed: some mini-batches are abandoned, some not finished."""
    world = troubled(7, mini_batches=60, checked=False)
    world.chances |= {"raises": 0.4, "master_dies": 0.0}
    world.limits = Limits(tries=2, error_threshold=9)
    world.play()
    assert world.run.outcome is e.Outcome.FAILED
    return model_of(world)


def failing(reason: str = "") -> World:
    """One mini-batch is given up: its only try failed, or for a reason of somebody's."""
    world = World(1, workers=2, checked=False, limits=Limits(tries=1, error_threshold=-1))
    running(world, 30)
    worker = next(worker for worker in world.run.workers.values() if worker.queue)
    if reason:
        world.happen(e.MiniBatchAbandoned(world.now, worker.queue[0], 3, reason))
    else:
        world.fail(worker.id, e.FailureKind.EXCEPTION, message="no price\nat all")
        world.carry_out()
    return world


@pytest.mark.parametrize("width", [80, 120])
def test_an_abandoned_mini_batch_says_where_it_was_tried_last_and_why_it_failed(width: int) -> None:
    world = failing()
    ((number, last),) = world.run.last_tries.items()
    (row,) = (line for line in lines_of(model_of(world), "abandoned", (width, 24)) if "x " in line[:3])
    assert row.split()[1:5] == [str(number), "abandoned", "1/1", "14:13:20"]
    assert last.worker.rpartition("/")[2] in row
    assert "ValueError" in row
    assert row.endswith("score.py:3")
    if width > 80:
        assert row.endswith("ValueError: no price score.py:3")


def test_what_was_given_up_on_request_says_so() -> None:
    world = failing("abandoned by ada")
    (row,) = (line for line in lines_of(model_of(world), "abandoned") if "x " in line[:3])
    assert "process" in row
    assert row.endswith("abandoned by ada")


@pytest.mark.parametrize("kind", ["live", "over"])
def test_lists_hold_what_the_head_counts(kind: str, request: pytest.FixtureRequest) -> None:
    model: Model = request.getfixturevalue(kind)
    assert model.retried > len([row for row in model.retried_batches if row.state != "done"]) > 0
    for variant, number in (("retried", model.retried), ("abandoned", model.abandoned)):
        lines = lines_of(model, variant)
        assert f" {number} {variant}" in lines[0]
        assert sum(line[:3].strip() in ("x", "!") for line in lines[4:]) == number


def test_of_an_ended_job_the_first_list_is_what_went_wrong(over: Model) -> None:
    assert variants_of(over)[0] == VARIANTS[0]
    lines = lines_of(over, VARIANTS[0])
    assert "show: went wrong | not finished |" in lines[1]
    assert not any("waiting" in line or "running" in line for line in lines)
    left = over.waiting + over.running
    assert f" {left} not finished" in lines[0]
    states = [
        line[12:24].strip() for line in lines if line[12:24].strip() in ("abandoned", "done", "not finished")
    ]
    assert states == sorted(states, key=["abandoned", "not finished", "done"].index)
    assert states.count("abandoned") == over.abandoned > 0
    assert states.count("not finished") > 0


def test_done_mini_batches_have_a_list(live: Model, over: Model) -> None:
    for model in (live, over):
        lines = lines_of(model, "done")
        rows = [line for line in lines if line[12:16] == "done"]
        assert rows
        hidden = model.done - len(rows)
        assert not hidden or f"{hidden} more done" in "\n".join(lines)
        assert [row.since for row in model.done_batches] == sorted(
            (row.since for row in model.done_batches), key=lambda at: -(at or 0)
        )


def test_a_completed_job_has_nothing_that_went_wrong() -> None:
    world = World(3, mini_batches=5, checked=False)
    world.play()
    assert "nothing went wrong" in "\n".join(lines_of(model_of(world), ""))


def test_every_list_of_a_moment_can_be_reached(live: Model, over: Model) -> None:
    for model in (live, over):
        page = Batches(type("Desk", (), {"model": model})())
        seen = []
        for _ in variants_of(model):
            seen.append(page.variant)
            page.do_view()
        assert tuple(seen) == variants_of(model)
        assert page.variant == VARIANTS[0]
