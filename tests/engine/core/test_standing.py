"""Late, slow, silent, standing still: found where they are, and hardly ever where they are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.core.standing import Late, late, silent, slow, slow_workers, standing_still
from bscore.core.state import Phase
from timed_runs import START_US, TimedRun, constant, log_normal, one_slow, tailed


@pytest.mark.slow
def test_of_usual_mini_batches_two_in_a_hundred_are_ever_late() -> None:
    marked = total = 0
    for seed in range(6):
        timed = TimedRun(seed, log_normal(0.5), 800, 8)
        seen = set()
        for _ in timed.finishes():
            # Just before the next ends, whatever runs then is as old as it gets before anything changes.
            seen |= {one.mini_batch for one in late(timed.run, timed.next_end - 1)}
        marked += len(seen)
        total += 800
    assert 0 < marked <= 0.02 * total


def test_a_mini_batch_of_a_tail_is_late_and_says_against_what() -> None:
    timed = TimedRun(2, tailed(0.1), 600, 4)
    found: list[Late] = []
    for over in timed.finishes():
        found = late(timed.run, timed.now)
        if over > 100 and found:
            break
    assert found
    one = found[0]
    assert timed.run.in_flight[one.mini_batch] == one.worker
    assert one.age_us > 3 * one.median_us
    assert one.median_us == pytest.approx(10e6, rel=0.1)
    assert one.p99_us >= one.median_us


def test_the_oldest_late_one_comes_first_and_few_finished_say_nothing() -> None:
    timed = TimedRun(1, log_normal(0.1), 100, 4)
    timed.play_to(4)
    assert late(timed.run, timed.now + 900_000_000) == []
    timed.play_to(20)
    found = late(timed.run, timed.now + 900_000_000)
    assert len(found) == 4
    assert [one.age_us for one in found] == sorted((one.age_us for one in found), reverse=True)


def test_what_is_younger_than_the_reading_of_a_journal_is_not_late() -> None:
    timed = TimedRun(1, lambda _random, _worker: 0.001, 100, 4)
    timed.play_to(50)
    assert late(timed.run, timed.now + 900_000) == []
    assert len(late(timed.run, timed.now + 1_100_000)) == 4


@pytest.mark.parametrize(("workers", "seeds"), [(8, 40), (40, 20)])
def test_a_worker_three_times_slower_is_found_among_usual_ones(workers: int, seeds: int) -> None:
    found = 0
    for seed in range(seeds):
        timed = TimedRun(seed, one_slow(0.5, 3.0), workers * 50, workers)
        found += timed.name(0) in slow(timed.play_to(workers * 40))
    assert found >= 0.95 * seeds


@pytest.mark.parametrize(("workers", "seeds"), [(4, 100), (8, 50), (400, 2)])
def test_among_equals_less_than_one_in_four_hundred_is_called_slow(workers: int, seeds: int) -> None:
    marks = 0
    for seed in range(seeds):
        timed = TimedRun(seed, log_normal(0.5), workers * 25, workers)
        marks += len(slow(timed.play_to(workers * 22)))
    assert marks <= workers * seeds / 400


def test_several_slow_ones_are_found_the_slowest_first() -> None:
    factors = {0: 3.0, 1: 6.0}
    timed = TimedRun(1, lambda random, worker: factors.get(worker, 1.0) * random.uniform(9, 11), 600, 8)
    found = slow_workers(timed.play_to(500))
    assert [one.worker for one in found] == [timed.name(1), timed.name(0)] == slow(timed.run)
    assert found[0].median_ns == pytest.approx(60e9, rel=0.1)
    assert found[1].median_ns == pytest.approx(30e9, rel=0.1)
    assert [one.others_ns for one in found] == pytest.approx([10e9, 10e9], rel=0.1)


def test_where_all_others_are_equal_only_half_as_slow_again_counts() -> None:
    for factor, expected in ((1.4, []), (1.6, ["n/process000"])):
        timed = TimedRun(1, one_slow(0.0, factor), 300, 6)
        assert slow(timed.play_to(250)) == expected


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_too_few_others_are_no_measure(workers: int) -> None:
    timed = TimedRun(1, one_slow(0.0, 9.0), 200, workers)
    assert slow(timed.play_to(150)) == []


def test_silent_are_those_of_which_three_heartbeats_were_missed() -> None:
    heard = {"a": 100_000_000, "b": 84_999_999, "c": 85_000_000, "d": 20_000_000, "ahead": 130_000_000}
    assert silent(heard, 5_000_000, 100_000_000) == ["d", "b"]
    assert silent({}, 5_000_000, 100_000_000) == []


def test_a_run_stands_still_after_half_a_minute_or_three_of_its_longest() -> None:
    timed = TimedRun(1, lambda _random, _worker: 4.0, 100, 4)
    run = timed.play_to(40)
    assert standing_still(run, timed.now + 30_000_000) is None
    assert standing_still(run, timed.now + 31_000_000) == pytest.approx(31.0)
    slower = TimedRun(1, lambda _random, _worker: 40.0, 100, 4)
    run = slower.play_to(40)
    assert standing_still(run, slower.now + 120_000_000) is None
    assert standing_still(run, slower.now + 121_000_000) == pytest.approx(121.0)


@pytest.mark.parametrize(("run_s", "overhead_s", "patience_s"), [(3600, 30, 120), (60, 30, 90), (1, 1, 30)])
def test_before_the_first_has_finished_one_attempt_may_take_its_time_up_to_two_minutes(
    run_s: float, overhead_s: float, patience_s: int
) -> None:
    run = TimedRun(1, constant, 100, 4).run
    assert run.config is not None
    limits = Limits(run_invocation_timeout_s=run_s, task_overhead_timeout_s=overhead_s)
    run.config = replace(run.config, limits=limits)
    assert standing_still(run, START_US + patience_s * 1_000_000) is None
    assert standing_still(run, START_US + patience_s * 1_000_000 + 1) == pytest.approx(patience_s)


def test_nothing_stands_still_without_work_or_before_and_after_the_run() -> None:
    timed = TimedRun(1, constant, 20, 4)
    run = timed.play_to(20)
    much_later = timed.now + 9_000_000_000
    assert standing_still(run, much_later) is None
    other = TimedRun(1, constant, 20, 4)
    other.play_to(10)
    other.happen(e.RunEnded(other.now, e.Outcome.CANCELED, "", ""))
    assert other.run.phase is Phase.ENDED
    assert standing_still(other.run, much_later) is None
    idle = TimedRun(1, constant, 0, 4, listed=False)
    assert standing_still(idle.run, much_later) is None
