"""What `job show` and `job list` say to a person of what their trees hold."""

from __future__ import annotations

from typing import Any

from bscore.cli.job_facts import brief, read_facts, whole
from bscore.cli.job_words import words
from bscore.core.counted import counted
from format_1 import FOLDER


def shown(name: str) -> dict[str, Any]:
    return whole(read_facts(FOLDER / name))


def test_without_a_master_workers_were_busy_and_nothing_is_running() -> None:
    value = shown("killed")
    assert value["master_alive"] is False
    busy = [worker for worker in value["workers"] if worker["state"] == "busy"]
    assert busy
    text = words(value)
    assert f"{len(busy)} {'was' if len(busy) == 1 else 'were'} busy" in text
    assert f"{busy[0]['name']}  was busy" in text
    assert "running" not in text
    batches = value["mini_batches"]
    assert f"{batches['running'] + batches['waiting']:,} waiting" in text
    value["master_alive"] = True
    assert "was busy" not in words(value)
    assert f"{batches['running']} running" in words(value)


def test_every_label_is_apart_from_what_it_says() -> None:
    value = shown("killed") | {
        "stands_still_seconds": 31.0,
        "stands_still_since": "2026-04-12T10:00:00+00:00",
    }
    assert "  stands still  nothing has finished since 10:00:00 UTC" in words(value)


def test_too_short_mini_batches_are_a_reason_for_failed_items() -> None:
    value = shown("complete")
    assert "too short" not in words(value)
    value["mini_batches"]["short"] = 1
    assert "  too short     1 mini-batch returned fewer rows than items; the missing" in words(value)


def test_the_place_of_an_error_in_init_is_said_once() -> None:
    error = shown("troubled")["errors"][0] | {
        "first_mini_batch": -1,
        "place": "initbad.py:2 in init",
        "phase": "init()",
    }
    text = words(shown("troubled") | {"errors": [error]})
    assert "initbad.py:2 in init" in text
    assert "init()" not in text
    assert "init()" in words(shown("troubled") | {"errors": [error | {"place": ""}]})


def test_a_list_counts_what_is_done_as_the_job_itself_does() -> None:
    facts = read_facts(FOLDER / "troubled")
    assert facts.run is not None
    assert len(facts.run.abandoned)
    assert brief(facts)["mini_batches"].startswith(f"{whole(facts)['mini_batches']['done']} of ")


def test_one_of_something_is_no_plural() -> None:
    assert [counted(n, "mini-batch") for n in (0, 1, 2000)] == [
        "0 mini-batches",
        "1 mini-batch",
        "2,000 mini-batches",
    ]
    assert counted(1, "worker") == "1 worker"
