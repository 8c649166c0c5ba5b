"""What the monitor says of a run that is over: the truth of its rows, nodes, errors and tries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bscore.core.events import FailureKind
from bscore_tui.reading.plain import progress_line
from bscore_tui.views import errors, nodes, overview
from bscore_tui.views.mini_batch import mini_batch
from bscore_tui.views.model import ErrorRow, Face, Mode, Model, NodeRow
from bscore_tui.views.pages import AttemptRow, BatchStory
from bscore_tui.views.styles import Body, Options, text_of

AT = 1_790_000_000_000_000
ENDED = Model(
    "j", Face.ENDED, Mode.END, "Canceled", AT, AT, called="j", ended=AT, mini_batches=9, listed=True, done=4,
    waiting=5,
)  # fmt: skip
COMPLETED = replace(ENDED, state="Completed", done=9, waiting=0, items=18, failed_items=4)
NODE = NodeRow("10.0.0.1", "h", live=True, sign="", workers=(), gone=(), wanted=0, done=7, failed=2)


def text(body: Body) -> str:
    return "\n".join(text_of(line).rstrip() for line in body.lines)


def overview_of(model: Model, width: int = 100) -> str:
    return text(overview.overview(model, width, 34, Options()))


def error_row(kind: FailureKind, **others: Any) -> ErrorRow:
    values = {"place": "", "worker": "", "trace": "", "item": "/data/a", "folder": "/data", "nodes": ()}
    return ErrorRow(
        key="k", kind=kind.value, what="missing when the job was resumed: /data/a", count=3, first_at=AT,
        last_at=AT, first_mini_batch=2, first_attempt=0, **(values | others),
    )  # fmt: skip


def test_what_was_tried_and_waits_again_is_not_finished_rather_than_not_tried() -> None:
    shown = overview_of(ENDED)
    assert "5 not finished" in shown
    assert "not tried" not in shown


def test_rows_that_are_gone_leave_nothing_to_resume() -> None:
    shown = overview_of(replace(ENDED, lost_rows="/out/.p.csv.1.part"))
    assert "1  put /out/.p.csv.1.part back, or run the job anew" in shown
    assert "resume" not in shown
    assert "rows of finished mini-batches were removed or cut" in shown
    assert "4 finished mini-batches kept for resume" in overview_of(replace(ENDED, lost_rows=""))
    assert "4 mini-batches kept, if the part files are there" in overview_of(ENDED)


def test_a_completed_job_with_too_few_rows_says_so() -> None:
    assert "result   every mini-batch is done\n" in overview_of(COMPLETED)
    short = replace(COMPLETED, short=2)
    assert "every mini-batch is done, 2 of them with fewer rows than items" in overview_of(short)
    both = overview_of(replace(short, done=8, abandoned=1))
    assert "1 abandoned, within the limits; 2 done with fewer rows than items" in both


def test_of_an_unknown_speed_nothing_is_said() -> None:
    assert "items/s" not in overview_of(COMPLETED)
    assert "12.5 items/s while it scored" in overview_of(replace(COMPLETED, items_s=12.5))


@pytest.mark.parametrize("width", [80, 120])
def test_missing_inputs_are_items_and_no_attempts(width: int) -> None:
    model = replace(COMPLETED, errors=(error_row(FailureKind.MISSING),))
    shown = overview_of(model, width)
    assert "job debug" not in shown
    row = next(line for line in shown.splitlines() if "missing when" in line)
    assert "–" in row.partition("missing")[0]
    assert " 0 " not in row
    page = text(errors.errors(model, width, 24, Options()))
    assert "job debug" not in page
    assert "3 items" in page
    assert "3 attempts" not in page
    failed = overview_of(replace(model, state="Failed"), width)
    assert "3 items" in failed
    assert "job debug" not in failed
    assert "0 nodes" not in failed
    raised = replace(model, errors=(error_row(FailureKind.EXCEPTION, nodes=("n",)),))
    assert "bscore job debug j --mini-batch 2" in overview_of(raised, width)


@pytest.mark.parametrize("width", [80, 120])
def test_a_node_is_lost_only_where_it_was(width: int) -> None:
    """After a cancel without a master it has not come back, and that is no loss."""
    away = replace(NODE, live=False)
    for draw in (overview.overview, nodes.nodes):
        shown = text(draw(replace(ENDED, nodes=(away,)), width, 30, Options()))
        assert "lost" not in shown
        assert "?" not in shown, "unknown is a dash"
        lost = replace(away, lost_reason="silent for 10 s")
        assert "lost: silent for 10 s" in text(draw(replace(ENDED, nodes=(lost,)), width, 30, Options()))
    row = next(
        line for line in overview_of(replace(ENDED, nodes=(away,)), 120).splitlines() if "10.0" in line
    )
    assert row.split()[:2] == ["10.0.0.1", "–"]
    assert row.split()[-2:] == ["7", "2"]


@pytest.mark.parametrize(("made", "said"), [(2, "2 of 3 tries failed"), (4, ", 4 tries failed")])
def test_no_more_tries_are_counted_than_there_are(made: int, said: str) -> None:
    """What was given up and tried again has more attempts behind it than the limit allows."""
    tries = tuple(
        AttemptRow(
            n, "n/p", AT, AT, 1, 1, "ValueError", "", "", failed=True, items=2, log_path="", log_offset=0
        )
        for n in range(1, made + 1)
    )
    model = replace(ENDED, limits=replace(ENDED.limits, tries=3))
    assert said in text(mini_batch(model, BatchStory(1, tries), 80, 24, Options()))


def test_one_item_is_one_item() -> None:
    assert "1 item failed" in progress_line(replace(COMPLETED, failed_items=1), Options())
    assert "4 items failed" in progress_line(COMPLETED, Options())
