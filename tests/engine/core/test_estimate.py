"""The end of a run as a range: it holds the true end as often as it says, and is silent while unknown."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bscore.core import events as e
from bscore.core.check import check
from bscore.core.durations import around_run_us, equal_parts, learn
from bscore.core.estimate import Confidence, Estimate, earlier_run, estimate, percent, total_words
from bscore.core.limits import Limits
from bscore.core.makespan import level
from bscore.core.reduce import fold
from bscore.core.snapshot import decode_run, encode_run
from bscore.core.state import Run
from timed_runs import (
    START_US,
    Fails,
    TimedRun,
    Times,
    constant,
    dying,
    dying_at,
    log_normal,
    one_slow,
    raising_once,
    tailed,
)

MARKS = (25, 50, 75, 95)
SEEDS = 40


def looked_at(run: Run, now: int) -> Estimate:
    return estimate(run, now, random.Random(1).random)


def looks(seed: int, times: Times, mini_batches: int, workers: int) -> tuple[dict[int, Estimate], int]:
    """What was estimated when so many percent were done, and the true end."""
    return looked_through(TimedRun(seed, times, mini_batches, workers))


def looked_through(timed: TimedRun) -> tuple[dict[int, Estimate], int]:
    mini_batches = timed.mini_batches
    marks = {mini_batches * mark // 100: mark for mark in MARKS}
    found = {marks[n]: looked_at(timed.run, timed.now) for n in timed.finishes() if n in marks}
    return found, timed.now


def held(times: Times, mini_batches: int, workers: int, seeds: int = SEEDS) -> dict[int, float]:
    """In which part of the runs the range held the true end, by mark."""
    inside = Counter[int]()
    for seed in range(seeds):
        found, end = looks(seed, times, mini_batches, workers)
        for mark, seen in found.items():
            assert seen.low_us is not None
            assert seen.high_us is not None
            inside[mark] += seen.low_us <= end <= seen.high_us
    return {mark: inside[mark] / seeds for mark in MARKS}


@pytest.mark.parametrize(("mini_batches", "workers"), [(1000, 8), (403, 16), (5000, 3), (2000, 300)])
def test_equal_durations_leave_no_doubt(mini_batches: int, workers: int) -> None:
    found, end = looks(1, constant, mini_batches, workers)
    for seen in found.values():
        if seen.low_us is not None and seen.high_us is not None:
            assert seen.low_us <= end <= seen.high_us
            assert seen.confidence is Confidence.LIKELY
    assert sum(seen.low_us is not None for seen in found.values()) >= 3


@pytest.mark.slow
def test_the_range_holds_the_end_of_four_in_five_runs_of_moderate_spread() -> None:
    assert min(held(log_normal(0.5), 1000, 8).values()) >= 0.8


@pytest.mark.slow
def test_the_range_holds_the_end_of_three_in_five_runs_of_large_spread() -> None:
    assert min(held(log_normal(1.0), 1000, 8, seeds=20).values()) >= 0.6


@pytest.mark.slow
def test_with_a_tail_the_range_is_rough_at_first_and_holds_four_in_five_from_three_quarters_on() -> None:
    inside = Counter[int]()
    for seed in range(SEEDS):
        timed = TimedRun(seed, tailed(0.5), 1000, 8)
        found: dict[int, Estimate] = {}
        for over in timed.finishes():
            if over not in (250, 500, 750, 950):
                continue
            seen = found[over // 10] = looked_at(timed.run, timed.now)
            oldest_us = max(timed.now - worker.since for worker in timed.run.workers.values())
            if over < 750 and max(timed.run.longest_run_ns / 1000, oldest_us) > 150e6:
                assert seen.confidence is Confidence.ROUGH
        for mark in (75, 95):
            seen = found[mark]
            assert seen.low_us is not None
            assert seen.high_us is not None
            inside[mark] += seen.low_us <= timed.now <= seen.high_us
    assert min(inside.values()) >= 0.8 * SEEDS


@pytest.mark.slow
def test_many_workers_on_few_rounds_are_held_too() -> None:
    inside = held(log_normal(0.5), 800, 100, seeds=10)
    assert sum(inside.values()) / len(inside) >= 0.8


def test_what_has_run_for_long_counts_although_it_has_not_finished() -> None:
    shape = learn([(float(us), 1.0, 1.0) for us in (10, 11, 12)], [9.0, 30.0, 30.0], 1e9)
    assert shape.beyond_share > 2 / 6
    assert shape.edge_us == 30.0
    alone = learn([(float(us), 1.0, 1.0) for us in (10, 11, 12)], [], 1e9)
    assert alone.beyond_share < 0.1


def test_one_that_hangs_moves_the_end_and_never_beyond_its_limit() -> None:
    timed = TimedRun(1, log_normal(0.1), 40, 4)
    run = timed.play_to(37)
    limits = run.config.limits if run.config else None
    assert limits is not None
    usual, late = looked_at(run, timed.now), looked_at(run, timed.now + 28_000_000)
    assert usual.high_us is not None
    assert late.high_us is not None
    assert late.high_us > usual.high_us
    run.config = (
        replace(run.config, limits=replace(limits, run_invocation_timeout_s=1.0)) if run.config else None
    )
    bounded = looked_at(run, timed.now + 28_000_000)
    began = max(worker.since for worker in run.workers.values() if worker.queue)
    assert bounded.high_us == bounded.latest_us == began + limits.tries * 31_000_000


def test_the_latest_end_stands_while_the_clock_goes_on() -> None:
    timed = TimedRun(1, log_normal(0.1), 40, 4)
    run = timed.play_to(38)
    looks = [looked_at(run, timed.now + seconds * 1_000_000) for seconds in range(28, 400, 31)]
    assert {look.confidence for look in looks} == {Confidence.ROUGH, Confidence.UNKNOWN}
    [latest] = {look.latest_us for look in looks}
    began = max(worker.since for worker in run.workers.values() if worker.queue)
    assert run.config is not None
    limits = run.config.limits
    assert latest == began + limits.tries * int(limits.attempt_s * 1e6)
    assert looked_at(run, timed.now).latest_us is None


def test_nothing_is_said_before_enough_has_finished() -> None:
    timed = TimedRun(1, log_normal(0.5), 100, 8)
    run = timed.play_to(7)
    seen = looked_at(run, timed.now)
    assert seen == Estimate(
        None, None, None, Confidence.UNKNOWN, "7 of the first 8 mini-batches have finished"
    )
    timed.play_to(8)
    assert looked_at(run, timed.now).low_us is not None


def told_of(timed: TimedRun, times: Times, seed: int = 2) -> e.EarlierRunFound:
    """Let the run hear of an earlier one that is over."""
    earlier = TimedRun(seed, times, 100, 8)
    earlier.play_to(100)
    found = earlier_run("nightly-0410", earlier.run, timed.now)
    assert found is not None
    timed.happen(found)
    return found


def test_an_earlier_run_speaks_first_and_is_named() -> None:
    timed = TimedRun(1, log_normal(0.3), 100, 8)
    told_of(timed, log_normal(0.3))
    first = looked_at(timed.run, timed.now)
    assert first.confidence is Confidence.ROUGH
    assert first.reason == "durations are those of the earlier run nightly-0410"
    assert first.low_us is not None
    assert first.high_us is not None
    timed.play_to(3)
    assert looked_at(timed.run, timed.now).reason == first.reason
    timed.play_to(50)
    assert "earlier" not in looked_at(timed.run, timed.now).reason
    timed.play_to(100)
    assert first.low_us < timed.now < first.high_us


def test_a_run_that_finished_too_little_is_no_guide() -> None:
    assert earlier_run("nightly-0410", Run(), 0) is None
    timed = TimedRun(1, constant, 100, 4)
    timed.play_to(4)
    assert earlier_run("nightly-0410", timed.run, 0) is None
    timed.play_to(5)
    assert earlier_run("nightly-0410", timed.run, 0) is not None


def test_an_earlier_run_of_larger_mini_batches_is_scaled() -> None:
    timed = TimedRun(1, constant, 100, 4)
    told = told_of(timed, constant)
    same = looked_at(timed.run, timed.now).likely_us
    timed.happen(replace(told, mini_batch_size=2))
    double = looked_at(timed.run, timed.now).likely_us
    assert same is not None
    assert double is not None
    assert double - timed.now == pytest.approx((same - timed.now) / 2, rel=0.01)


def test_an_earlier_run_tells_how_long_workers_take_to_start_so_that_the_end_stands_meanwhile() -> None:
    earlier = TimedRun(2, constant, 100, 8, start_s=20.0)
    earlier.play_to(100)
    earlier.happen(e.RunEnded(earlier.now, e.Outcome.COMPLETED, "", ""))
    found = earlier_run("nightly-0410", earlier.run, START_US)
    assert found is not None
    assert found.start_us == 20_000_000
    run = fold(
        [
            e.TermStarted(START_US, "timed", 1, 1, "0", "host", "boot", 7, 0),
            e.RunConfigured(START_US, "score.py", "ab12", "python", "out", 1, Limits()),
            e.NodeJoined(START_US, "n", "h", 2, 100, 2),
            e.ListingFinished(START_US, 20, 20),
            e.WorkerStarting(START_US, "n/process000", 1),
            e.WorkerStarting(START_US, "n/process001", 1),
            found,
        ]
    )
    ends = [looked_at(run, START_US + second * 1_000_000).likely_us for second in (1, 7, 13, 19)]
    assert ends == [START_US + 120_000_000] * 4


def test_an_earlier_run_is_not_believed_once_mini_batches_take_several_times_as_long() -> None:
    timed = TimedRun(1, constant, 100, 4)
    timed.happen(e.EarlierRunFound(timed.now, "nightly-0410", 1, (200_000,) * 40))
    assert looked_at(timed.run, timed.now + 500_000).confidence is Confidence.ROUGH
    seen = looked_at(timed.run, timed.now + 2_500_000)
    said = "a mini-batch takes 2.5 s where those of the earlier run nightly-0410 took 0.2 s at most"
    assert seen == Estimate(None, None, None, Confidence.UNKNOWN, said)
    timed.play_to(1)
    assert looked_at(timed.run, timed.now).low_us is None
    timed.play_to(5)
    assert looked_at(timed.run, timed.now).low_us is not None


def test_an_earlier_run_gives_no_end_while_inputs_are_listed() -> None:
    timed = TimedRun(1, constant, 100, 4, listed=False)
    told_of(timed, constant)
    assert looked_at(timed.run, timed.now).low_us is None


@example([(1.0, 1.0), (1.0, 16.0), (2.0, 1.0), (2.0, 1.0), (2.0, 24.875), (1.5, 16.0), (1.5, 50.0)], 20)
@given(
    st.lists(st.tuples(st.floats(1, 1e9), st.floats(0.01, 50)), min_size=1, max_size=300),
    st.integers(1, 60),
)
def test_a_few_durations_of_equal_weight_stand_for_as_much_work_as_all(
    seen: list[tuple[float, float]], count: int
) -> None:
    points = [(us, mass, 1.0) for us, mass in sorted(seen)]
    parts = equal_parts(points, count)
    assert len(parts) == count
    assert list(parts) == sorted(parts)
    mean = sum(us * mass for us, mass, _ in points) / sum(mass for _, mass, _ in points)
    assert sum(parts) / count == pytest.approx(mean, abs=1, rel=1e-6)


def test_while_listing_the_total_is_a_lower_bound_and_there_is_neither_percent_nor_end() -> None:
    timed = TimedRun(1, constant, 12_345, 4, listed=False)
    run = timed.play_to(20)
    assert percent(run) is None
    assert total_words(run) == "at least 12,345"
    seen = looked_at(run, timed.now)
    assert seen.low_us is None
    assert seen.reason == "the inputs are still being listed: at least 12,345 mini-batches"
    timed.happen(e.ListingFinished(timed.now, 12_345, 12_345))
    assert percent(run) == 0
    assert total_words(run) == "12,345"
    assert looked_at(run, timed.now).low_us is not None


def test_percent_rounds_down_to_the_last() -> None:
    timed = TimedRun(1, constant, 300, 4)
    run = timed.play_to(299)
    assert percent(run) == 99
    timed.play_to(300)
    assert percent(run) == 100
    empty = TimedRun(1, constant, 0, 1).run
    assert percent(empty) == 100


def test_a_run_that_stands_still_has_no_end_and_one_that_is_over_has_its_own() -> None:
    timed = TimedRun(1, constant, 100, 4)
    run = timed.play_to(40)
    seen = looked_at(run, timed.now + 31_000_000)
    assert (seen.low_us, seen.reason) == (None, "nothing has finished for 31 s")
    timed.play_to(100)
    seen = looked_at(run, timed.now + 99_000_000)
    assert seen.low_us == seen.high_us == timed.now


def test_without_workers_there_is_no_end() -> None:
    timed = TimedRun(1, constant, 100, 2)
    run = timed.play_to(40)
    for name in list(run.workers):
        timed.happen(e.WorkerGone(timed.now, name, None, 9, "killed", init_failed=False))
    assert looked_at(run, timed.now).reason == "no worker is alive"
    timed.happen(e.WorkerStarting(timed.now, "n/process002", 1))
    assert looked_at(run, timed.now).low_us is not None


def test_lost_workers_move_the_end() -> None:
    timed = TimedRun(1, constant, 400, 8)
    run = timed.play_to(100)
    before = looked_at(run, timed.now).likely_us
    for number in range(4):
        timed.happen(e.WorkerGone(timed.now, timed.name(number), None, 9, "killed", init_failed=False))
    after = looked_at(run, timed.now).likely_us
    assert before is not None
    assert after is not None
    assert after - timed.now == pytest.approx(2 * (before - timed.now), rel=0.1)


#: Runs in which much is lost on the way, by what happens: times, mini-batches, workers, failures, start.
LOSING: dict[str, tuple[Times, int, int, Fails, float]] = {
    "every process dies of its eighth": (lambda *_: 0.5, 100, 2, dying_at(8, 0.5), 3.0),
    "one in twenty kills its worker": (log_normal(0.5), 400, 8, dying(0.05, 5.0), 30.0),
    "a third raises once, late": (lambda *_: 0.5, 100, 2, raising_once(0.3, 1.5), 0.0),
    "a third raises once, however long": (log_normal(0.5), 400, 8, raising_once(0.3, 15.0), 0.0),
    "many open ones": (log_normal(0.5), 800, 4, dying(0.05, 5.0), 30.0),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", LOSING)
def test_the_range_holds_the_end_of_three_in_five_runs_that_lose_attempts_or_workers(what: str) -> None:
    times, mini_batches, workers, fails, start_s = LOSING[what]
    inside, seeds = Counter[int](), 30
    for seed in range(seeds):
        timed = TimedRun(seed, times, mini_batches, workers, fails=fails, start_s=start_s)
        found, end = looked_through(timed)
        for mark, seen in found.items():
            assert seen.low_us is not None
            assert seen.high_us is not None
            inside[mark] += seen.low_us <= end <= seen.high_us
    assert min(inside[mark] for mark in MARKS) >= 0.6 * seeds, dict(inside)


def test_what_is_lost_makes_the_end_rough_and_is_told() -> None:
    deaths = TimedRun(1, lambda *_: 0.5, 100, 2, fails=dying_at(8, 0.5), start_s=3.0)
    seen = looked_at(deaths.play_to(50), deaths.now)
    assert seen.confidence is Confidence.ROUGH
    told = re.fullmatch(r"failed attempts and new starts took (\d+) % of the workers' time", seen.reason)
    assert told
    assert 40 <= int(told[1]) <= 50
    seldom = TimedRun(1, constant, 400, 8, fails=dying_at(30, 1.0), start_s=3.0)
    assert looked_at(seldom.play_to(300), seldom.now).confidence is Confidence.LIKELY


def test_failed_attempts_take_time_too_and_make_the_end_rough() -> None:
    timed = TimedRun(1, constant, 400, 8)
    before = looked_at(timed.play_to(100), timed.now)
    failing = TimedRun(1, constant, 400, 8, fails=raising_once(1.0, 10.0))
    after = looked_at(failing.play_to(100), failing.now)
    assert before.likely_us is not None
    assert after.likely_us is not None
    assert after.likely_us - failing.now == pytest.approx(2 * (before.likely_us - timed.now), rel=0.1)
    assert after.confidence is Confidence.ROUGH
    assert after.reason == "failed attempts took 50 % of the workers' time"


def test_an_attempt_whose_worker_was_killed_for_it_took_its_time() -> None:
    timed = TimedRun(1, constant, 400, 8)
    run, worker = timed.play_to(100), timed.name(3)
    mini_batch, at = run.workers[worker].queue[0], timed.now + 90_000_000
    timed.happen(e.WorkerStopping(at, worker, "run() exceeded 90 seconds"))
    timed.happen(
        e.AttemptFailed(
            at, worker, mini_batch, 1, e.FailureKind.TIMEOUT, timed.now, 9 * 10**10, 0, 9 * 10**10, 1,
            "TimeoutError", "no end", "", "", "", None, 9, 0, 0, -1,
        )
    )  # fmt: skip
    assert run.failed_us == 90_000_000
    assert list(run.recent_failed) == [(90_000_000, True)]


def test_the_time_around_run_counts_where_run_itself_takes_none() -> None:
    timed = TimedRun(1, constant, 100_000, 4)
    run = timed.play_to(600)
    expected = looked_at(run, timed.now).likely_us
    run.run_ns, run.longest_run_ns = 0, 1
    run.recent_ns.extend([0] * 500)
    run.recent_around_us.extend([10_000_000] * 500)
    run.slowest.clear()
    run.histogram[:] = [600, *run.histogram[1:-1], 0]
    run.histogram[1:] = [0] * (len(run.histogram) - 1)
    seen = looked_at(run, timed.now).likely_us
    assert expected is not None
    assert seen is not None
    assert seen - timed.now == pytest.approx(expected - timed.now, rel=0.02)


def test_the_same_draws_give_the_same_and_nothing_is_changed() -> None:
    timed = TimedRun(4, tailed(0.5), 2000, 8)
    run = timed.play_to(900)
    before = encode_run(run)
    assert looked_at(run, timed.now) == looked_at(run, timed.now)
    assert encode_run(run) == before
    assert decode_run(before) == run
    check(run)


def test_work_cut_at_will_lasts_until_all_are_level() -> None:
    assert level([0.0, 0.0], 10.0) == 5.0
    assert level([0.0, 100.0], 10.0) == 10.0
    assert level([4.0, 0.0, 2.0], 6.0) == 4.0
    assert level([3.0], 0.0) == 3.0


@pytest.mark.parametrize("times", [constant, log_normal(1.0), tailed(0.5), one_slow(0.2, 3.0)])
def test_a_look_draws_no_more_however_much_is_open(times: Times) -> None:
    drawn = []
    for mini_batches in (20_000, 2_000_000):
        timed = TimedRun(1, times, mini_batches, 400)
        run = timed.play_to(1500)
        draws = Counter[str]()
        chance = random.Random(1)

        def draw(draws: Counter[str] = draws, chance: random.Random = chance) -> float:
            draws["all"] += 1
            return chance.random()

        assert estimate(run, timed.now, draw).low_us is not None
        drawn.append(draws["all"])
    assert 0 < drawn[1] <= 1.1 * drawn[0] < 200_000


@pytest.mark.parametrize("workers", [2, 8])
def test_a_master_that_stood_still_for_a_while_does_not_move_the_end_of_what_is_left(workers: int) -> None:
    inside = 0
    for seed in range(20):
        timed = TimedRun(seed, log_normal(0.2), 400, workers)
        timed.play_to(20)
        timed.freeze(30.0)
        timed.play_to(30)
        seen = looked_at(timed.run, timed.now)
        timed.play_to(400)
        assert seen.low_us is not None
        assert seen.high_us is not None
        inside += seen.low_us <= timed.now <= seen.high_us
    assert inside >= 14


def test_gaps_that_are_left_out_make_the_end_rough_while_they_matter() -> None:
    timed = TimedRun(1, log_normal(0.2), 2000, 2)
    timed.play_to(15)
    timed.freeze(60.0)
    timed.play_to(20)
    assert looked_at(timed.run, timed.now).reason == (
        "some answers waited long for their master, which is left out"
    )
    timed.play_to(300)
    seen = looked_at(timed.run, timed.now)
    assert (seen.confidence, seen.reason) == (Confidence.LIKELY, "")


def test_waits_that_come_again_and_again_are_no_gaps() -> None:
    run = Run()
    run.recent_around_us.extend([0, 0, 0, 3_000_000] * 100)
    assert around_run_us(run) == pytest.approx(750_000)


def test_a_wait_that_answers_share_costs_each_its_part() -> None:
    run = Run()
    run.recent_around_us.extend([97_000, *[-3_000] * 30] * 3)
    assert around_run_us(run) == pytest.approx(7_000 / 31)
