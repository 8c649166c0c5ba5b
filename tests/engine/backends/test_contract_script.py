"""On every backend a script sees the same, is stopped the same way, and loses nothing large."""

from __future__ import annotations

import json
from pathlib import Path

from backend_kinds import KINDS, Kind, failures_of, worker_ends
from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.core.state import Run
from bscore.logtree.kept import split_kept
from bscore.master.requests import ask
from bscore.master.run import run_job
from real_runs import ECHO, events_of, expected_rows, make_job, rows_of, run_of

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
    assert sum(Path(part).read_bytes().count(b"\n") for part in split_kept(ended.output)) == run.rows
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
