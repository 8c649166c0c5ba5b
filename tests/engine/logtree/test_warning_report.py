"""`warning.txt`: its whole text once, its bounds, and what no text may do to it."""

from __future__ import annotations

import dataclasses

from hypothesis import example, given

from arbitrary_events import events_of
from bscore.core import events as e
from bscore.core.check import check
from bscore.core.groups import MAX_WARNING_GROUPS
from bscore.core.reduce import reduce
from bscore.core.snapshot import decode_run, encode_run
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.warning_report import script_warnings, warning_summary
from bscore_worker.shapes import MAX_SHAPES_OF_PLACE

AT = 1_618_524_212_226_929  # 2021-04-15T22:03:32.226929
MINUTE = 60_000_000
SEEN = e.WarningsSeen(
    AT, "10.0.0.4/process001", "warnings", "UserWarning", "slow path #", "score.py:3", "slow path 1", 3, 1,
    AT, AT,
)  # fmt: skip


def started(*events: e.Event) -> Run:
    run = Run()
    for event in (
        e.TermStarted(AT - 5 * MINUTE, "job", 1, 1, "0", "host", "boot", 7, 0),
        e.NodeJoined(AT, "10.0.0.4", "a", 2, 100, 2),
        e.NodeJoined(AT, "10.0.0.5", "b", 2, 100, 2),
        *events,
    ):
        reduce(run, event)
    check(run)
    return run


def test_the_whole_text() -> None:
    logged = dataclasses.replace(
        SEEN, source="logging", category="WARNING:root", message="no\n\x1b[31mrow", mini_batch=-1, count=2
    )
    run = started(
        SEEN,
        dataclasses.replace(SEEN, count=8, message="slow path 9", last_at=AT + 1_000_000),
        logged,
        dataclasses.replace(logged, worker="10.0.0.5/process000", count=1, last_at=AT + 2 * MINUTE),
        dataclasses.replace(SEEN, source="other", category="", shape="", place="", message="", count=4),
        dataclasses.replace(SEEN, source="agent", category="_main", place="", message="process001 is gone"),
        e.AnswerDropped(AT, "10.0.0.4/process001", 3, 1, "nobody has this mini-batch"),
        e.ClockJumped(AT, -3600.5),
    )
    assert warning_summary(run) == (
        "Warnings of the script\n"
        "  * UserWarning 'slow path 1', 9 times\n"
        "    in score.py:3, on 10.0.0.4, 2021-04-15T22:03:32 to 2021-04-15T22:03:33\n"
        "    In common: on node 10.0.0.4 only, of 2 nodes; within one minute only, of 5 minutes\n"
        "    First: mini-batch 3, as a rule in logs/user/stderr/10.0.0.4/process001.stderr.txt\n"
        "  * WARNING:root 'no\\n\\x1b[31mrow', 3 times\n"
        "    in score.py:3, on 10.0.0.4, 10.0.0.5, 2021-04-15T22:03:32 to 2021-04-15T22:05:32\n"
        "    First: before the first mini-batch, as a rule in "
        "logs/user/stdout/10.0.0.4/process001.stdout.txt\n"
        "\n"
        "Warnings of the run itself; every line is in logs/sys/warning/ or in the journal\n"
        "  * _main 'process001 is gone', once\n"
        "    on 10.0.0.4, 2021-04-15T22:03:32 to 2021-04-15T22:03:32\n"
        "  * AnswerDropped 'An answer was dropped: nobody has this mini-batch', once\n"
        "    on 10.0.0.4, 2021-04-15T22:03:32 to 2021-04-15T22:03:32\n"
        "  * ClockJumped 'The wall clock moved by -3600.5 seconds.', once\n"
        "    2021-04-15T22:03:32 to 2021-04-15T22:03:32\n"
        "\n"
        "Other warnings, beyond 200 groups: 4\n"
    )
    assert script_warnings(run) == 16


def test_a_run_without_warnings_says_so() -> None:
    assert warning_summary(started()) == "There were no warnings.\n"


def test_groups_are_bounded_and_survive_a_snapshot() -> None:
    many = [
        dataclasses.replace(SEEN, place=f"score.py:{number}") for number in range(MAX_WARNING_GROUPS + 30)
    ]
    run = started(*many)
    assert len(run.warnings) == MAX_WARNING_GROUPS
    assert run.other_warnings == 30
    assert decode_run(encode_run(run)) == run


def test_one_place_has_a_few_messages_and_one_group_for_all_others() -> None:
    run = started(*[dataclasses.replace(SEEN, shape=f"s{number}", count=1) for number in range(500)])
    counts = sorted(group.count for group in run.warnings.values())
    assert counts == [1] * MAX_SHAPES_OF_PLACE + [500 - MAX_SHAPES_OF_PLACE]
    assert run.other_warnings == 0
    assert "'other messages', 490 times" in warning_summary(run)


@given(events_of(e.WarningsSeen))
@example(dataclasses.replace(SEEN, worker="\x1b[2J/process000"))
def test_no_text_leaves_its_line_or_moves_a_cursor(event: e.WarningsSeen) -> None:
    event = dataclasses.replace(event, first_at=AT, last_at=AT, count=1)
    text = warning_summary(started(event))
    assert all(line.isprintable() for line in text.splitlines())
    assert text.count("\n") <= 6


def test_the_readme_names_the_file() -> None:
    from bscore.logtree.readme_text import readme

    assert paths.USER_WARNINGS in readme()
