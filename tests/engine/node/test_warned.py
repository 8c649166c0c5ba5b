"""The warnings of a node: merged over its workers, few events, nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore.core.events import WarningsSeen
from bscore.core.groups import MAX_WARNING_GROUPS
from bscore.node.clock import Clock
from bscore.node.warned import NodeWarnings
from bscore_worker.shapes import MAX_SHAPES_OF_PLACE

CLOCK = Clock(1_000_000, 0)


def row(shape: str, count: int = 1, at_ns: int = 5_000) -> tuple[object, ...]:
    return ("logging", "WARNING:x", shape, "score.py:3 in run", f"{shape}!", 7, count, at_ns, at_ns + 1_000)


def test_workers_that_warn_alike_share_a_group() -> None:
    events: list[WarningsSeen] = []
    node = NodeWarnings("n", CLOCK, events.append)
    node.count("n/process000", [row("a", 1, 9_000)])
    node.count("n/process001", [row("a", 5, 3_000)])
    node.flush()
    assert [(x.worker, x.count, x.mini_batch, x.message) for x in events] == [
        ("n/process000", 1, 7, "a!"),
        ("n/process000", 5, 7, "a!"),
    ]
    assert (events[1].first_at, events[1].last_at) == (1_000_003, 1_000_004)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50)), max_size=300))
def test_events_are_few_and_add_up(counts: list[tuple[int, int]]) -> None:
    events: list[WarningsSeen] = []
    node = NodeWarnings("n", CLOCK, events.append)
    for shape, count in counts:
        node.count("n/process000", [row(str(shape), count)])
    node.flush()
    node.flush()
    total = sum(count for _, count in counts)
    assert sum(event.count for event in events) == total
    assert len(events) <= 4 * (total.bit_length() + 1)


def placed(number: int) -> tuple[object, ...]:
    source, category, shape, _, *rest = row("shape")
    return (source, category, shape, f"score.py:{number}", *rest)


def test_more_groups_than_fit_are_other() -> None:
    events: list[WarningsSeen] = []
    node = NodeWarnings("n", CLOCK, events.append)
    node.count("n/process000", [placed(number) for number in range(MAX_WARNING_GROUPS + 50)])
    node.flush()
    assert sum(event.count for event in events if event.source == "other") == 50
    assert len({event.place for event in events}) == MAX_WARNING_GROUPS + 1


def test_further_messages_of_one_place_are_one_group() -> None:
    events: list[WarningsSeen] = []
    node = NodeWarnings("n", CLOCK, events.append)
    for number in range(500):
        node.count(f"n/process{number % 3:03d}", [row(f"shape {number}")])
    node.flush()
    assert len({event.shape for event in events}) == MAX_SHAPES_OF_PLACE + 1
    assert sum(event.count for event in events) == 500
    assert not any(event.source == "other" for event in events)


@pytest.mark.parametrize(
    "bad", [(), ("logging",), (1, "", "", "", "", 0, 1, 0, 0), ("a", "", "", "", "", 0, 0, 0, 0), 3]
)
def test_what_is_no_row_is_the_workers_fault(bad: object) -> None:
    node = NodeWarnings("n", CLOCK, lambda _event: None)
    with pytest.raises((ValueError, TypeError)):
        node.count("n/process000", [bad])  # type: ignore[list-item]  # what a broken worker may send
