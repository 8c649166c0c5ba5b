"""A listing that stands still while everything listed is over is said, and ended by the limit on progress."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bscore.core import events as e
from bscore.core import instructions as i
from bscore.core.limits import Limits
from bscore.core.next_limit import next_limits
from bscore.core.policy import plan
from bscore.core.standing import standing_still
from histories import World

SHORT = Limits(
    run_invocation_timeout_s=2, task_overhead_timeout_s=1, tries=1, first_task_creation_timeout_s=4
)
DEFAULT = Limits()


def scored(limits: Limits, mini_batches: int = 2) -> World:
    """A run that has done all that was listed so far, one worker being idle."""
    world = World(1, nodes=1, workers=1, limits=limits)
    world.begin_term()
    world.happen(e.WorkerStarting(world.now, "10.0.0.0/process000", 1))
    world.happen(e.WorkerReady(world.now, "10.0.0.0/process000", 1, "3"))
    world.happen(e.MiniBatchesCreated(world.now, mini_batches, 3 * mini_batches))
    while world.run.over < mini_batches:
        world.carry_out()
        world.now += 1_000_000
        world.finish("10.0.0.0/process000", succeeded=3)
    return world


def after(world: World, seconds: float) -> list[i.Instruction]:
    """The plan so many seconds after the last thing that happened."""
    world.now = max(world.run.last_progress, world.run.listed_at) + int(seconds * 1e6)
    world.vitals.heard = dict.fromkeys(world.vitals.heard, world.now)
    return plan(world.run, world.vitals, world.limits, world.now)


def test_after_half_a_minute_it_is_found_once_with_its_time_and_what_to_look_at() -> None:
    world = scored(DEFAULT)
    assert after(world, 30) == []
    (found,) = after(world, 31)
    assert isinstance(found, i.Find)
    assert "nothing since 14:13:22 UTC, after 6 items (2 mini-batches, all of them over)" in found.text
    assert "network file system" in found.text
    world.happen(e.FindingMade(world.now, found.code, found.text))
    assert after(world, 60) == []


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [(DEFAULT, 270), (SHORT, 60), (replace(SHORT, progress_update_timeout_s=9), 9)],
    ids=["computed", "computed but short", "given"],
)
def test_the_limit_on_progress_ends_it_and_names_the_listing(limits: Limits, seconds: int) -> None:
    world = scored(limits)
    assert not any(isinstance(one, i.End) for one in after(world, seconds))
    (limit,) = next_limits(world.run, world.now)
    assert (limit.seconds, limit.limit_s) == (0, seconds)
    (end,) = after(world, seconds + 0.5)
    assert isinstance(end, i.End)
    assert end.outcome is e.Outcome.FAILED
    assert end.reason.startswith(f"No progress update in {seconds} seconds. The listing of the inputs stands")


def test_a_slow_listing_that_shows_progress_is_never_ended() -> None:
    world = scored(SHORT)
    for _ in range(20):
        assert after(world, 25) == []
        world.happen(e.MiniBatchesCreated(world.now, world.run.mini_batches, world.run.items))
        assert standing_still(world.run, world.now) is None


def test_a_resumed_listing_counts_from_the_start_of_the_term() -> None:
    world = scored(SHORT)
    world.commit()
    world.now += 900_000_000
    world.begin_term()
    assert not any(isinstance(one, i.End) for one in plan(world.run, world.vitals, SHORT, world.now))
    world.now += 61_000_000
    world.vitals.heard = dict.fromkeys(world.vitals.heard, world.now)
    (end,) = plan(world.run, world.vitals, SHORT, world.now)
    assert isinstance(end, i.End)


def test_a_time_in_which_the_master_stood_still_does_not_count() -> None:
    world = scored(SHORT)
    world.vitals.frozen_us = 40_000_000
    assert after(world, 65) == []


def test_a_listing_that_is_waited_for_stands_still_after_half_a_minute() -> None:
    world = scored(DEFAULT)
    since = world.run.last_progress
    assert standing_still(world.run, since + 30_000_000) is None
    assert standing_still(world.run, since + 31_000_000) == pytest.approx(31.0)
    world.happen(e.ListingFinished(since, 3, 9))
    assert standing_still(world.run, since + 29_000_000) is None
