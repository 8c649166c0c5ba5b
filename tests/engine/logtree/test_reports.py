"""Reports: their whole text, once per kind, and what no input may do to them."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrary_events import TEXT, events_of
from bscore.core import events as ev
from bscore.core.events import FailureKind, Outcome
from bscore.core.rates import Rate
from bscore.logtree import job_report, overview, paths, reports
from bscore.logtree.causes import MAX_CAUSES, Cause, cause_lines, user_error_summary
from bscore.logtree.kept import join_kept, split_kept
from bscore.logtree.readme_text import FILES, readme
from bscore.logtree.reports import ResultFacts

AT = 1_618_524_212_226_929  # 2021-04-15T22:03:32.226929
MINUTE = 60_000_000
WORKER = "10.0.0.15/process001"


def names(mini_batch: int) -> list[str]:
    return [f"{mini_batch:07}.txt"]


def finished(**changes: int) -> ev.Finished:
    event = ev.Finished(
        AT, WORKER, 0, 1, 1_603_508_356_472_606, 2_262_827_191, 523_817_276, 87_925_033, 1, 1, 1, 9, 0, 0, 0
    )
    return dataclasses.replace(event, **changes)  # type: ignore[arg-type]  # the changed fields are all int


def failed(kind: FailureKind, message: str = 'bad, "row"\nno 3') -> ev.AttemptFailed:
    return ev.AttemptFailed(
        AT, WORKER, 7, 2, kind, AT - MINUTE, 60_000_000_000, -1, 59_000_000_000, 3, "ValueError", message,
        "score.py:12 in run", "logs/user/error/a@0", "in/a.csv", None, None, 0, 0, 0,
    )  # fmt: skip


CAUSES = (
    Cause(FailureKind.TIMEOUT, "TimeoutError", "run() took longer than 90 seconds", "score.py:40 in wait", 3,
          AT, AT + MINUTE, ("10.0.0.4",), 16),
    Cause(FailureKind.EXCEPTION, "ValueError", 'bad "row"\n\x1b[31m', "score.py:12 in run", 12, AT,
          AT + MINUTE, ("10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8"), 19,
          "logs/user/error/10.0.0.4/process003.txt@1234", "in/0000019.csv", 24,
          ("first items below in\n", "within one minute only, of 10 minutes")),
    Cause(FailureKind.EXCEPTION, "KeyError", "'x'", "", 1, AT, AT, (), 20),
)  # fmt: skip
FACTS = ResultFacts(
    job="nightly", outcome=Outcome.FAILED, reason="No progress update in 195 seconds.", started_at=AT,
    ended_at=AT + 10 * MINUTE, mini_batches=276, done=200, abandoned=16, retried=30, items=551, succeeded=400,
    failed=32, rows=400, output="", part="outputs/score/.predictions.csv.2.part", resumed=1, causes=CAUSES,
    other_failures=4, findings=("10.0.0.9 needs 4.1 times as long as the others.",), workers_gone=2,
    rate=Rate(0.5, None),
)  # fmt: skip


def test_messages_of_one_cause_stand_below_it_and_add_up() -> None:
    many = tuple((count, f"bad {count}") for count in range(1, 9))
    lines = cause_lines([dataclasses.replace(CAUSES[1], count=50, messages=many)])
    counts = [int(line.split()[0]) for line in lines if re.match(r" +\d+ x ", line)]
    assert sum(counts) == 50
    assert counts[:2] == [8, 7]
    assert lines[-1].endswith("other messages")
    assert not any(" x " in line for line in cause_lines([dataclasses.replace(CAUSES[1], messages=many[:1])]))


def test_the_overview_of_a_real_job_is_written_as_it_was() -> None:
    """Lines of the public sample of issue 1429."""
    lines = [
        overview.overview_line(AT, overview.START),
        overview.overview_line(AT + 2_058_851, overview.overviewer_started("10.0.0.4")),
        overview.overview_line(AT + 22_540_834, overview.scheduling_finished(276, 551, 22.4)),
        overview.overview_line(AT + 22_672_737, overview.progress(0, 276, 30.0, None)),
    ]
    assert "".join(lines) == (
        "2021-04-15T22:03:32.226929 Start the simulator.\n"
        "2021-04-15T22:03:34.285780 The overviewer on 10.0.0.4 started.\n"
        "2021-04-15T22:03:54.767763 Scheduling finished. Scheduled 276 mini batches in 22 seconds."
        " There are 276 tasks with 551 items.\n"
        "2021-04-15T22:03:54.899666 No task has been processed yet.\n"
    )


def test_the_other_lines_of_the_overview() -> None:
    assert overview.progress(100, 400, 18_133.6, 54_400.8) == (
        "Processed 100 of 400 mini batches in 5:02:14. Estimated remaining time 15:06:41."
    )
    assert overview.progress(1, 2, 97_200, 97_200) == (
        "Processed 1 of 2 mini batches in 1 day, 3:00:00. Estimated remaining time 1 day, 3:00:00."
    )
    assert overview.progress(3, 9, 40.0, None) == "Processed 3 of 9 mini batches in 0:00:40."
    assert overview.progress_stopped(["No progress update in 195 seconds."]) == (
        "Progress update stopped for reasons: ['No progress update in 195 seconds.']."
    )
    assert overview.no_progress_check(195, 30.4) == (
        "No progress update in 195 seconds. No progress update in this check."
        " Wait 30 seconds since last update."
    )
    assert overview.overviewer_stopped("7") == "The overviewer on 7 stopped."
    assert overview.overview_line(0, "a\nb") == "1970-01-01T00:00:00.000000 a b\n"


@pytest.mark.parametrize(
    ("looks", "left_s", "expected"),
    [(1, None, True), (1, 299.0, True), (1, 300.0, False), (11, 9999.0, False), (12, 9999.0, True)],
)
def test_far_ends_are_estimated_rarely(looks: int, left_s: float | None, expected: bool) -> None:
    assert overview.due(looks, left_s) is expected


def test_the_header_is_the_originals() -> None:
    assert job_report.HEADER == (
        "Mini-batch Id,Picked Count,Ip Address,Process,Start Time,Total,Succeeded,Failed,Elapsed Seconds,"
        "Process Seconds,Run Method Seconds,Status,Error Category,Error Message,Mini-batch Detail\n"
    )


def test_rows_are_those_of_the_public_sample() -> None:
    ready = ev.WorkerReady(1_603_508_344_227_237 + 2929, "10.0.0.27/process004", 2_929_926, "3.8")
    assert job_report.row(ready, names) == (
        ",,10.0.0.27,process004,2020-10-24T02:59:04.227237,,,,0.002929926,,,LOAD_DONE,,,\n"
    )
    assert job_report.row(finished(), names) == (
        "0,1,10.0.0.15,process001,2020-10-24T02:59:16.472606,1,1,0,2.262827191,0.523817276,0.087925033,"
        'RUN_DONE,,,"{""id"": 0, ""minibatch"": [""0000000.txt""]}"\n'
    )


def test_failed_attempts_have_a_row_with_their_cause() -> None:
    [cells] = csv.reader(io.StringIO(job_report.row(failed(FailureKind.EXCEPTION), names)))
    assert cells[:4] == ["7", "2", "10.0.0.15", "process001"]
    assert cells[5:14] == [
        "3", "0", "3", "60.000000000", "", "59.000000000", "RUN_EXCEPTION", "exception",
        'ValueError: bad, "row"\\nno 3',
    ]  # fmt: skip
    assert json.loads(cells[14])["place"] == "score.py:12 in run"
    assert ",RUN_TIMEOUT,timeout," in job_report.row(failed(FailureKind.TIMEOUT), names)
    load = ev.InitFailed(AT, WORKER, FailureKind.TIMEOUT, "TimeoutError", "init() took 210 s", "", "")
    assert ",LOAD_TIMEOUT,timeout,TimeoutError: init() took 210 s," in job_report.row(load, names)


WITH_ROW = events_of(ev.Finished, ev.AttemptFailed, ev.WorkerReady, ev.InitFailed)


@given(WITH_ROW, st.lists(TEXT, max_size=3))
def test_a_row_is_one_line_of_fifteen_cells(event: ev.Event, items: list[str]) -> None:
    if isinstance(event, ev.Finished | ev.AttemptFailed):
        event = dataclasses.replace(event, start=event.at, elapsed_ns=5)
    elif isinstance(event, ev.WorkerReady):
        event = dataclasses.replace(event, init_ns=5)
    row = job_report.row(event, lambda _: items)
    assert row.count("\n") == 1
    [cells] = csv.reader(io.StringIO(row, newline=""))
    assert len(cells) == job_report.HEADER.count(",") + 1
    if cells[14]:
        assert json.loads(cells[14])["minibatch"] == items or any(
            "\ud800" <= c <= "\udfff" for c in "".join(items)
        )


def test_a_script_that_cannot_be_imported_never_came_to_its_init() -> None:
    cause = Cause(FailureKind.EXCEPTION, "ImportError", "no", "s.py:1 in <module>", 3, AT, AT, (), -1)
    assert "    First: init()" in cause_lines([cause])
    assert "    First: the import of the script" in cause_lines([dataclasses.replace(cause, loading=True)])


def test_other_events_have_no_row() -> None:
    assert job_report.row(ev.NodeBack(AT, "a"), names) == ""


def test_sums_per_process_and_node() -> None:
    summary = job_report.Summary()
    other = dataclasses.replace(finished(mini_batch=1), worker="10.0.0.15/process000")
    for event in (ev.WorkerReady(AT, "10.0.0.9/process000", 5, "3"), finished(), failed(FailureKind.TIMEOUT),
                  failed(FailureKind.DIED), other, ev.NodeBack(AT, "a")):  # fmt: skip
        summary.add(event)
    processes = list(csv.DictReader(io.StringIO("".join(summary.process_rows()))))
    assert [(row["Ip Address"], row["Process"], row["Mini-batches"], row["Picked Count"], row["Failed"],
             row["Run Timeouts"], row["Run Exceptions"]) for row in processes] == [
        ("10.0.0.15", "process000", "1", "1", "0", "0", "0"),
        ("10.0.0.15", "process001", "1", "3", "6", "1", "1"),
        ("10.0.0.9", "process000", "0", "0", "0", "0", "0"),
    ]  # fmt: skip
    nodes = list(csv.DictReader(io.StringIO("".join(summary.node_rows()))))
    assert [
        (row["Ip Address"], row["Processes"], row["Picked Count"], row["Elapsed Seconds"]) for row in nodes
    ] == [
        ("10.0.0.15", "2", "4", "124.525654382"),
        ("10.0.0.9", "1", "0", "0.000000000"),
    ]
    assert nodes[0]["First Start Time"] == "2020-10-24T02:59:16.472606"
    assert nodes[1]["First Start Time"] == ""


def test_sums_of_a_crash_loop_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_report, "MAX_PROCESSES", 3)
    summary = job_report.Summary()
    for number in range(20):
        summary.add(dataclasses.replace(finished(), worker=f"10.0.0.4/process{number:03}"))
    rows = list(csv.DictReader(io.StringIO("".join(summary.process_rows()))))
    assert [(row["Process"], row["Picked Count"]) for row in rows] == [
        ("other", "17"), ("process000", "1"), ("process001", "1"), ("process002", "1"),
    ]  # fmt: skip


def test_the_result_says_first_what_a_tired_person_needs() -> None:
    assert (
        reports.job_result(FACTS)
        == """\
