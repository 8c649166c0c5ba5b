"""Every backend runs the same job to the same end: rows, run, journal, logs, what the script sees."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bscore.backends.base import Backend
from bscore.backends.detached import DetachedBackend
from bscore.backends.inline import InlineBackend
from bscore.backends.local import LocalBackend
from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.core.state import Run
from bscore.master.job import Job
from bscore.master.requests import ask
from bscore.master.run import run_job
from bscore.node.clock import Clock
from real_runs import ECHO, events_of, expected_rows, make_job, rows_of, run_of


@dataclass(frozen=True)
class Kind:
    """A backend under test; `two` has two nodes, or one where there can be no more."""

    name: str
    one: Callable[[Clock], Backend]
    two: Callable[[Clock], Backend]
    processes: bool = True


INLINE = Kind("inline", InlineBackend, partial(InlineBackend, nodes=2), processes=False)
LOCAL = Kind("local", LocalBackend, LocalBackend)
DETACHED = Kind("detached", DetachedBackend, partial(DetachedBackend, nodes=("127.0.0.2", "127.0.0.3")))
KINDS = [INLINE, LOCAL, DETACHED]
#: What an inline node lacks: descriptors 1 and 2 of a process, and samples of processes.
NOT_INLINE = {"logs/sys/node/NODE/PROCESS.stdout.txt", "logs/sys/node/NODE/PROCESS.stderr.txt"}


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture(params=[LOCAL, DETACHED], ids=lambda kind: kind.name)
def with_processes(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def counters(run: Run) -> dict[str, object]:
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
        "left": (run.waiting, dict(run.in_flight), dict(run.workers)),
    }


def log_kinds(job: Job) -> set[str]:
    """Names of log files with nodes and processes left open; warnings and samples depend on time."""
    names = {str(path.relative_to(job.tree)) for path in (job.tree / "logs").rglob("*") if path.is_file()}
    kinds = {re.sub(r"process\d+", "PROCESS", re.sub(r"127\.0\.0\.\d", "NODE", name)) for name in names}
    return {name for name in kinds if not name.startswith(("logs/perf/", "logs/sys/warning/"))}


def failures_of(job: Job) -> list[e.AttemptFailed]:
    return [event for event in events_of(job) if isinstance(event, e.AttemptFailed)]


def worker_ends(job: Job) -> list[e.Event]:
    """Why a job had other workers than it should, for the message of a failed test."""
    return [x for x in events_of(job) if isinstance(x, e.WorkerGone | e.InitFailed | e.AttemptFailed)]


MIXED = """
import logging, os
def init():
    logging.info("loading")
def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    print("scoring", names[0])
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


SEEN = """
import json, os, sys
def init():
    global seen
    names = ("AZUREML_MODEL_DIR", "AZUREML_BI_OUTPUT_PATH", "AZUREML_RUN_ID", "COLOUR")
    seen = {name: os.path.basename(os.environ.get(name, "")) for name in names}
    seen["model"] = os.listdir(os.environ["AZUREML_MODEL_DIR"])
    seen["argv"] = sys.argv[1:]
    seen["script"] = os.path.basename(sys.argv[0])
    seen["own folder"] = os.listdir(".")
    seen["path"] = [os.path.basename(entry) for entry in sys.path[:1]]
    seen["module"] = __name__
    import azureml.core, helper
    from azureml_user.parallel_run import EntryScript
    EntryScript().logger.info("to the entry script log")
    seen["stand-in"] = (azureml.core.__file__, os.path.basename(EntryScript().output_dir))
    seen["found"] = os.path.relpath(azureml.core.Model.get_model_path("model"))
    seen["helper"] = helper.VALUE
def run(mini_batch, context):
    seen["index"] = context.minibatch_index
    return [json.dumps(seen, sort_keys=True)] * len(mini_batch)
"""


def test_the_script_sees_the_same_arguments_environment_and_modules(tmp_path: Path) -> None:
    seen = {}
    for kind in KINDS:
        folder = tmp_path / kind.name
        (folder / "code").mkdir(parents=True)
        (folder / "code" / "helper.py").write_text(f"VALUE = {kind.name!r}\n")
        model = folder / "model.bin"
        model.write_bytes(b"weights")
        job = make_job(
            folder,
            SEEN,
            items=5,
            workers=1,
            model=model,
            arguments=("--threshold", "0.5"),
            environment_variables={"COLOUR": "blue"},
        )
        run_job(job, make_backend=kind.one)
        (row,) = rows_of(job)
        logs = {path.name: path for path in (job.tree / "logs/user/entry_script_log").rglob("*.txt")}
        assert list(logs) == ["process000.log.txt"], worker_ends(job)
        assert "to the entry script log" in logs["process000.log.txt"].read_text()
        seen[kind.name] = json.loads(row)
    for name, value in seen.items():
        assert value.pop("helper") == name, "two jobs of one process do not share the script's modules"
    assert seen["inline"] == seen["local"] == seen["detached"]
    assert seen["local"]["argv"] == ["--logging_level", "INFO", "--threshold", "0.5"]
    assert seen["local"]["model"] == ["model.bin"]
    assert seen["local"]["COLOUR"] == "blue"
    assert seen["local"]["own folder"] == ["azureml-models"]


