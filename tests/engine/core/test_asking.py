"""Requests to a run: answered in words, refused with the reason, and everything still adds up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore.core import events as e
from bscore.core.asking import MAX_ABANDONED, find_worker, ids_of, ids_text, reply
from bscore.core.check import check
from bscore.core.events import Outcome
from bscore.core.instructions import Kill, TakeBack
from bscore.core.limits import Limits
from bscore.core.reduce import fold
from bscore.core.state import MAX_REASONS, OTHER_REASONS, REASON_CHARS, WorkerState
from histories import World, troubled


def running(**changes: object) -> World:
    """A run of one worker that runs its first mini-batch and holds another."""
    world = World(3, nodes=1, workers=1, **changes)  # type: ignore[arg-type]  # keywords of World
    world.begin_term()
    while len(world.run.in_flight) < 2:
        world.step()
    return world


WORKER = "10.0.0.0/process000"


@given(st.integers(0, 2**32), st.integers(0, 80))
def test_abandoning_the_rest_at_any_moment_ends_the_run_with_what_is_done(seed: int, steps: int) -> None:
    world = troubled(seed)
    world.begin_term()
    for _ in range(steps):
        if world.ended is None:
            world.step()
    if world.ended is not None:
        return
    world.ask("abandon", "remaining")
    world.chances = {}
    while world.ended is None:
        world.step()
    assert world.run.over == world.run.mini_batches == 40
    assert world.run.done_items + world.run.abandoned_items == world.run.items
    succeeded = world.run.succeeded_items
    assert world.ended.outcome is (Outcome.COMPLETED if succeeded else Outcome.FAILED)
    assert fold(world.history) == world.run


def test_a_million_remaining_mini_batches_are_one_record() -> None:
    world = World(1, nodes=1, workers=1, mini_batches=1_000_000, checked=False)
    world.begin_term()
    world.happen(e.ListingFinished(world.now, 1_000_000, 3_000_000))
    world.carry_out()
    before = len(world.history)
    world.ask("abandon", "remaining")
    assert [type(x) for x in world.history[before:]] == [e.RequestTaken, e.RemainingAbandoned]
    assert len(world.run.abandoned) == 1_000_000
    assert world.run.abandoned_items == 3_000_000
    assert world.run.abandoned.pairs() == [(0, 1_000_000)]


def test_the_run_knows_for_which_reasons_it_gave_up() -> None:
    world = World(4, chances={"raises": 0.5}, limits=Limits(tries=1))
    world.begin_term()
    while not world.run.abandoned:
        world.step()
    failed = len(world.run.abandoned)
    world.ask("abandon", "38,39")
    world.ask("abandon", "remaining")
    rest = len(world.run.abandoned) - failed
    assert world.run.given_up == {"1 of 1 tries failed": failed, "asked for by ada": rest}
    world.begin_term()
    world.happen(e.AbandonedReturned(world.now, failed + rest, world.run.abandoned_items))
    assert not world.run.given_up


def test_reasons_without_end_are_counted_together() -> None:
    world = World(1, mini_batches=MAX_REASONS + 5)
    world.begin_term()
    world.happen(e.ListingFinished(world.now, MAX_REASONS + 5, 3 * MAX_REASONS + 15))
    for number in range(MAX_REASONS + 5):
        world.happen(e.MiniBatchAbandoned(world.now, number, 3, f"asked for by {number} {'x' * 9000}"))
    assert len(world.run.given_up) == MAX_REASONS + 1
    assert world.run.given_up[OTHER_REASONS] == 5
    assert max(map(len, world.run.given_up)) == REASON_CHARS


def test_thresholds_judge_what_was_abandoned() -> None:
    world = running(limits=Limits(allowed_failed_count=3))
    world.finish(WORKER)
    world.ask("abandon", "remaining")
    world.step()
    assert world.ended is not None
    assert world.ended.outcome is Outcome.FAILED
    assert "allowed_failed_count" in world.ended.reason


def test_a_running_one_is_abandoned_by_ending_its_worker_and_the_others_go_back() -> None:
    world = running()
    first, second = list(world.run.workers[WORKER].queue)[:2]
    answer = world.ask("abandon", str(first))
    assert answer.granted
    assert answer.answer == f"{first} abandoned."
    assert any(isinstance(x, Kill) and x.worker == WORKER for x in answer.instructions)
    worker = world.run.workers[WORKER]
    assert worker.state is WorkerState.STOPPING
    world.happen(e.WorkerGone(world.now, WORKER, None, 9, "killed", init_failed=False))
    assert second in world.run.returned
    assert not world.run.charges


def test_one_that_is_only_held_is_taken_back_and_its_worker_goes_on() -> None:
    world = running()
    first, second = list(world.run.workers[WORKER].queue)[:2]
    answer = world.ask("abandon", str(second))
    assert isinstance(answer.instructions[0], TakeBack)
    assert not any(isinstance(x, Kill) for x in answer.instructions)
    assert world.run.workers[WORKER].state is WorkerState.BUSY
    assert world.run.workers[WORKER].queue[0] == first
    assert second in world.run.abandoned


def test_one_far_ahead_is_stepped_over_and_costs_no_memory() -> None:
    world = World(1, nodes=1, workers=1, mini_batches=900_000, checked=False)
    world.begin_term()
    world.happen(e.ListingFinished(world.now, 900_000, 2_700_000))
    world.ask("abandon", "5,899999")
    assert not world.run.returned
    assert world.run.waiting == 899_998
    while 8 not in world.run.done:
        world.step()
    assert 5 not in world.run.done
    check(world.run)


@pytest.mark.parametrize(
    ("what", "arguments", "words"),
    [
        ("abandon", "999", "999 is not there"),
        ("abandon", "1-999999999999", "at once are too many"),
        ("abandon", "x", "names no mini-batches"),
        ("restart-worker", "process009", "no worker 'process009'"),
        ("stack", "process009", "no worker 'process009'"),
        ("dance", "", "knows no request 'dance'"),
    ],
)
def test_what_cannot_be_carried_out_is_answered_with_the_reason(
    what: str, arguments: str, words: str
) -> None:
    answer = reply(running().run, what, arguments, "ada")
    assert not answer.granted
    assert words in answer.answer
    assert not answer.instructions


def test_one_that_is_over_cannot_be_abandoned_but_the_others_are() -> None:
    world = running()
    done = world.run.workers[WORKER].queue[0]
    world.finish(WORKER)
    last = world.run.mini_batches - 1
    answer = world.ask("abandon", f"{done},{last}")
    assert answer.granted
    assert f"{done} is done already" in answer.answer
    assert not world.ask("abandon", f"{done},{last}").granted


def test_a_refused_cancel_cancels_nothing() -> None:
    world = running()
    world.happen(e.RequestTaken(world.now, "cancel", "", "ada", "lap", "7", "too old", granted=False))
    assert not world.run.canceled_by


def test_a_worker_is_found_by_its_process_alone_where_one_node_has_it() -> None:
    run = running().run
    assert find_worker(run, "process000") == (WORKER, "")
    world = World(3, nodes=2, workers=1)
    world.begin_term()
    while len(world.run.workers) < 2:
        world.step()
    assert "on 2 nodes" in find_worker(world.run, "process000")[1]


@given(st.integers(0, 2**32))
def test_whatever_is_asked_in_a_troubled_run_everything_adds_up(seed: int) -> None:
    world = troubled(seed)
    world.chances["asked"] = 0.05
    run = world.play()
    assert run.outcome in (Outcome.COMPLETED, Outcome.FAILED)
    assert fold(world.history) == run


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20))
def test_ids_survive_their_text(ids: list[int]) -> None:
    assert ids_of(ids_text(list(dict.fromkeys(ids)))) == sorted(set(ids))


def test_a_range_that_ends_before_it_begins_names_nothing() -> None:
    assert ids_of("9-2") is None
    assert ids_of("3,9-2") is None


def test_endless_ids_are_cut() -> None:
    found = ids_of("0-99999999999999999")
    assert found is not None
    assert len(found) == MAX_ABANDONED + 1
