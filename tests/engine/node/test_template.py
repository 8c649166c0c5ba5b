"""Workers forked from a template are what workers started by exec are; where that is not sure, exec it is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bscore.core import events as e
from bscore.node.messages import StartWorker
from rigs import NODE, Rig, worker_name

MAIN = f"logs/sys/node/{NODE}/_main.txt"
#: Answers with the facts of its process, as JSON.
FACTS = """
    import json, os, random, sys
    import installed
    import helper

    print("script", os.getpid())

    def run(mini_batch):
        facts = {
            "pid": os.getpid(), "parent": os.getppid(), "group": os.getpgrp(), "installed": installed.PID,
            "helper": helper.PID, "folder": os.getcwd(), "argv": sys.argv[1:], "random": random.random(),
            "mark": os.environ["BSCORE_WORKER"], "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
            "open": len(os.listdir("/proc/self/fd")), "main": sys.modules["__main__"].__file__,
        }
        return [json.dumps(facts)]
"""
RUN = "def run(mini_batch): return mini_batch\n"
HELPER = "import os\nPID = os.getpid()\n"


def rig(folder: Path, installed: str = "import os\nPID = os.getpid()\n", **changes: Any) -> Rig:
    """A rig whose script imports a module that counts as installed."""
    site = folder / "site-packages"
    site.mkdir(parents=True, exist_ok=True)
    (site / "installed.py").write_text(installed)
    environment = {"PYTHONPATH": str(site), **changes.pop("environment", {})}
    source = changes.pop("source", {"score.py": FACTS, "helper.py": HELPER})
    return Rig(folder, source, environment=environment, **{"start": "template", **changes})


def facts(running: Rig, *workers: str) -> list[dict[str, Any]]:
    before = len(running.answers)
    for number, worker in enumerate(workers):
        running.assign(worker, ["x"], first=before + number)
    answers = running.answered(before + len(workers))[before:]
    found = {answer.event.worker: json.loads(answer.rows) for answer in answers}
    return [found[worker] for worker in workers]


def template_pid(running: Rig) -> int:
    line = next(line for line in running.text(MAIN).splitlines() if "template process (pid" in line)
    return int(line.partition("(pid ")[2].partition(")")[0])


def test_installed_modules_are_imported_once_and_the_scripts_own_in_every_worker(tmp_path: Path) -> None:
    with rig(tmp_path) as running:
        names = [worker_name(n) for n in range(3)]
        running.start(3)
        seen = facts(running, *names)
        assert {one["installed"] for one in seen} == {template_pid(running)}
        assert [one["helper"] for one in seen] == [one["pid"] for one in seen]
        for name, one in zip(names, seen, strict=True):
            process = name.rpartition("/")[2]
            assert running.text(f"logs/user/stdout/{NODE}/{process}.stdout.txt") == f"script {one['pid']}\n"


def test_each_forked_worker_is_a_process_of_its_own_with_the_agent_as_its_parent(tmp_path: Path) -> None:
    with rig(tmp_path) as running:
        running.start(2)
        one, other = facts(running, worker_name(0), worker_name(1))
        for seen in (one, other):
            assert seen["parent"] == os.getpid()
            assert seen["group"] == seen["pid"]
        for differs in ("folder", "mark", "random", "pid"):
            assert one[differs] != other[differs]


@pytest.mark.parametrize("way", ["argv", "main", "open"])
def test_a_forked_worker_sees_what_one_started_by_exec_sees(tmp_path: Path, way: str) -> None:
    seen = []
    for start in ("exec", "template"):
        with rig(tmp_path / start, start=start, arguments=("--a", "b")) as running:
            name = running.start()
            seen.append(facts(running, name)[0][way])
    assert seen[0] == seen[1]


def test_what_a_forked_worker_forks_is_found_by_the_workers_own_mark(tmp_path: Path) -> None:
    with rig(tmp_path) as running:
        running.start(2)
        for number, seen in enumerate(facts(running, worker_name(0), worker_name(1))):
            environment = Path(f"/proc/{seen['pid']}/environ").read_bytes().split(b"\0")
            assert f"BSCORE_WORKER={seen['mark']}".encode() in environment
            assert f"process{number:03d}" in seen["mark"]


@pytest.mark.parametrize(
    ("installed", "reason"),
    [
        (
            "import threading, time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
            "thread",
        ),
        ("import os\nfd = os.open('/dev/null', 0)", "file or socket"),
        ("import subprocess\nchild = subprocess.Popen(['sleep', '30'])", "a process"),
        ("import signal\nsignal.signal(signal.SIGUSR2, lambda *_: None)", "signal handlers"),
        ("import multiprocessing\nmultiprocessing.set_start_method('spawn')", "start method"),
        ("raise RuntimeError('no device')", "RuntimeError"),
        ("import os\nos._exit(3)", "ended"),
        ("import sys\nsys.stdout = sys.stderr", "standard streams"),
    ],
)
def test_an_import_after_which_a_fork_is_not_safe_means_exec_and_the_log_says_why(
    tmp_path: Path, installed: str, reason: str
) -> None:
    only_here = f"import os, sys\nif 'template' in os.environ['BSCORE_WORKER']:\n    exec({installed!r})\n"
    with rig(tmp_path, only_here, source={"score.py": "import installed\n" + RUN}) as running:
        running.start(2)
        assert reason in running.text(MAIN)
        assert "started by exec" in running.text(MAIN)


def test_a_module_of_the_script_that_is_named_as_a_loaded_one_means_exec(tmp_path: Path) -> None:
    files = {"score.py": "import installed, json\n" + RUN, "hidden.py": "WHOSE = 'script'\n"}
    with rig(tmp_path, "import sys\nsys.modules.setdefault('hidden', sys)\n", source=files) as running:
        running.start(2)
        assert "hidden" in running.text(MAIN)


def test_a_killed_template_costs_no_worker_and_the_next_one_comes_from_a_new_one(tmp_path: Path) -> None:
    with rig(tmp_path) as running:
        running.start(2)
        first = template_pid(running)
        os.kill(first, signal.SIGKILL)
        running.until(lambda: "template process is gone" in running.text(MAIN))
        assert len(facts(running, worker_name(0), worker_name(1))) == 2
        running.start()
        (third,) = facts(running, worker_name(2))
        assert third["installed"] not in (first, third["pid"])
        assert not running.found(e.WorkerGone)


def test_a_forked_worker_that_dies_before_it_is_ready_is_the_last_one_forked(tmp_path: Path) -> None:
    script = """
        import os
        forked = b"bscore_worker.template" in open("/proc/self/cmdline", "rb").read()
        def init():
            if forked: os.kill(os.getpid(), 11)
        def run(mini_batch): return mini_batch
    """
    with rig(tmp_path, source={"score.py": script}) as running:
        running.start(2, ready=False)
        running.until(lambda: running.found(e.WorkerGone))
        running.agent.carry_out([StartWorker(worker_name(7))])
        running.until(lambda: running.found(e.WorkerReady))
        assert "ended before it was ready" in running.text(MAIN)


def test_a_worker_that_is_stopped_before_its_process_exists_is_gone_in_order(tmp_path: Path) -> None:
    with rig(tmp_path, "import time\ntime.sleep(0.5)\nPID = 0\n") as running:
        running.start(2, ready=False)
        running.stop(worker_name(0))
        running.kill(worker_name(1))
        assert [gone.ordered for gone in running.until(lambda: running.found(e.WorkerGone))] == [True, True]
        assert not [event for event in running.found(e.WorkerStarting) if event.pid]


def test_the_template_ends_with_its_agent_and_one_worker_alone_needs_none(tmp_path: Path) -> None:
    with rig(tmp_path) as running:
        running.start(2)
        pid = template_pid(running)
    assert not Path(f"/proc/{pid}").exists()
    with rig(tmp_path / "alone", start="auto") as running:
        running.start()
        assert "template" not in running.text(MAIN)


def test_a_forked_worker_whose_agent_died_meanwhile_ends() -> None:
    asked = "import os; from bscore_worker import template; template.wait_for_adoption(-1, os.getpid())"
    assert subprocess.run([sys.executable, "-c", asked], timeout=30, check=False).returncode == 1


def test_numpys_global_generator_differs_between_forked_workers(tmp_path: Path) -> None:
    script = "import numpy as np\ndef run(mini_batch): return [repr(np.random.rand())]\n"
    with Rig(tmp_path, script, start="template") as running:
        running.start(2)
        running.assign(worker_name(0), ["x"])
        running.assign(worker_name(1), ["x"], first=1)
        one, other = (answer.rows for answer in running.answered(2))
        assert one != other
        assert "imported numpy" in running.text(MAIN)