def test_shutdown_is_called_once_per_worker(tmp_path: Path, kind: Kind) -> None:
    script = ECHO + "\ndef shutdown():\n    open('{FOLDER}/%d.%d' % (id(run), os.getpid()), 'x').close()\n"
    mark = tmp_path / "ended"
    mark.mkdir()
    job = make_job(tmp_path, script.replace("{FOLDER}", str(mark)))
    assert run_job(job, make_backend=kind.one).outcome is e.Outcome.COMPLETED
    gone = [event for event in events_of(job) if isinstance(event, e.WorkerGone)]
    ready = [event for event in events_of(job) if isinstance(event, e.WorkerReady)]
    assert [event.exit_code for event in gone if event.worker in {r.worker for r in ready}].count(0) >= 1
    assert len(list(mark.iterdir())) == sum(event.exit_code == 0 for event in gone)


def test_no_input_fails_the_run_and_says_so(tmp_path: Path, kind: Kind) -> None:
    ended = run_job(make_job(tmp_path, items=0), make_backend=kind.one)
    assert ended.outcome is e.Outcome.FAILED
    assert "No files were found" in ended.reason


def test_a_cancel_request_ends_the_run_and_keeps_what_is_committed(tmp_path: Path, kind: Kind) -> None:
    script = "import time\ndef run(b):\n    time.sleep(0.02)\n    open('MARK', 'w').close()\n    return b\n"
    mark = tmp_path / "begun"
    job = make_job(tmp_path, script.replace("MARK", str(mark)), items=1000)

    class Canceller:
        """Asks as soon as something was scored."""

        asked = False

        def hear(self, event: e.Event, run: Run) -> None:
            """Nothing."""

        def tick(self, run: Run, now: int) -> None:
            """Look."""
            if mark.exists() and not self.asked:
                self.asked = True
                ask(job.tree, "cancel")

        def close(self, run: Run) -> None:
            """Nothing."""

    ended = run_job(job, [Canceller()], make_backend=kind.one)
    assert ended.outcome is e.Outcome.CANCELED
    run = run_of(job)
    assert 0 < len(run.done) < 200
    assert sum(Path(part).read_bytes().count(b"\n") for part in ended.output.split()) == run.rows
    assert not job.final.exists()


def test_large_rows_arrive_whole(tmp_path: Path, kind: Kind) -> None:
    script = "def run(b):\n    return [name[-5:] * 100_000 for name in b]\n"
    job = make_job(tmp_path, script, items=30)
    assert run_job(job, make_backend=kind.one).outcome is e.Outcome.COMPLETED
    lines = job.final.read_text().splitlines()
    assert sorted(line[:5] for line in lines) == [f"{n:05d}" for n in range(30)]
    assert all(line == line[:5] * 100_000 for line in lines)
    assert not list((job.tree / "checkpoint/spool").glob("*.rows")), "no spool file is left"


def test_a_worker_killed_in_run_is_charged_and_replaced(tmp_path: Path, with_processes: Kind) -> None:
    script = (
        "import os, pathlib, signal\ndef run(b):\n    mark = pathlib.Path('MARK')\n"
        "    if 'item00010' in b[0] and not mark.exists():\n        mark.touch()\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n    return [os.path.basename(p) for p in b]\n"
    )
    job = make_job(tmp_path, script.replace("MARK", str(tmp_path / "mark")), items=300, workers=1)
    assert run_job(job, make_backend=with_processes.one).outcome is e.Outcome.COMPLETED
    assert [(f.kind, f.signal, f.mini_batch, f.attempt) for f in failures_of(job)] == [
        (e.FailureKind.DIED, 9, 2, 1)
    ]
    assert rows_of(job) == expected_rows(300)
    run = run_of(job)
    assert run.deaths == 1
    assert run.gone_count == 2


def test_what_takes_too_long_is_ended_and_charged(tmp_path: Path, with_processes: Kind) -> None:
    script = (
        "import time\ndef run(b):\n    while 'item00005' in b[0]:\n        time.sleep(0.01)\n    return b\n"
    )
    limits = Limits(run_invocation_timeout_s=0.4, task_overhead_timeout_s=0.1, tries=1)
    job = make_job(tmp_path, script, items=20, limits=limits)
    assert run_job(job, make_backend=with_processes.one).outcome is e.Outcome.COMPLETED
    (failure,) = failures_of(job)
    assert (failure.kind, failure.mini_batch) == (e.FailureKind.TIMEOUT, 1)
    assert failure.place.startswith("score.py:")
    assert sum(rows_of(job).values()) == 15
