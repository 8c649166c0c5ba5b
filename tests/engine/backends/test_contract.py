"""Every backend runs the same job to the same end: rows, run, journal, logs; failures cost the same."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from backend_kinds import KINDS, LOCAL, Kind, failures_of
from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.core.state import Run
from bscore.master.job import Job
from bscore.master.run import run_job
from real_runs import ECHO, events_of, expected_rows, make_job, rows_of, run_of

#: What an inline node lacks: descriptors 1 and 2 of a process, and samples of processes.
NOT_INLINE = {
    "logs/sys/node/NODE/PROCESS.stdout.txt",
    "logs/sys/node/NODE/PROCESS.stderr.txt",
    "logs/sys/node/NODE/_template.txt",
}


def counters(run: Run) -> dict[str, Any]:
    """All of a run that does not depend on time, place or chance."""
    return {
        "outcome": (run.outcome, run.reason, run.phase),
        "mini_batches": (run.mini_batches, run.done.pairs(), run.abandoned.pairs(), run.short),
        "items": (run.items, run.done_items, run.succeeded_items, run.abandoned_items),
        "rows": (run.rows, run.committed_rows, run.committed_bytes),
        "failures": (run.retried, dict(run.failures), run.other_errors, run.dropped),
        "errors": sorted(
            (g.kind, g.error_type, g.message, g.place, g.count, g.folder) for g in run.errors.values()
        ),
        "findings": dict(run.findings),
        "warnings": sorted(
            (g.category, g.place, g.count) for g in run.warnings.values() if g.source == "logging"
        ),
        "left": (run.waiting, dict(run.in_flight), dict(run.workers)),
    }


def log_kinds(job: Job) -> set[str]:
    """Names of log files with nodes and processes left open; warnings and samples depend on time."""
    names = {str(path.relative_to(job.tree)) for path in (job.tree / "logs").rglob("*") if path.is_file()}
    kinds = {re.sub(r"process\d+", "PROCESS", re.sub(r"127\.0\.0\.\d", "NODE", name)) for name in names}
    return {name for name in kinds if not name.startswith(("logs/perf/", "logs/sys/warning/"))}


MIXED = """
import logging, os
def init():
    logging.info("loading")
def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    print("scoring", names[0])
    logging.getLogger("mixed").warning("looked at %s", names[0])
    if names[0] == "item00005":
        raise KeyError("a broken file")
    if names[0] == "item00010":
        return "a string"
    if names[0] == "item00015":
        return names[:3]
    if names[0] == "item00020":
        return (name for name in names)
    return names
"""


def test_all_backends_come_to_the_same_end(tmp_path: Path) -> None:
    runs, rows, logs, prints = {}, {}, {}, {}
    for kind in KINDS:
        folder = tmp_path / kind.name
        folder.mkdir()
        job = make_job(folder, MIXED, items=60, arguments=("--threshold", "0.5"))
        ended = run_job(job, make_backend=kind.one)
        assert ended.outcome is e.Outcome.COMPLETED, ended
        run = run_of(job)
        runs[kind.name], rows[kind.name], logs[kind.name] = counters(run), rows_of(job), log_kinds(job)
        texts = [path.read_text() for path in (job.tree / "logs/user/stdout").rglob("*.txt")]
        prints[kind.name] = Counter(line for text in texts for line in text.splitlines())
        traces = [f.trace.partition("@") for f in failures_of(job) if f.kind is e.FailureKind.EXCEPTION]
        assert len(traces) == 3
        for path, _, offset in traces:
            assert "a broken file" in (job.tree / path).read_bytes()[int(offset) :].decode()
    lost = {f"item{n:05d}" for n in (*range(5, 15), 18, 19)}
    expected = Counter({name: 1 for name in expected_rows(60) if name not in lost})
    assert rows == {kind.name: expected for kind in KINDS}
    assert [(g[0], g[2]) for g in runs["local"]["warnings"]] == [("WARNING:mixed", 16)]
    assert runs["local"] == runs["detached"] == runs["inline"]
    assert logs["local"] == logs["detached"] == logs["inline"] | NOT_INLINE
    for name in prints:
        del prints[name]["INFO:root:loading"]
    assert prints["local"] == prints["detached"] == prints["inline"]


def test_what_fails_once_is_tried_again_and_its_rows_count_once(tmp_path: Path, kind: Kind) -> None:
    script = ECHO.replace(
        "    return", "    if 'item00000' in mini_batch[0]:\n        fail_once()\n    return"
    )
    script += "\ndef fail_once():\n    try:\n        open('MARK', 'x').close()\n"
    script += "    except FileExistsError:\n        return\n    raise ValueError('once')\n"
    job = make_job(tmp_path, script.replace("MARK", str(tmp_path / "mark")), items=40, workers=1)
    assert run_job(job, make_backend=kind.two).outcome is e.Outcome.COMPLETED
    assert rows_of(job) == expected_rows(40)
    (failed,) = failures_of(job)
    assert (failed.mini_batch, failed.attempt, failed.place) == (0, 1, "score.py:13 in fail_once")
    assert [x.attempt for x in events_of(job) if isinstance(x, e.Finished) and x.mini_batch == 0] == [2]


#: Mini-batch 1 fails once all others are done; where nothing runs beside it, at once.
FAILS_LAST = """
import os, time
def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    if names[0] == "item00005" and not os.path.exists("MARKS/failed"):
        while len(os.listdir("MARKS")) < OTHERS:
            time.sleep(0.005)
        open("MARKS/failed", "w").close()
        raise ValueError("once")
    open("MARKS/" + names[0], "w").close()
    return names
