"""The rows of the Nodes screen keep still: a new order every two seconds at most, none under the cursor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore_tui.screens.nodes import Nodes
from bscore_tui.views.model import Face, Mode, Model, NodeRow, WorkerRow
from bscore_tui.views.node_order import HOLD_S, Block, Steady, wanted_blocks
from bscore_tui.views.nodes import nodes
from bscore_tui.views.styles import Body, Options, text_of
from golden_generator import Golden, generate
from monitors import make_monitor, shown, until

NODES, WORKERS = 5, 4
SECOND = 1_000_000


def model_of(trouble: dict[str, str], ages: dict[str, int], at: int = 1_000 * SECOND) -> Model:
    """Five nodes of four workers; `trouble`: signs of workers, `ages`: seconds that they have run."""
    rows = []
    for node in range(NODES):
        workers = tuple(
            WorkerRow(
                id=f"n{node}/p{number}",
                node=f"n{node}",
                process=f"p{number}",
                state="busy",
                sign=trouble.get(f"n{node}/p{number}", ""),
                since=at - ages.get(f"n{node}/p{number}", 1) * SECOND,
                mini_batch=node * WORKERS + number,
            )
            for number in range(WORKERS)
        )
        sign = "!" if any(worker.sign for worker in workers) else ""
        rows.append(NodeRow(f"n{node}", f"n{node}", True, sign, workers, (), WORKERS, 0, 0))
    rows.sort(key=lambda row: (not row.sign, row.id))
    return Model("job", Face.RUNNING, Mode.LIVE, "Running", at, at, nodes=tuple(rows))


NAMES = [f"n{node}/p{number}" for node in range(NODES) for number in range(WORKERS)]
PICTURES = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(NAMES), st.just("!"), max_size=4),
        st.dictionaries(st.sampled_from(NAMES), st.integers(0, 90), max_size=8),
    ),
    min_size=2,
    max_size=30,
)
CURSORS = st.sampled_from(["", *(f"worker:{name}" for name in NAMES), *(f"node:n{n}" for n in range(NODES))])


def drawn(blocks: tuple[Block, ...], model: Model, options: Options) -> Body:
    return nodes(model, 80, 20, options, blocks)


def row_of(body: Body, target: str) -> int | None:
    return next((row for row, name in body.targets.items() if name == target), None)


@given(pictures=PICTURES, cursor=CURSORS, pause_s=st.sampled_from([0.25, 0.7, 1.0]))
def test_the_order_changes_seldom_and_never_under_the_cursor(
    pictures: list[tuple[dict[str, str], dict[str, int]]], cursor: str, pause_s: float
) -> None:
    steady, changes = Steady(), [-HOLD_S]
    options = Options(selected=cursor)
    row: int | None = None
    before: list[str] | None = None
    for number, (trouble, ages) in enumerate(pictures):
        now_s = number * pause_s
        model = model_of(trouble, ages, (1_000 + number) * SECOND)
        body = drawn(
            steady.settle(wanted_blocks(model, 15, options), model, options, "", now_s), model, options
        )
        order = list(body.targets.values())
        assert row is None or row_of(body, cursor) == row
        if before is not None and order != before:
            assert now_s - changes[-1] >= HOLD_S
            changes.append(now_s)
        elif before is None:
            changes.append(now_s)
        row, before = row_of(body, cursor), order


def test_what_is_late_comes_first_as_soon_as_it_may() -> None:
    steady, calm, late = Steady(), model_of({}, {}), model_of({"n3/p2": "!"}, {"n3/p2": 90})
    options = Options()

    def first(model: Model, now_s: float) -> str:
        return steady.settle(wanted_blocks(model, 15, options), model, options, "", now_s)[0].node

    assert [first(calm, 0.0), first(late, 1.0), first(late, 1.9), first(late, 2.0)] == [
        "n0",
        "n0",
        "n0",
        "n3",
    ]
    assert [first(calm, 2.1), first(calm, 3.9), first(calm, 4.1)] == ["n3", "n3", "n0"]


def test_a_person_who_sorts_or_steps_does_not_wait() -> None:
    steady, late = Steady(), model_of({"n3/p2": "!"}, {})
    options = Options()
    steady.settle(wanted_blocks(model_of({}, {}), 15, options), late, options, "", 0.0)
    frozen = replace(late, mode=Mode.FROZEN)
    assert steady.settle(wanted_blocks(frozen, 15, options), frozen, options, "", 0.1)[0].node == "n3"
    played = replace(model_of({}, {}), mode=Mode.FROZEN, speed=2.0)
    assert steady.settle(wanted_blocks(played, 15, options), played, options, "", 0.2)[0].node == "n3"
    assert steady.settle(wanted_blocks(played, 15, options), played, options, "sorted", 0.3)[0].node == "n0"


def test_new_trouble_above_the_cursor_is_signed_where_it_is_and_moves_up_without_a_cursor() -> None:
    steady = Steady()
    cursor = Options(selected="node:n2")
    calm, late = model_of({}, {}), model_of({"n1/p0": "!", "n4/p1": "!"}, {"n1/p0": 60, "n4/p1": 70})
    steady.settle(wanted_blocks(calm, 15, cursor), calm, cursor, "", 0.0)
    blocks = steady.settle(wanted_blocks(late, 15, cursor), late, cursor, "", 5.0)
    assert [block.node for block in blocks] == ["n0", "n1", "n2", "n4", "n3"]
    lines = [text_of(line) for line in drawn(blocks, late, cursor).lines]
    assert lines[4].startswith(" !▸ n1"), "the sign is there though the row may not move"
    free = Options()
    blocks = steady.settle(wanted_blocks(late, 15, free), late, free, "", 7.0)
    assert [block.node for block in blocks][:2] == ["n1", "n4"]


def test_a_folded_node_stays_folded_and_an_open_one_open_whatever_happens_there() -> None:
    late = model_of({"n1/p0": "!"}, {})
    folded = Options(toggled=frozenset({"fold:n1", "open:n4"}))
    opened = {block.node for block in wanted_blocks(late, 30, folded) if block.is_open}
    assert opened == {"n4"}


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = time.monotonic()

    def __call__(self) -> float:
        return self.now_s


def turning(first: Model) -> Iterator[Model]:
    """The model of a live job, another of its nodes troubled in every picture."""
    number = 0
    while True:
        number += 1
        rows = [
            replace(node, sign="!" if place == number % len(first.nodes) else "")
            for place, node in enumerate(sorted(first.nodes, key=lambda row: row.id))
        ]
        rows.sort(key=lambda row: (not row.sign, row.id))
        yield replace(first, mode=Mode.LIVE, at=first.at + number * SECOND // 4, nodes=tuple(rows))


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job of six nodes that stands in its middle."""
    tree = tmp_path_factory.mktemp("halfway") / "golden"
    generate(tree, Golden(nodes=6, workers=4, mini_batches=300, error_groups=2, retry_share=0.05, share=0.5))
    return tree


async def test_the_live_screen_keeps_still_under_the_cursor(halfway: Path) -> None:
    monitor = make_monitor(halfway)
    clock = Clock()
    async with shown(monitor) as pilot:
        monitor.feed.stop()
        await pilot.press("3")
        page = monitor.stage.navigation.page
        assert isinstance(page, Nodes)
        page.monotonic_s = clock
        pictures = turning(monitor.model)
        monitor.model = next(pictures)
        clock.now_s += 10.0
        monitor.stage.redraw()
        await pilot.press("down", "down", "down")
        cursor, row, changed_s = page.selected, page.row - page.top, clock.now_s
        order = list(page.shown.targets.values())
        changes = 0
        for _ in range(60):
            monitor.model = next(pictures)
            clock.now_s += 0.25
            monitor.stage.redraw()
            now = list(page.shown.targets.values())
            assert (page.selected, page.row - page.top) == (cursor, row)
            if now != order:
                assert clock.now_s - changed_s >= HOLD_S or not changes
                changes, order, changed_s = changes + 1, now, clock.now_s
        assert 2 <= changes <= 8
        await until(pilot, lambda: f">{'' if cursor.startswith('node') else ' '}" in monitor.stage.as_text())
