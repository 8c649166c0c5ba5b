"""When inits that fail end a run: over all nodes, older than two minutes (reference 1.13 b)."""

from __future__ import annotations

import pytest

from bscore.core import events as e
from bscore.core.instructions import End
from bscore.core.policy import plan
from histories import World

MINUTE_US = 60_000_000


def failing(nodes: int, failures_each: int) -> World:
    """A run of which every node has failed so many inits, none ever being ready."""
    world = World(1, nodes=nodes, workers=2)
    world.begin_term()
    world.happen(e.MiniBatchesCreated(world.now, 90, 270))
    for _ in range(failures_each):
        world.carry_out()
        for node in world.run.nodes.values():
            (worker, *_) = [w.id for w in world.run.workers.values() if w.node == node.id]
            world.happen(e.WorkerGone(world.now, worker, 1, None, "init() raised", init_failed=True))
    return world


def reason_after(world: World, minutes: int) -> str:
    world.now += minutes * MINUTE_US
    for node in world.vitals.heard:
        world.vitals.heard[node] = world.now
    ends = [x for x in plan(world.run, world.vitals, world.limits, world.now) if isinstance(x, End)]
    return ends[0].reason if ends else ""


@pytest.mark.parametrize("nodes", [1, 3])
def test_twice_as_many_failed_inits_as_workers_end_a_run_after_two_minutes(nodes: int) -> None:
    world = failing(nodes, failures_each=4)
    assert reason_after(world, 2) == ""
    assert reason_after(world, 1) == f"init() failed on every node, {4 * nodes} times in all."


def test_fewer_failures_or_a_node_without_any_let_it_go_on() -> None:
    assert reason_after(failing(2, failures_each=3), 3) == ""
    world = failing(2, failures_each=4)
    ready = next(iter(world.run.workers))
    world.happen(e.WorkerReady(world.now, ready, 1_000, "3.11"))
    assert reason_after(world, 3) == ""


def test_a_time_in_which_the_master_stood_still_does_not_count() -> None:
    world = failing(2, failures_each=4)
    world.vitals.frozen_us = 2 * MINUTE_US
    assert reason_after(world, 3) == ""