"""


def test_a_retry_goes_to_another_worker_where_one_is_free(tmp_path: Path, kind: Kind) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    script = FAILS_LAST.replace("MARKS", str(marks)).replace("OTHERS", "11" if kind.processes else "0")
    job = make_job(tmp_path, script, items=60, workers=2 if kind is LOCAL else 1)
    assert run_job(job, make_backend=kind.two).outcome is e.Outcome.COMPLETED
    assert rows_of(job) == expected_rows(60)
    (failed,) = failures_of(job)
    (retried,) = [x for x in events_of(job) if isinstance(x, e.Finished) and x.mini_batch == 1]
    assert (failed.mini_batch, failed.attempt, retried.attempt) == (1, 1, 2)
    assert retried.worker != failed.worker
    assert kind is LOCAL or retried.worker.rpartition("/")[0] != failed.worker.rpartition("/")[0]


def test_what_always_raises_is_abandoned_and_the_others_are_scored(tmp_path: Path, kind: Kind) -> None:
    script = ECHO.replace("    return", "    assert 'item00010' not in mini_batch[0], 'never'\n    return")
    job = make_job(tmp_path, script, items=30, limits=Limits(tries=2))
    assert run_job(job, make_backend=kind.one).outcome is e.Outcome.COMPLETED
    assert [f.attempt for f in failures_of(job)] == [1, 2]
    assert run_of(job).abandoned.pairs() == [(2, 3)]
    assert sum(rows_of(job).values()) == 25


def test_a_script_that_cannot_begin_ends_the_run_with_its_reason(tmp_path: Path, kind: Kind) -> None:
    job = make_job(tmp_path, "def init():\n    raise OSError('no model')\ndef run(b):\n    return b\n")
    ended = run_job(job, make_backend=kind.one)
    assert ended.outcome is e.Outcome.FAILED
    assert "No worker could be started" in ended.reason
    failed = [event for event in events_of(job) if isinstance(event, e.InitFailed)]
    assert {(event.error_type, event.message, event.place) for event in failed} == {
        ("OSError", "no model", "score.py:2 in init")
    }


def test_a_script_that_leaves_by_sys_exit_is_charged_and_replaced(tmp_path: Path, kind: Kind) -> None:
    script = "import sys\ndef run(b):\n    if 'item00005' in b[0]:\n        sys.exit(7)\n    return b\n"
    job = make_job(tmp_path, script, items=30, limits=Limits(tries=2))
    assert run_job(job, make_backend=kind.one).outcome is e.Outcome.COMPLETED
    assert [(f.kind, f.exit_code, f.place) for f in failures_of(job)] == [
        (e.FailureKind.DIED, 7, "score.py:4 in run")
    ] * 2
    assert sum(rows_of(job).values()) == 25
