"""The plan: what is done next, and why a run ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore.core import events as e
from bscore.core import instructions as i
from bscore.core.events import Outcome
from bscore.core.limits import Limits
from bscore.core.policy import MAX_REST_US, MAX_UNWRITTEN_BYTES, MIN_REST_US, is_end, plan, rest_us
from bscore.core.ranges import from_pairs
from bscore.core.snapshot import encode_run
from bscore.core.state import MAX_IN_FLIGHT
from histories import World, troubled

NODE = "10.0.0.0"


def ready_world(**changes: object) -> World:
    """A world whose workers are all ready and whose listing is finished, nothing given yet."""
    world = World(1, **changes)  # type: ignore[arg-type]  # keywords of World
    world.begin_term()
    for node in range(world.nodes):
        for number in range(world.workers):
            name = f"10.0.0.{node}/process{number:03d}"
            world.happen(e.WorkerStarting(world.now, name, 1))
            world.happen(e.WorkerReady(world.now, name, 1, "3.11"))
    world.happen(e.ListingFinished(world.now, world.mini_batches, world.mini_batches * world.items_each))
    return world


def gives(world: World) -> dict[str, list[int]]:
    found = plan(world.run, world.vitals, world.limits, world.now)
    return {x.worker: list(from_pairs(x.pairs)) for x in found if isinstance(x, i.Give)}


@given(st.integers(0, 2**32))
def test_planning_changes_nothing_and_answers_the_same_twice(seed: int) -> None:
    world = troubled(seed)
    world.begin_term()
    for _ in range(seed % 60):
        world.step()
    before = encode_run(world.run)
    first = plan(world.run, world.vitals, world.limits, world.now)
    assert plan(world.run, world.vitals, world.limits, world.now) == first
    assert encode_run(world.run) == before


@pytest.mark.parametrize("given_up", [(), (3,), (8,), (3, 4, 5, 6, 7, 8)])
def test_while_inputs_are_compared_nothing_goes_out_beyond_what_was_found(given_up: tuple[int, ...]) -> None:
    world = ready_world(nodes=1, workers=2, mini_batches=12)
    for number in given_up:
        world.happen(e.MiniBatchAbandoned(world.now, number, 3, "asked for"))
    for worker in world.run.workers.values():
        worker.depth = 12
    world.vitals.found = 0
    assert gives(world) == {}
    world.vitals.found = 5
    assert sorted(chain.from_iterable(gives(world).values())) == [n for n in range(5) if n not in given_up]


def test_few_mini_batches_are_spread_over_all_workers() -> None:
    world = ready_world(nodes=2, workers=2, mini_batches=4)
    assert sorted(map(len, gives(world).values())) == [1, 1, 1, 1]


def test_a_fast_worker_gets_enough_for_a_tenth_of_a_second_and_no_more_than_the_limit() -> None:
    world = ready_world(nodes=1, workers=1, mini_batches=500)
    name = f"{NODE}/process000"
    assert len(gives(world)[name]) == 2
    for _ in range(6):
        world.carry_out()
        world.finish(name, run_ns=10)
    assert world.run.workers[name].depth == MAX_IN_FLIGHT
    for _ in range(30):
        world.carry_out()
        world.finish(name, run_ns=30_000_000)
    assert world.run.workers[name].depth == 4


def test_the_master_rests_while_everybody_has_enough_to_do() -> None:
    world = ready_world(nodes=1, workers=2, mini_batches=500)
    names = list(world.run.workers)
    world.carry_out()
    assert rest_us(world.run) == 0, "nothing is known of the durations"
    for name in names * 8:
        world.finish(name, run_ns=5_000_000)
        world.carry_out()
    assert rest_us(world.run) == MAX_REST_US
    world.finish(names[1], run_ns=100_000)
    world.carry_out()
    assert MIN_REST_US < rest_us(world.run) < 1500, "the next may be as short as the shortest"
    while world.run.workers[names[0]].queue:
        world.finish(names[0], run_ns=5_000_000)
    assert rest_us(world.run) == 0, "somebody is idle"


@given(st.lists(st.integers(1_000, 80_000_000), min_size=5, max_size=40))
def test_nobody_gets_through_with_his_work_while_the_master_rests(durations_ns: list[int]) -> None:
    world = ready_world(nodes=1, workers=1, mini_batches=2000)
    name = f"{NODE}/process000"
    for run_ns in durations_ns:
        world.carry_out()
        world.finish(name, run_ns=run_ns)
    world.carry_out()
    worker = world.run.workers[name]
    assert rest_us(world.run) * 1000 < len(worker.queue) * min(durations_ns[-5:])


def test_a_retry_comes_first_and_goes_to_another_node_where_one_is_free() -> None:
    world = ready_world(nodes=2, workers=1, mini_batches=50)
    world.carry_out()
    failed = world.run.workers[f"{NODE}/process000"].queue[0]
    world.finish("10.0.0.1/process000")
    world.fail(f"{NODE}/process000", e.FailureKind.EXCEPTION)
    assert gives(world)["10.0.0.1/process000"][0] == failed


def test_the_tries_are_counted_and_then_the_mini_batch_is_given_up() -> None:
    world = ready_world(nodes=1, workers=1, mini_batches=1)
    world.limits = Limits(tries=2)
    for _ in range(2):
        world.carry_out()
        world.fail(f"{NODE}/process000", e.FailureKind.EXCEPTION)
    first = plan(world.run, world.vitals, world.limits, world.now)[0]
    assert first == i.Abandon(0, 3, "2 of 2 tries failed")


def test_what_stands_behind_a_long_mini_batch_is_taken_back_for_an_idle_worker() -> None:
    world = ready_world(nodes=1, workers=2, mini_batches=4)
    world.carry_out()
    first, second = world.run.workers.values()
    hung, behind = list(first.queue)
    while second.queue:
        world.finish(second.id)
    world.now += 40_000
    assert plan(world.run, world.vitals, world.limits, world.now) == []
    world.now += 20_000
    asked = plan(world.run, world.vitals, world.limits, world.now)
    assert asked == [i.TakeBack(first.id, ((behind, 1),))]
    world.happen(e.WithdrawalAsked(world.now, first.id, ((behind, 1),)))
    assert plan(world.run, world.vitals, world.limits, world.now) == []
    world.happen(e.Withdrawn(world.now, first.id, ((behind, 1),)))
    assert gives(world) == {second.id: [behind]}
    assert world.run.workers[first.id].queue[0] == hung


def test_nothing_is_given_while_too_many_rows_are_unwritten() -> None:
    world = ready_world()
    world.vitals.unwritten_bytes = MAX_UNWRITTEN_BYTES + 1
    assert gives(world) == {}


def test_no_more_workers_are_started_than_there_is_work() -> None:
    world = World(1, nodes=2, workers=4, mini_batches=3)
    world.begin_term()
    world.happen(e.ListingFinished(world.now, 3, 9))
    starts = [x for x in plan(world.run, world.vitals, world.limits, world.now) if isinstance(x, i.Start)]
    assert [s.worker for s in starts] == [f"{NODE}/process{n:03d}" for n in range(3)]


def test_a_dead_worker_is_replaced_under_the_next_number() -> None:
    world = ready_world(nodes=1, workers=2)
    world.happen(e.WorkerGone(world.now, f"{NODE}/process001", None, 9, "killed", init_failed=False))
    starts = [x for x in plan(world.run, world.vitals, world.limits, world.now) if isinstance(x, i.Start)]
    assert starts == [i.Start(f"{NODE}/process002")]


def test_a_retry_leaves_the_worker_that_failed_where_another_one_is_idle() -> None:
    world = ready_world(nodes=1, workers=2, mini_batches=2)
    world.carry_out()
    failed = world.run.workers[f"{NODE}/process000"].queue[0]
    world.finish(f"{NODE}/process001")
    world.fail(f"{NODE}/process000", e.FailureKind.EXCEPTION)
    assert gives(world) == {f"{NODE}/process001": [failed]}


def test_a_run_that_lost_every_node_has_failed() -> None:
    world = ready_world(nodes=2)
    for node in (NODE, "10.0.0.1"):
        assert end_of(world) is None
        world.happen(e.NodeLost(world.now, node, "its agent ended"))
    end = end_of(world)
    assert end is not None
    assert end.outcome is Outcome.FAILED
    assert "its agent ended" in end.reason


def test_a_silent_node_is_lost_after_the_limit() -> None:
    world = ready_world(nodes=2)
    world.now += 11_000_000
    world.vitals.heard[NODE] = world.now
    lost = [x for x in plan(world.run, world.vitals, world.limits, world.now) if isinstance(x, i.LoseNode)]
    assert [x.node for x in lost] == ["10.0.0.1"]


def end_of(world: World) -> i.End | None:
    found = plan(world.run, world.vitals, world.limits, world.now)
    return found[0] if found and isinstance(found[0], i.End) else None


@pytest.mark.parametrize(
    ("limits", "succeeded", "words"),
    [
        (Limits(error_threshold=0), 2, "exceeds error_threshold, 0"),
        (Limits(error_threshold=1), 2, None),
        (Limits(allowed_failed_count=0), 2, "exceeds allowed_failed_count, 0"),
        (Limits(allowed_failed_percent=1), 2, "exceeds allowed_failed_percent, 1"),
        (Limits(allowed_failed_percent=3), 2, None),
        (Limits(), 0, None),
    ],
)
def test_thresholds_are_judged_at_once(limits: Limits, succeeded: int, words: str | None) -> None:
    world = ready_world(nodes=1, workers=1)
    world.limits = limits
    world.carry_out()
    world.finish(f"{NODE}/process000", succeeded=succeeded)
    end = end_of(world)
    if words is None:
        assert end is None
    else:
        assert end is not None
        assert end.outcome is Outcome.FAILED
        assert words in end.reason


def test_percentages_wait_until_the_number_of_mini_batches_is_final() -> None:
    world = World(1, nodes=1, workers=1)
    world.limits = Limits(allowed_failed_percent=1)
    world.begin_term()
    world.happen(e.WorkerStarting(world.now, f"{NODE}/process000", 1))
    world.happen(e.WorkerReady(world.now, f"{NODE}/process000", 1, "3"))
    world.happen(e.MiniBatchesCreated(world.now, 3, 9))
    world.carry_out()
    world.finish(f"{NODE}/process000", succeeded=0)
    assert end_of(world) is None
    world.happen(e.ListingFinished(world.now, 40, 120))
    assert end_of(world) is not None


def test_a_run_without_one_succeeded_item_has_failed_in_the_originals_words() -> None:
    world = ready_world(nodes=1, workers=1, mini_batches=1)
    world.carry_out()
    world.finish(f"{NODE}/process000", succeeded=0)
    end = end_of(world)
    assert end is not None
    assert end.reason.startswith("No succeeded mini batch item returned from run().")
    world.limits = replace(world.limits, needs_results=False)
    assert end_of(world) == i.End(Outcome.COMPLETED, "")


def test_no_progress_counts_from_the_first_run_and_not_while_the_master_was_frozen() -> None:
    world = ready_world(nodes=1, workers=1)
    world.carry_out()
    world.now += 271_000_000
    world.vitals.heard[NODE] = world.now
    world.vitals.frozen_us = 200_000_000
    assert end_of(world) is None
    world.vitals.frozen_us = 0
    end = end_of(world)
    assert end is not None
    assert end.reason == "No progress update in 270 seconds."


def test_the_last_try_of_the_last_mini_batch_gets_its_time_unless_the_user_set_the_limit() -> None:
    world = ready_world(nodes=1, workers=1, mini_batches=1)
    world.limits = Limits(run_invocation_timeout_s=2, task_overhead_timeout_s=1, tries=2)
    world.carry_out()
    world.now += 4_000_000
    world.fail(f"{NODE}/process000", e.FailureKind.TIMEOUT)
    world.carry_out()
    world.now += 2_900_000
    world.vitals.heard[NODE] = world.now
    assert end_of(world) is None
    world.limits = replace(world.limits, progress_update_timeout_s=5)
    assert end_of(world) is not None


def test_no_first_mini_batch_ends_the_run() -> None:
    world = World(1)
    world.begin_term()
    world.now += 601_000_000
    for node in world.vitals.heard:
        world.vitals.heard[node] = world.now
    end = end_of(world)
    assert end is not None
    assert end.reason == "Unable to create any task within 600 seconds."


def test_a_node_stops_starting_workers_after_three_failed_inits_each() -> None:
    world = World(1, nodes=1, workers=2)
    world.begin_term()
    world.happen(e.MiniBatchesCreated(world.now, 9, 27))
    deaths = 0
    while end_of(world) is None:
        world.carry_out()
        for name in list(world.run.workers):
            world.happen(e.WorkerGone(world.now, name, 1, None, "init() raised", init_failed=True))
            deaths += 1
    assert deaths == 6
    end = end_of(world)
    assert end is not None
    assert "6 of them ended in a row" in end.reason


def test_workers_that_die_before_their_first_answer_end_the_run_though_they_were_ready() -> None:
    world = World(1, nodes=1, workers=2)
    world.begin_term()
    world.happen(e.MiniBatchesCreated(world.now, 9, 27))
    deaths = 0
    while end_of(world) is None:
        world.carry_out()
        for name in list(world.run.workers):
            world.happen(e.WorkerReady(world.now, name, 1, "3.11"))
        world.carry_out()
        for name in list(world.run.workers):
            world.happen(e.WorkerGone(world.now, name, 1, None, "it left", init_failed=False))
            deaths += 1
    assert deaths == 6


@pytest.mark.parametrize(
    ("exit_code", "ordered", "deaths"),
    [(0, False, 1), (0, True, 0), (0, None, 0), (3, False, 1), (3, None, 1), (None, False, 0)],
)
@pytest.mark.parametrize("stopping", [False, True])
def test_whoever_ends_without_an_order_died_whatever_its_exit_code(
    exit_code: int | None, ordered: bool | None, deaths: int, stopping: bool
) -> None:
    world = ready_world(nodes=1, workers=1)
    name = f"{NODE}/process000"
    if stopping:
        world.happen(e.WorkerStopping(world.now, name, "asked"))
    world.happen(e.WorkerGone(world.now, name, exit_code, None, "it left", False, ordered))
    # Journals that do not know what was ordered take every end of a stopping worker for one.
    deaths = 0 if stopping and ordered is None else deaths
    assert (world.run.deaths, world.run.nodes[NODE].init_failures) == (deaths, deaths)


def test_stuck_inits_end_the_run() -> None:
    world = World(1, nodes=1, workers=2)
    world.begin_term()
    world.happen(e.MiniBatchesCreated(world.now, 9, 27))
    world.carry_out()
    world.now += 211_000_000
    world.vitals.heard[NODE] = world.now
    for number, place in enumerate(["score.py:3 in load", ""]):
        stacks = e.StacksTaken(world.now, f"{NODE}/process00{number}", -1, place, "x@0" if place else "")
        world.happen(stacks)
    *blames, end = plan(world.run, world.vitals, world.limits, world.now)
    assert is_end([*blames, end]) == end
    assert isinstance(end, i.End)
    assert end.reason == (
        "No progress: every worker has been in init() for more than 210 seconds, at score.py:3 in load."
    )
    text = "init() did not end within 210 seconds (3 x run_invocation_timeout + 30)"
    assert blames == [
        i.BlameInit(f"{NODE}/process000", text, "score.py:3 in load", "x@0"),
        i.BlameInit(f"{NODE}/process001", text, "", ""),
    ]


def test_stacks_of_an_init_are_forgotten_when_it_is_ready() -> None:
    world = World(1, nodes=1, workers=1)
    world.begin_term()
    world.carry_out()
    world.happen(e.StacksTaken(world.now, f"{NODE}/process000", -1, "score.py:3 in load", "x@0"))
    assert world.run.stacks
    world.happen(e.WorkerReady(world.now, f"{NODE}/process000", 1, "3"))
    assert not world.run.stacks


def test_a_cancel_request_ends_the_run_and_names_who() -> None:
    world = ready_world()
    world.happen(e.RequestTaken(world.now, "cancel", "", "ada", "laptop"))
    assert end_of(world) == i.End(Outcome.CANCELED, "Canceled by ada on laptop.")


def test_an_empty_listing_completes() -> None:
    world = World(1, nodes=1)
    world.begin_term()
    world.happen(e.ListingFinished(world.now, 0, 0))
    assert end_of(world) == i.End(Outcome.COMPLETED, "")
