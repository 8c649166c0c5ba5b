"""Errors by cause."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore.core import events as e
from bscore.core.diagnose import add_error, common_folder, in_common, message_shape
from bscore.core.groups import MAX_ERROR_GROUPS, MAX_MESSAGES, ErrorGroup
from bscore.core.state import Run
from histories import World


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cannot read '/data/a.png'", "cannot read '/data/b c.png'"),
        (
            "index 5 is out of bounds for axis 0 with size 3",
            "index 77 is out of bounds for axis 1 with size 12",
        ),
        ("object at 0x7f3a12", "object at 0x7f3affff"),
        ("No such file: /mnt/x/y/z.csv", "No such file: /mnt/other/z.csv"),
    ],
)
def test_two_occurrences_of_one_error_have_one_shape(one: str, other: str) -> None:
    assert message_shape(one) == message_shape(other)


@pytest.mark.parametrize(("one", "other"), [("bad header", "bad footer"), ("", "x")])
def test_different_errors_keep_different_shapes(one: str, other: str) -> None:
    assert message_shape(one) != message_shape(other)


@given(st.text(max_size=5000))
def test_a_shape_is_short_whatever_the_message(message: str) -> None:
    assert len(message_shape(message)) <= 200


def test_the_common_folder_is_whole_folders_only() -> None:
    assert common_folder("/data/2024/a", "/data/2024/b/x.png") == "/data/2024"
    assert common_folder("/data/ab", "/data/ac/x.png") == "/data"
    assert common_folder("", "/x") == ""


MINUTE_US = 60_000_000


def failing(world: World, pauses_us: list[int], *, everywhere: bool) -> ErrorGroup:
    """One error after each pause, on the workers of both nodes in turn or of the first only; a late event."""
    world.begin_term()
    world.happen(e.ListingFinished(world.now, world.mini_batches, world.mini_batches * world.items_each))
    world.carry_out()
    for worker in list(world.run.workers):
        world.happen(e.WorkerReady(world.now, worker, 1_000, "3.11"))
    world.carry_out()
    workers = [w.id for w in world.run.workers.values() if everywhere or w.node == "10.0.0.0"]
    for number, pause_us in enumerate(pauses_us):
        world.now += pause_us
        world.fail(workers[number % len(workers)], e.FailureKind.EXCEPTION)
    world.now += 5 * MINUTE_US
    world.happen(e.AnswerDropped(world.now, workers[0], 0, 9, "late"))
    (group,) = world.run.errors.values()
    return group


def shared(run: Run, group: ErrorGroup) -> str:
    return "; ".join(in_common(run, group))


def test_failures_of_one_node_in_one_minute_have_both_in_common() -> None:
    world = World(seed=1)
    group = failing(world, [MINUTE_US, 1_000_000, MINUTE_US - 1_000_000], everywhere=False)
    assert shared(world.run, group) == (
        "first items below /data; on node 10.0.0.0 only, of 2 nodes; within one minute only, of 7 minutes"
    )


def test_failures_everywhere_and_at_all_times_share_their_folder_alone() -> None:
    world = World(seed=1)
    group = failing(world, [MINUTE_US, 1_000_000, MINUTE_US], everywhere=True)
    assert shared(world.run, group) == "first items below /data"


def test_what_happened_once_has_nothing_in_common_with_anything() -> None:
    world = World(seed=1)
    assert shared(world.run, failing(world, [0], everywhere=True)) == ""


def test_a_minute_says_nothing_of_a_run_that_was_hardly_longer_or_a_node_of_the_only_one() -> None:
    world = World(seed=1, nodes=1)
    group = failing(world, [1_000_000] * 3, everywhere=True)
    assert shared(world.run, group) == "first items below /data; within one minute only, of 5 minutes"
    world.run.started = world.run.last - 2 * MINUTE_US + 1
    assert shared(world.run, group) == "first items below /data"


def failed_at(number: int, message: str, place: str, kind: e.FailureKind) -> e.AttemptFailed:
    return e.AttemptFailed(
        number, "10.0.0.0/process000", number, 1, kind, number, 1, 1, 1, 3, "ValueError", message, place, "",
        f"/data/{number}", None, None, 0, 0, 0,
    )  # fmt: skip


def grouped(messages: list[str], place: str, kind: e.FailureKind = e.FailureKind.EXCEPTION) -> Run:
    run = Run()
    for number, message in enumerate(messages):
        add_error(run, failed_at(number, message, place, kind), "10.0.0.0")
    return run


WORDS = ["".join(letters) for letters in product("abcdefgh", repeat=3)]


def test_failures_of_one_line_are_one_error_whatever_their_messages() -> None:
    run = grouped([*WORDS, "no header", "no header"], "score.py:3 in run")
    (group,) = run.errors.values()
    assert group.count == len(WORDS) + 2
    assert len(group.messages) == MAX_MESSAGES
    assert sum(one.count for one in group.messages.values()) + group.other_messages == group.count
    assert run.other_errors == 0


def test_another_line_or_type_is_another_error() -> None:
    run = grouped(["bad"], "score.py:3 in run")
    add_error(run, failed_at(1, "bad", "score.py:4 in run", e.FailureKind.EXCEPTION), "10.0.0.0")
    add_error(run, failed_at(1, "bad", "score.py:3 in run", e.FailureKind.TIMEOUT), "10.0.0.0")
    assert len(run.errors) == 3


def test_where_no_line_is_known_the_message_tells_errors_apart() -> None:
    assert len(grouped(["signal 9", "exit code of a library"], "", e.FailureKind.DIED).errors) == 2
    assert len(grouped(["'it' is", "'it's' is"], "", e.FailureKind.REJECTED).errors) == 1


def test_what_is_in_no_group_is_counted() -> None:
    run = grouped(WORDS, "", e.FailureKind.DIED)
    assert len(run.errors) == MAX_ERROR_GROUPS
    assert sum(group.count for group in run.errors.values()) + run.other_errors == len(WORDS)
