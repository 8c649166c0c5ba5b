"""Every screen draws any model at any size: exact width, fixed places, clean text, signs beside colours."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import get_args

import pytest

from bscore.core import events as e
from bscore.logtree.source import MemorySource
from bscore_tui.reading.reader import JobReader
from bscore_tui.views import batches, errors, nodes, overview, timeline
from bscore_tui.views.head import head, screen_at, tabs
from bscore_tui.views.layout import width_of
from bscore_tui.views.model import Face, Mode, Model
from bscore_tui.views.screen import assemble, body_height
from bscore_tui.views.strip import scale_of, strip, time_at
from bscore_tui.views.styles import ASCII, STYLES, Body, Line, Options, Style, text_of
from histories import World, troubled
from hostile import TEXTS, is_clean
from tui_trees import journals_of, running

SIZES = [(80, 24), (120, 36), (200, 50), (60, 20), (40, 12), (300, 80)]
BODIES = {
    "Overview": overview.overview,
    "Batches": batches.batches,
    "Nodes": nodes.nodes,
    "Errors": errors.errors,
    "Timeline": timeline.timeline,
}
VARIANTS = {"Batches": batches.VARIANTS, "Nodes": nodes.VARIANTS}


def model_of(world: World, seconds: float = 0.0) -> Model:
    """The model of a history, so many seconds after its last event."""
    reader = JobReader(MemorySource(journals_of(world.history)), lambda: world.run.last + int(seconds * 1e6))
    while reader.poll()[1]:
        pass
    return reader.model()


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    ended = troubled(4, mini_batches=60, checked=False)
    ended.play()
    failing = troubled(7, mini_batches=60, checked=False)
    failing.limits = replace(failing.limits, error_threshold=0)
    failing.play()
    return {
        "nothing": JobReader(MemorySource({})).nothing_yet("job"),
        "preparing": model_of(running(World(1, checked=False), 0), 3),
        "running": model_of(running(troubled(2, mini_batches=500, checked=False), 200)),
        "standing": model_of(running(troubled(2, mini_batches=500, checked=False), 200), 100),
        "wide": model_of(running(troubled(3, nodes=50, workers=8, mini_batches=9000, checked=False), 1500)),
        "ended": model_of(ended),
        "failed": model_of(failing),
        "silent": model_of(running(troubled(5, mini_batches=500, checked=False), 200), 90_000),
    }


def whole(model: Model, name: str, width: int, height: int, options: Options) -> list[Line]:
    top = [head(model, width, options), tabs(model, name, width, options)]
    body = BODIES[name](model, width, body_height(model, height, options, width), options)
    return assemble(model, body, top, [("enter", "open"), ("q", "quit")], width, height, options)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("options", [Options(), Options(glyphs=ASCII)], ids=["unicode", "ascii"])
def test_a_screen_has_exactly_its_size(
    models: dict[str, Model], name: str, size: tuple[int, int], options: Options
) -> None:
    width, height = size
    for kind, model in models.items():
        for variant in VARIANTS.get(name, ("",)):
            lines = whole(model, name, width, height, replace(options, variant=variant))
            assert len(lines) == height, kind
            assert {width_of(line) for line in lines} == {width}, kind
            assert {style for line in lines for _, style in line} <= set(STYLES)
            text = "".join(map(text_of, lines))
            assert is_clean(text)
            assert options.glyphs is not ASCII or text.isascii(), kind


def test_each_face_comes_from_the_state_of_the_job(models: dict[str, Model]) -> None:
    faces = {kind: model.face for kind, model in models.items()}
    assert faces == {
        "nothing": Face.PREPARING,
        "preparing": Face.PREPARING,
        "running": Face.RUNNING,
        "standing": Face.STANDING,
        "wide": Face.RUNNING,
        "ended": Face.ENDED,
        "failed": Face.ENDED,
        "silent": Face.NOT_RESPONDING,
    }


@pytest.mark.parametrize("name", [field.name for field in fields(Model)])
def test_any_one_field_may_be_unknown(models: dict[str, Model], name: str) -> None:
    """None wherever the type allows it, the empty value elsewhere: everything is drawn all the same."""
    plain = Model(job="", face=Face.RUNNING, mode=Mode.LIVE, state="", at=1, now=1)
    for model in (models["running"], models["failed"], models["standing"]):
        unknown = replace(model, **{name: getattr(plain, name)})
        for screen in BODIES:
            assert len(whole(unknown, screen, 80, 24, Options())) == 24


def test_unknown_is_never_drawn_as_nought(models: dict[str, Model]) -> None:
    model = replace(models["running"], items=None, median_ns=None, items_s=None, ends=None)
    text = "\n".join(text_of(line) for line in whole(model, "Overview", 120, 36, Options()))
    assert "of –" in text
    assert "– /s" in text


def test_a_percentage_rounds_down_and_the_last_cell_stays_open(models: dict[str, Model]) -> None:
    model = replace(models["running"], mini_batches=10_000, done=9_994, abandoned=0, listed=True)
    text = "\n".join(text_of(line) for line in whole(model, "Overview", 80, 24, Options()))
    assert "99.9 %" in text
    assert "█░    99.9 %" in text


def test_a_short_last_mini_batch_counts_the_items_it_has() -> None:
    world = World(1, checked=False)
    world.begin_term()
    world.happen(e.ListingFinished(world.now, 2, 4))
    waiting = replace(Options(), variant="waiting")
    rows = [text_of(line).split() for line in whole(model_of(world), "Batches", 120, 36, waiting)]
    assert [row[5] for row in rows if row[1:2] == ["waiting"]] == ["3", "1"]
    world.happen(e.MiniBatchAbandoned(world.now, 1, 1, "asked for"))
    lines = whole(model_of(world), "Overview", 120, 36, Options())
    assert any(text_of(line).split()[:4] == ["items", "1", "of", "4"] for line in lines)


@pytest.mark.parametrize("width", [80, 120])
def test_all_messages_of_an_error_and_what_is_in_no_group_are_counted(width: int) -> None:
    world = World(1, workers=2, mini_batches=200, checked=False)
    running(world, 30)
    for number in range(40):
        worker = next(worker.id for worker in world.run.workers.values() if worker.queue)
        world.fail(worker, e.FailureKind.EXCEPTION, message=f"no {'abcdefghijklmnopqrst'[number % 20]} there")
        world.carry_out()
    model = replace(model_of(world), other_errors=7)
    lines = [text_of(line) for line in errors.errors(model, width, 40, Options()).lines]
    (start,) = [number for number, line in enumerate(lines) if line.strip().startswith("messages")]
    counts = [int(line.replace("messages", "").split()[0]) for line in lines[start : start + 4]]
    assert sum(counts) == model.errors[0].count == 40
    assert "other messages" in lines[start + 3]
    assert any("7 attempts of other kinds" in line for line in lines)


def test_hostile_names_reach_no_screen_as_they_are() -> None:
    world = World(1, checked=False, mini_batches=40)
    world.begin_term()
    texts = [text for text in TEXTS if text]
    for number, text in enumerate(texts):
        for _ in range(3):
            world.step()
        busy = [worker for worker in world.run.workers.values() if worker.queue]
        if busy:
            target = busy[number % len(busy)].id
            world.fail(target, e.FailureKind.EXCEPTION, text)
            world.carry_out()
        world.happen(e.FindingMade(world.now, f"code{number}", text))
    model = replace(model_of(world), job=model_of(world).job)
    assert model.errors
    for name in BODIES:
        for width, height in SIZES:
            for line in whole(model, name, width, height, Options()):
                assert is_clean(text_of(line))


def test_errors_tell_what_is_in_common_and_what_was_warned_of() -> None:
    world = World(1, nodes=2, workers=2, mini_batches=200, checked=False)
    running(world, 60)
    for _ in range(2):
        worker = next(w.id for w in world.run.workers.values() if w.queue and w.node == "10.0.0.1")
        world.fail(worker, e.FailureKind.EXCEPTION)
        world.carry_out()
    model = model_of(world)
    assert model.errors[0].common
    texts = {
        width: " ".join(
            "\n".join(text_of(line) for line in errors.errors(model, width, 40, Options()).lines).split()
        )
        for width in (80, 120)
    }
    for text in texts.values():
        assert "common first items below /data; on node 10.0.0.1 only, of 2 nodes again bscore" in text
        assert "warnings" not in text
    for category, count in (("UserWarning", 5), ("FutureWarning", 7)):
        world.happen(
            e.WarningsSeen(
                world.now, worker, "warnings", category, category, "score.py:3", "lo\x1b[2Jw", 1, count, 1, 2
            )
        )
    model = model_of(world)
    assert (model.warnings, model.warning_kinds) == (12, 2)
    text = "\n".join(text_of(line) for line in errors.errors(model, 80, 40, Options()).lines)
    assert " warnings 12 times of 2 kinds, most often FutureWarning: lo" in text
    assert is_clean(text.replace("\n", ""))
    alone = replace(model, warning_kinds=1, warnings=1, limits=replace(model.limits, error_threshold=0))
    text = "\n".join(text_of(line) for line in errors.errors(alone, 80, 40, Options()).lines)
    assert " warnings 1 time FutureWarning" in text
    assert "0 items failed, none may" in text
    nothing = errors.errors(replace(model, errors=()), 80, 40, Options())
    assert "warnings 12 times of 2 kinds" in "\n".join(text_of(line) for line in nothing.lines)


def test_the_strip_and_its_clicks_agree(models: dict[str, Model]) -> None:
    model = models["ended"]
    assert sum(model.timeline.failed), "this seed is here for its failures"
    scale = scale_of(model, 80, Options())
    assert scale is not None
    assert time_at(model, 80, 0) is None
    times = [time_at(model, 80, column) for column in range(scale.left, scale.left + scale.cells)]
    known = [at for at in times if at is not None]
    assert known == sorted(known)
    assert len(known) == scale.cells
    assert [scale.column(at) for at in known] == list(range(scale.cells))
    assert "!" in text_of(strip(model, 80, 24, Options())[0])


def test_tabs_are_found_again_by_their_columns(models: dict[str, Model]) -> None:
    model = models["running"]
    text = text_of(tabs(model, "Nodes", 120, Options()))
    for name in ("Overview", "Batches", "Nodes", "Errors", "Timeline", "Logs"):
        assert screen_at(model, "Nodes", 120, text.index(name), Options()) == name
    assert screen_at(model, "Nodes", 120, 118, Options()) == ""


def test_targets_stand_on_the_lines_that_name_them(models: dict[str, Model]) -> None:
    model = models["running"]
    body = batches.batches(model, 80, 20, Options(variant="running"))
    for row, target in body.targets.items():
        assert f"{int(target.removeprefix('mb:')):,}" in text_of(body.lines[row])
    chosen = next(iter(body.targets.values()))
    again = batches.batches(model, 80, 20, Options(variant="running", selected=chosen))
    assert [text_of(line)[1] for row, line in enumerate(again.lines) if row in again.targets].count(">") == 1


def test_fifty_nodes_show_what_is_wrong_without_scrolling(models: dict[str, Model]) -> None:
    model = models["wide"]
    body: Body = nodes.nodes(model, 80, 19, Options())
    wrong = [node for node in model.nodes if node.sign]
    assert wrong
    visible = "\n".join(text_of(line) for line in body.lines[:19])
    shown = [node for node in wrong if node.id in visible]
    assert len(shown) >= min(len(wrong), 3)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_reason_of_a_lost_node_stands_behind_its_counts_and_can_be_read(width: int) -> None:
    world = running(World(4, nodes=3, workers=3, mini_batches=300, checked=False), 160)
    node = next(iter(world.run.nodes))
    reason = "no sign of life for 10 s: agent unreachable"
    world.happen(e.NodeLost(world.now, node, reason))
    reader = JobReader(MemorySource(journals_of(world.history)), lambda: world.now)
    while reader.poll()[1]:
        pass
    model = reader.model()
    row = next(row for row in model.nodes if row.id == node)
    assert row.done
    assert row.failed
    lines = [text_of(line) for line in nodes.nodes(model, width, 20, Options(selected=f"node:{node}")).lines]
    own = next(line for line in lines if f"{node} " in line)
    assert own.split()[3 if width < 100 else 5 :][:2] == [str(row.done), str(row.failed)]
    assert reason in " ".join(" ".join(lines).split())
    for worker in row.known:
        text = " ".join(next(line for line in lines if f" {worker.process} " in line).split())
        assert f"gone 0:00 {worker.done} {worker.failed} i" in text


def test_filters_hide_and_turn_round(models: dict[str, Model]) -> None:
    model = models["running"]
    everything = batches.batches(model, 80, 40, Options(variant="running")).targets
    some = batches.batches(model, 80, 40, Options(variant="running", filter="10.0.0.0")).targets
    others = batches.batches(model, 80, 40, Options(variant="running", filter="!10.0.0.0")).targets
    assert sorted(everything.values()) == sorted([*some.values(), *others.values()])


def test_style_names_are_those_of_the_contract() -> None:
    assert get_args(Style) == STYLES
