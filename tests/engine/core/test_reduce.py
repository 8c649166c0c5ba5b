"""Folding: one way to change a run, and it always adds up."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore.core import events as e
from bscore.core import snapshot
from bscore.core.attempts import attempt_of
from bscore.core.check import check
from bscore.core.events import Outcome
from bscore.core.groups import MAX_ERROR_GROUPS
from bscore.core.last_tries import charge_attempt, keep_abandoned, keep_tried_again
from bscore.core.limits import Limits
from bscore.core.ranges import from_pairs
from bscore.core.reduce import ImpossibleEventError, fold, reduce
from bscore.core.snapshot import decode_run, decode_snapshot, encode_run, encode_snapshot
from bscore.core.state import MAX_GONE, MAX_KEPT_TRIES, WHY_CHARS, Charge, Phase, Run, WorkerState
from histories import START_US, TROUBLE, World, troubled


@given(st.integers(0, 2**32))
def test_every_history_keeps_the_indexes_right_and_ends(seed: int) -> None:
    run = troubled(seed).play()
    assert run.outcome in (Outcome.COMPLETED, Outcome.FAILED)
    if run.outcome is Outcome.COMPLETED:
        assert run.over == run.mini_batches == 40


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_folding_from_any_snapshot_equals_folding_from_the_start(seed: int, where: float) -> None:
    history = troubled(seed).play() and troubled(seed)
    history.play()
    cut = int(where * len(history.history))
    early = fold(history.history[:cut])
    line = encode_snapshot(early.term, 123, 45, early)
    decoded = decode_snapshot(line)
    assert decoded is not None
    term, offset, crc, run = decoded
    assert (term, offset, crc) == (early.term, 123, 45)
    assert run == early
    assert fold(history.history[cut:], run) == history.run


@given(st.integers(0, 2**32))
def test_a_run_survives_encoding_with_its_bounds(seed: int) -> None:
    run = troubled(seed).play()
    again = decode_run(encode_run(run))
    assert again == run
    assert again.gone.maxlen == MAX_GONE
    assert again.recent_ns.maxlen == run.recent_ns.maxlen
    check(again)


@given(st.integers(0, 2**32))
def test_tried_again_are_the_mini_batches_given_out_once_more_after_a_failure(seed: int) -> None:
    chances = {**TROUBLE, "raises": 0.4, "asked": 0.1, "master_dies": 0.0}
    world = World(seed, chances=chances, limits=Limits(tries=2, error_threshold=-1))
    played, run = world.play(), Run()
    again: set[int] = set()
    for event in world.history:
        if isinstance(event, e.Assigned):
            again |= {mini_batch for mini_batch in from_pairs(event.pairs) if attempt_of(run, mini_batch) > 1}
        reduce(run, event)
    assert (played.retried, run) == (len(again), played)


def test_the_last_try_of_what_is_abandoned_is_kept_until_it_returns() -> None:
    world = World(5, chances={"raises": 1.0}, limits=Limits(tries=2, error_threshold=-1))
    run = world.play()
    assert len(run.last_tries) == len(run.tried_again) == run.retried == 40
    for number, last in run.last_tries.items():
        assert (last.tries, last.reason, last.place) == (2, "2 of 2 tries failed", "score.py:3 in run")
        assert last.why == f"ValueError: bad file '/data/{number:04d}.png' at {number}"
        assert last.worker.startswith("10.0.0.")
    world.begin_term()
    world.happen(e.AbandonedReturned(world.now, 40, 120))
    assert not run.last_tries
    assert len(run.tried_again) == run.retried


def test_only_the_newest_last_tries_are_kept() -> None:
    run = Run()
    for number in range(MAX_KEPT_TRIES + 9):
        keep_abandoned(run, number, None, None, number, "asked for")
        keep_tried_again(run, number, Charge(1, "n/process000", 3, why="x" * 9_999))
    kept = list(range(9, MAX_KEPT_TRIES + 9))
    assert (list(run.last_tries), list(run.tried_again)) == (kept, kept)
    charge_attempt(run, 3, "n/process000", 3, 7, "first" * 999 + "\nsecond", "s.py:1")
    assert len(run.charges[3].why) == WHY_CHARS


def test_what_has_one_try_is_never_tried_again() -> None:
    run = World(5, chances={"raises": 1.0}, limits=Limits(tries=1)).play()
    assert (len(run.abandoned), run.retried) == (40, 0)


@pytest.mark.parametrize("damage", [b"", b"x", b"00000000 [1]", b"zz"])
def test_a_torn_snapshot_is_nothing(damage: bytes) -> None:
    assert decode_snapshot(damage) is None
    whole = encode_snapshot(1, 2, 3, World(1).play())
    assert decode_snapshot(whole[: len(whole) // 2]) is None


@given(st.integers(0, 2**32), st.integers(0, 120), st.booleans())
def test_what_was_abandoned_is_tried_again_where_that_is_asked_for(seed: int, steps: int, rest: bool) -> None:
    world = World(seed, chances={**TROUBLE, "raises": 0.5, "asked": 0.1}, limits=Limits(error_threshold=-1))
    world.begin_term()
    for _ in range(steps):
        world.step()
        if world.ended is not None:
            break
    if rest:
        world.ask("abandon", "--remaining")
    world.ended = None
    world.begin_term()
    over = len(world.run.done)
    world.happen(e.AbandonedReturned(world.now, len(world.run.abandoned), world.run.abandoned_items))
    run = world.run
    assert (len(run.abandoned), run.abandoned_items, len(run.ahead)) == (0, 0, 0)
    assert not run.charges, "all tries anew"
    assert run.waiting == run.mini_batches - over
    world.chances = {}
    while world.ended is None:
        world.step()
    assert len(run.done) == run.over == run.mini_batches
    assert fold(world.history) == run


def test_giving_up_a_million_and_trying_again_holds_no_id_one_by_one() -> None:
    world = World(1, nodes=1, workers=1, mini_batches=1_000_000, checked=False)
    world.begin_term()
    world.happen(e.ListingFinished(world.now, 1_000_000, 3_000_000))
    world.happen(e.RemainingAbandoned(world.now, 1_000_000, 3_000_000, "enough"))
    world.begin_term()
    world.happen(e.AbandonedReturned(world.now, 1_000_000, 3_000_000))
    assert (world.run.next_new, len(world.run.returned), world.run.waiting) == (0, 0, 1_000_000)


def test_a_new_term_scores_again_what_was_not_committed_and_keeps_attempts() -> None:
    world = World(1, nodes=1, workers=1, mini_batches=6)
    world.begin_term()
    while world.run.next_new < 2:
        world.step()
    while len(world.run.done) < 2:
        world.finish("10.0.0.0/process000")
        world.carry_out()
    world.commit()
    world.finish("10.0.0.0/process000")
    world.carry_out()
    failing = world.run.workers["10.0.0.0/process000"].queue[0]
    world.fail("10.0.0.0/process000", e.FailureKind.EXCEPTION)
    world.carry_out()
    items_before = world.run.done_items
    world.begin_term()
    assert len(world.run.done) == 2
    assert world.run.done_items == items_before - 3
    assert world.run.charges[failing].tries == 1
    assert sorted(world.run.returned) == list(world.run.returned)
    assert not world.run.in_flight
    world.ended = None
    while world.ended is None:
        world.step()
    assert world.ended.outcome is Outcome.COMPLETED


def test_a_lost_node_charges_what_it_ran_and_gives_the_rest_back() -> None:
    world = World(3, nodes=1, workers=1, mini_batches=9)
    world.begin_term()
    while len(world.run.in_flight) < 2:
        world.step()
    running, behind = list(world.run.workers["10.0.0.0/process000"].queue)[:2]
    world.happen(e.NodeLost(world.now, "10.0.0.0", "silent"))
    assert world.run.charges[running].tries == 1
    assert behind not in world.run.charges
    assert not world.run.workers


def test_an_answer_for_what_a_worker_does_not_run_is_an_error_that_names_it() -> None:
    world = World(3, nodes=1, workers=1, mini_batches=9)
    world.begin_term()
    while not world.run.in_flight:
        world.step()
    with pytest.raises(ValueError, match="answered mini-batch 8"):
        world.happen(e.Finished(START_US, "10.0.0.0/process000", 8, 1, 0, 1, 1, 1, 3, 3, 3, 9, 0, 0, 0))


def test_errors_beyond_the_limit_are_counted_as_other() -> None:
    world = World(5, nodes=1, workers=1, mini_batches=400, checked=False)
    world.begin_term()
    count = 0
    while count < MAX_ERROR_GROUPS + 30:
        world.step()
        for worker in [w for w in world.run.workers.values() if w.state is WorkerState.BUSY]:
            world.fail(worker.id, e.FailureKind.EXCEPTION, error_type=f"Error{count}")
            count += 1
    assert len(world.run.errors) == MAX_ERROR_GROUPS
    assert world.run.other_errors >= 30


def test_the_last_event_is_the_end_and_leaves_nothing_in_flight() -> None:
    run = World(9, chances=TROUBLE).play()
    assert run.phase is Phase.ENDED
    assert not run.workers
    assert not run.in_flight


def test_an_event_that_cannot_have_happened_is_not_counted() -> None:
    world = World(3, nodes=1, workers=1, mini_batches=9)
    world.begin_term()
    while not world.run.in_flight:
        world.step()
    before, wrong = encode_run(world.run), world.now + 10**9
    for event in (
        e.Finished(wrong, "10.0.0.0/process000", 8, 1, 0, 1, 1, 1, 3, 3, 3, 9, 0, 0, 0),
        e.NodeLost(wrong, "10.9.9.9", "silent"),
        e.WorkerStarting(wrong, "10.9.9.9/process000", 1),
        e.Assigned(wrong, "10.0.0.0/process000", ((0, 1),)),
        e.Assigned(wrong, "10.0.0.0/process000", ((world.run.next_new, 1_000),)),
        e.Assigned(wrong, "10.0.0.0/process000", ()),
    ):
        with pytest.raises(ImpossibleEventError):
            reduce(world.run, event)
        assert encode_run(world.run) == before


def test_a_worker_that_starts_late_on_a_lost_node_is_none_and_gets_no_work() -> None:
    world = World(3, nodes=1, workers=2, mini_batches=9)
    world.begin_term()
    late = "10.0.0.0/process000"
    world.happen(e.NodeLost(world.now, "10.0.0.0", "silent"))
    world.happen(e.WorkerStarting(world.now, late, 77))
    world.happen(e.WorkerReady(world.now, late, 1, "3.11"))
    assert not world.run.workers
    assert not world.run.hungry
    assert world.run.nodes["10.0.0.0"].next_process == 1, "its name is never given again"


def test_a_snapshot_of_another_version_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = snapshot._shape()
    monkeypatch.setattr(snapshot, "__version__", "0.0.9")
    assert snapshot._shape() != shape == snapshot.SHAPE


def test_a_snapshot_with_a_value_of_another_type_is_nothing() -> None:
    plain = json.loads(encode_run(World(1).play()))
    for number, value in enumerate(plain):
        for other in (True, "x", 1.5):
            if type(other) is not type(value) and isinstance(value, str | int):
                with pytest.raises(ValueError, match="not a"):
                    decode_run(json.dumps([*plain[:number], other, *plain[number + 1 :]]))
