"""The rate of a run: what it finished while it scored, whoever says it and whenever."""

from __future__ import annotations

import pytest

from bscore.cli.job_facts import read_facts, whole
from bscore.core import events as e
from bscore.core.rates import Rate, rate
from bscore.core.state import Run
from bscore.logtree.reports import job_result
from bscore.master.reporting import result_facts
from format_1 import FOLDER
from timed_runs import START_US, TimedRun, constant


def test_nothing_finished_has_no_rate() -> None:
    assert rate(Run()) is None
    timed = TimedRun(1, constant, 30, 2)
    assert rate(timed.run) is None
    timed.happen(e.RemainingAbandoned(START_US + 60_000_000, 30, 30, "asked for"))
    timed.happen(e.RunEnded(START_US + 61_000_000, e.Outcome.CANCELED, "", ""))
    assert rate(timed.run) is None
    assert "Rate:" not in job_result(result_facts(timed.run))


def test_what_is_abandoned_and_the_time_around_the_scoring_do_not_count() -> None:
    timed = TimedRun(1, constant, 50, 1)
    timed.play_to(7)
    timed.happen(e.RemainingAbandoned(timed.now, 43, 43, "asked for"))
    timed.happen(e.RunEnded(timed.now + 90_000_000, e.Outcome.COMPLETED, "", ""))
    assert rate(timed.run) == Rate(items=0.1, mini_batches=0.1)
    text = job_result(result_facts(timed.run))
    assert "Rate:         0.1 mini-batches/s, 0.1 items/s while it scored\n" in text


def test_what_is_abandoned_late_does_not_slow_what_was_finished() -> None:
    timed = TimedRun(1, constant, 8, 1)
    timed.play_to(7)
    timed.happen(e.MiniBatchAbandoned(timed.now + 600_000_000, 7, 1, "asked for"))
    timed.happen(e.RunEnded(timed.now + 600_000_000, e.Outcome.COMPLETED, "", ""))
    assert rate(timed.run) == Rate(items=0.1, mini_batches=0.1)


def test_a_term_that_hands_out_nothing_neither_resumes_nor_has_a_rate() -> None:
    timed = TimedRun(1, constant, 100, 1)
    timed.play_to(50)
    at = timed.now + 3_600_000_000
    timed.happen(e.TermStarted(at, "timed", 2, 1, "0", "host", "boot", 8, 0))
    timed.happen(e.RemainingAbandoned(at, 50, 50, "asked for"))
    timed.happen(e.RunEnded(at, e.Outcome.CANCELED, "", ""))
    assert rate(timed.run) == Rate(items=0.1, mini_batches=0.1)
    text = job_result(result_facts(timed.run))
    assert "resumed" not in text
    assert "Rate:         0.1 mini-batches/s" in text


def test_a_resumed_run_has_the_rate_of_its_last_term() -> None:
    timed = TimedRun(1, constant, 100, 1)
    timed.play_to(50)
    at = timed.now + 3_600_000_000
    timed.happen(e.TermStarted(at, "timed", 2, 1, "0", "host", "boot", 8, 0))
    assert rate(timed.run) is None
    timed.happen(e.NodeJoined(at, "n", "h", 1, 100, 1))
    timed.happen(e.WorkerStarting(at, "n/process001", 1))
    timed.happen(e.WorkerReady(at, "n/process001", 1_000, "3.11"))
    timed.happen(e.Assigned(at, "n/process001", ((50, 1),)))
    end = at + 4_000_000
    timed.happen(e.Finished(end, "n/process001", 50, 1, at, 4 * 10**9, 1, 1, 1, 1, 1, 9, 0, 0, -1))
    assert rate(timed.run) == Rate(items=0.25, mini_batches=None)
    timed.happen(e.RunEnded(end, e.Outcome.CANCELED, "", ""))
    text = job_result(result_facts(timed.run))
    assert "), resumed once.\n" in text
    assert "Rate:         0.2 items/s while it scored, since it was resumed\n" in text


@pytest.mark.parametrize("name", ["complete", "canceled", "resumed", "troubled"])
def test_the_shown_rate_and_that_of_the_result_are_one(name: str) -> None:
    facts = read_facts(FOLDER / name)
    assert facts.run is not None
    shown = whole(facts)["items_per_second"]
    assert shown
    assert f" {shown} items/s while it scored" in job_result(result_facts(facts.run))