Failed. No progress update in 195 seconds.
Job nightly took 0:10:00 (2021-04-15T22:03:32 to 2021-04-15T22:13:32 UTC), resumed once.

Items:        551 in all, 400 succeeded, 32 failed
Mini-batches: 276 in all, 200 done, 16 abandoned, 60 not processed, 30 tried again
Rate:         0.5 items/s while it scored, since it was resumed
Lost:         2 workers died, 0 nodes lost

What went wrong, most frequent first
The run() function in the entry script had raised exception for 13 times. Please check logs at \
logs/user/error/* for details.
  * Error 'ValueError: bad "row"\\n\\x1b[31m' occurred 12 times.
    in score.py:12 in run, on 10.0.0.4, 10.0.0.5, 10.0.0.6, 10.0.0.7 and others, 24 items, \
2021-04-15T22:03:32 to 2021-04-15T22:04:32
    In common: first items below in\\n; within one minute only, of 10 minutes
    First: mini-batch 19, item in/0000019.csv, whole text in logs/user/error/10.0.0.4/process003.txt@1234
  * Error "KeyError: 'x'" occurred 1 times.
    2021-04-15T22:03:32 to 2021-04-15T22:03:32
    First: mini-batch 20
The run() function in the entry script had timeout for 3 times.
  * Error 'TimeoutError: run() took longer than 90 seconds' occurred 3 times.
    in score.py:40 in wait, on 10.0.0.4, 2021-04-15T22:03:32 to 2021-04-15T22:04:32
    First: mini-batch 16
Other failed attempts: 4. All of them are in logs/sys/job_report/processed_mini-batches.csv.

Findings
  * 10.0.0.9 needs 4.1 times as long as the others.

400 rows of finished mini-batches are kept in outputs/score/.predictions.csv.2.part
A resumed job goes on behind them.

See what happened:  bscore-tui nightly
Go on from here:    bscore job resume nightly --retry-failed
Errors in short:    logs/user/error.txt
Whole tracebacks:   logs/user/error/<node>/<process>.txt
Every attempt:      logs/sys/job_report/processed_mini-batches.csv
"""
    )


def test_a_function_that_fails_is_repaired_where_it_was_written() -> None:
    text = reports.job_result(dataclasses.replace(FACTS, of_functions=True))
    assert f"What to do:         {reports.SCORE_AGAIN}\n" in text
    assert "job resume" not in text
    killed = reports.job_result(dataclasses.replace(FACTS, of_functions=True, causes=()))
    assert "job resume" in killed


def test_the_result_of_a_job_without_trouble_is_short() -> None:
    facts = dataclasses.replace(
        FACTS, outcome=Outcome.COMPLETED, reason="", resumed=0, causes=(), other_failures=0, findings=(),
        output="outputs/score/predictions.csv", part="", workers_gone=0, done=276, abandoned=0, retried=0,
        short=3, rate=Rate(0.74, 0.46),
    )  # fmt: skip
    assert (
        reports.job_result(facts)
        == """\
Completed.
Job nightly took 0:10:00 (2021-04-15T22:03:32 to 2021-04-15T22:13:32 UTC).

Items:        551 in all, 400 succeeded, 32 failed
Mini-batches: 276 in all, 276 done, 0 abandoned, 0 not processed, 0 tried again
Too short:    3 mini-batches; run() returned fewer rows than items, the missing ones count as failed
Rate:         0.5 mini-batches/s, 0.7 items/s while it scored

400 rows are in outputs/score/predictions.csv

See what happened:  bscore-tui nightly
Every attempt:      logs/sys/job_report/processed_mini-batches.csv
"""
    )


def test_the_result_of_a_job_that_never_began() -> None:
    facts = ResultFacts(
        "x", Outcome.FAILED, "The inputs cannot be listed:\n/data: denied", AT, AT, 0, 0, 0, 0, 0, 0,
        0, 0, "", listed=False,
    )  # fmt: skip
    text = reports.job_result(facts)
    assert text.startswith("Failed. The inputs cannot be listed: /data: denied\n")
    assert "The inputs were not listed to their end." in text
    assert "No rows were written." in text
    assert "Rate:" not in text


@given(TEXT, TEXT, TEXT, st.text(min_size=400, max_size=2000))
def test_foreign_text_stays_on_its_line_and_moves_no_cursor(
    one: str, two: str, three: str, long: str
) -> None:
    cause = dataclasses.replace(CAUSES[1], message=one + long, place=two, trace=three, item=long)
    plain = reports.job_result(dataclasses.replace(FACTS, causes=CAUSES[1:2]))
    text = reports.job_result(dataclasses.replace(FACTS, causes=(cause,), reason=long, findings=(long,)))
    assert all(char.isprintable() or char == "\n" for char in text)
    assert text.count("\n") == plain.count("\n")
    assert len(text) < 20_000


def test_many_causes_are_counted_and_not_all_listed() -> None:
    causes = [dataclasses.replace(CAUSES[1], message=f"no {n}", count=n + 1) for n in range(100)]
    text = user_error_summary(causes)
    assert text.count("  * Error") == MAX_CAUSES
    assert "had raised exception for 5050 times" in text
    assert f"Other failed attempts: {sum(range(1, 81))}." in text
    assert user_error_summary([]) == "The script raised no errors.\n"


def test_the_driver_log_is_worded_as_the_originals() -> None:
    start = reports.driver_start(AT, "driver/amlbi_main.py", ["--batch_size", "20"], "0.1.0", "host-a", 356)
    assert start == (
        "Preparing to call script [driver/amlbi_main.py] with arguments:['--batch_size', '20']\n"
        "Azure Machine Learning Batch Inference Start\n"
        "[2021-04-15 22:03:32.226929] bscore 0.1.0 on host-a, process 356.\n"
    )
    assert reports.driver_end(
        AT, Outcome.FAILED, "No progress.", "Traceback (most recent call last):\n  x\n"
    ) == (
        "[2021-04-15 22:03:32.226929] Failed. No progress. See logs/job_result.txt.\n"
        "Azure Machine Learning Batch Inference End\n"
        "Traceback (most recent call last):\n  x\n"
    )


def test_the_readme_names_every_file_that_has_a_path() -> None:
    text = readme()
    told = {re.sub(r"<\w+>", "<>", path) for path, _ in FILES}
    constants = {value for key, value in vars(paths).items() if key.isupper()}
    below = tuple(path for path in told if path.endswith("/"))
    missing = {path for path in constants - told if not f"{path}/".startswith(below)}
    assert missing == {paths.REPORTS, paths.README}
    assert all(path in text and purpose in text for path, purpose in FILES)


@given(st.lists(st.text("a b'\"\\/é", min_size=1), min_size=1, max_size=3))
def test_kept_part_files_are_told_apart_whatever_their_folders(folders: list[str]) -> None:
    parts = [f"/{folder}/.predictions.csv.{number}.ab12.part" for number, folder in enumerate(folders)]
    assert split_kept(join_kept(parts)) == parts


def test_kept_part_files_stand_on_lines_of_their_own() -> None:
    parts = ["/my results/.p.csv.1.ab.part", "/my results/.p.csv.2.ab.part"]
    text = reports.job_result(dataclasses.replace(FACTS, part=join_kept(parts)))
    assert f"are kept in\n  {parts[0]}\n  {parts[1]}\nA resumed job" in text
    assert split_kept("/a/.p.1.part /a/.p.2.part") == ["/a/.p.1.part", "/a/.p.2.part"]
    for unclear in ("/my results/.p.1.part", "/my results/.p.1.part /my results/.p.2.part", "it's/x.part"):
        assert split_kept(unclear) == [unclear]
