"""The next limit that will act is named before it does."""

from __future__ import annotations

from bscore.core.events import FailureKind
from bscore.core.limits import Limits
from bscore.core.next_limit import near_thresholds, next_limit, next_limits
from bscore.core.policy import plan
from bscore.core.state import WorkerState
from histories import World


def busy(**limits: object) -> World:
    """One worker that runs something, no more to list."""
    world = World(3, nodes=1, workers=1, limits=Limits(**limits))  # type: ignore[arg-type]  # keywords of Limits
    world.begin_term()
    while not (world.run.listing_finished and world.run.in_flight):
        world.step()
    return world


def test_a_running_attempt_names_its_time_out_and_what_follows() -> None:
    world = busy()
    (worker,) = world.run.workers.values()
    first = next_limits(world.run, worker.since + 30_000_000)[0]
    assert first.seconds == 60
    assert f"mini-batch {worker.queue[0]} on {worker.id} is ended at 90 s (attempt 1 of 3" in first.text
    assert first.short == "time-out kills 10.0.0.0 process000 (try 1 of 3)"
    assert (first.limit_s, first.used_s) == (90, 30)
    overdue = next_limits(world.run, worker.since + 900_000_000)[0]
    assert (overdue.seconds, overdue.used_s) == (0, 90)
    for _ in range(2):
        world.fail(worker.id, FailureKind.EXCEPTION)
        world.carry_out()
        while worker.queue[0] not in world.run.charges:
            world.finish(worker.id)
            world.carry_out()
    assert "attempt 3 of 3, then it is abandoned" in (next_limit(world.run, world.now) or "")


def test_the_limit_on_progress_is_named_when_it_comes_first_and_then_acts() -> None:
    world = busy(progress_update_timeout_s=20.0)
    last = max(world.run.first_assigned, world.run.last_progress)
    first = next_limits(world.run, last + 5_000_000)[0]
    assert (first.seconds, "nothing finishes for 20 s" in first.text) == (15, True)
    late = last + 20_100_000
    assert next_limits(world.run, late)[0].seconds == 0
    world.vitals.heard = dict.fromkeys(world.vitals.heard, late)
    assert "No progress update" in plan(world.run, world.vitals, world.limits, late)[0].reason  # type: ignore[union-attr]  # an End


def test_workers_that_are_all_starting_name_the_limit_of_init() -> None:
    world = World(3, nodes=1, workers=2)
    world.begin_term()
    while not world.run.workers:
        world.carry_out()
    assert all(worker.state is WorkerState.STARTING for worker in world.run.workers.values())
    limits = {limit.short: limit.text for limit in next_limits(world.run, world.now)}
    assert "init() is not done by 210 s" in limits["job fails: init() not done in 210 s"]


def test_a_listing_that_brings_nothing_names_its_limit() -> None:
    world = World(3, nodes=1, workers=1, limits=Limits(first_task_creation_timeout_s=1_200.0))
    world.begin_term()
    (limit,) = next_limits(world.run, world.now + 200_000_000)
    assert (limit.seconds, limit.used_s) == (1_000, 200)
    assert limit.short == "job fails: first_task_creation_timeout 1,200 s"


def test_a_threshold_is_named_from_its_half_on() -> None:
    world = busy(error_threshold=6, tries=1)
    (worker,) = world.run.workers.values()
    assert not near_thresholds(world.run)
    world.fail(worker.id, FailureKind.EXCEPTION)
    world.carry_out()
    assert near_thresholds(world.run) == ["3 of 6 failed items that error_threshold allows"]
    assert "error_threshold" in (next_limit(world.run, world.now) or "")


def test_an_ended_run_has_no_limits_left() -> None:
    assert next_limit(World(9).play(), 2**60) is None
