"""Scripts that start processes and threads, take signals, crash, and are profiled."""

from __future__ import annotations

import inspect
import pstats
import re
import sys
import threading
from multiprocessing import resource_tracker
from pathlib import Path

import pytest

from bscore.core import events as e
from bscore.core.limits import Limits
from rigs import NODE, Rig

OUT = f"logs/user/stdout/{NODE}/process000.stdout.txt"
ERR = f"logs/user/stderr/{NODE}/process000.stderr.txt"
RAW_OUT = f"logs/sys/node/{NODE}/process000.stdout.txt"
RAW_ERR = f"logs/sys/node/{NODE}/process000.stderr.txt"
LOG = f"logs/user/entry_script_log/{NODE}/process000.log.txt"

POOLS = """
    import multiprocessing, os
    from azureml_user.parallel_run import EntryScript
    from azureml.core.model import Model
    import helper
    class Thing:
        def __init__(self, n):
            self.n = n
    def square(thing):
        EntryScript().logger.info("child %d", thing.n)
        return Thing(helper.twice(thing.n) ** 2)
    def init():
        global pool
        pool = multiprocessing.get_context(os.environ["METHOD"]).Pool(1)
    def run(mini_batch):
        return [thing.n for thing in pool.map(square, [Thing(i) for i in range(len(mini_batch))])]
    def shutdown():
        pool.close()
        pool.join()
"""


def _is_mixed() -> bool:
    """Whether this interpreter runs the library of another release of itself.

    So does one whose shared libpython this user may not reach: the loader takes the system's.
    """
    wanted = "._recursion_count()" in inspect.getsource(resource_tracker)
    return wanted and not hasattr(threading.RLock(), "_recursion_count")


@pytest.mark.skipif(_is_mixed(), reason="this interpreter and its library are of two releases")
@pytest.mark.parametrize(
    ("method", "name"), [("fork", "score"), ("spawn", "score"), ("forkserver", "score"), ("spawn", "pickle")]
)
def test_a_script_may_have_a_pool_of_processes(tmp_path: Path, method: str, name: str) -> None:
    """Also where children import the script anew, or its name is taken by the standard library."""
    files = {f"{name}.py": POOLS, "helper.py": "def twice(n): return 2 * n"}
    with Rig(tmp_path, files, script=f"{name}.py", environment={"METHOD": method}) as rig:
        worker = rig.start()
        rig.assign(worker, ["a", "b", "c"], ["d"])
        answers = rig.answered(2)
        assert [a.rows for a in answers] == [b"0\n4\n16\n", b"0\n"]
        assert [line.rpartition("|")[2] for line in rig.text(LOG).splitlines()] == [
            "child 0", "child 1", "child 2", "child 0",
        ]  # fmt: skip
        rig.stop(worker)
        assert rig.gone().exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.7", "3.9", "3.13"])
def test_stand_ins_pools_and_profiles_work_in_old_and_new_pythons(tmp_path: Path, version: str) -> None:
    found = list(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    if not found:
        pytest.skip(f"no Python {version} here")
    files = {"score.py": POOLS, "helper.py": "def twice(n): return 2 * n"}
    changes = {
        "environment": {"METHOD": "spawn"},
        "profiling_module": "profile",
        "interpreter": str(found[0]),
    }
    with Rig(tmp_path, files, **changes) as rig:
        worker = rig.start()
        rig.assign(worker, ["a", "b"], ["c"])
        assert [a.rows for a in rig.answered(2)] == [b"0\n4\n", b"0\n"]
        assert rig.text(LOG).count("|child ") == 3
        rig.stop(worker)
        assert rig.gone().exit_code == 0
        assert list(rig.tree.rglob("*.profile"))
        assert rig.stderr() == ""


def test_sub_processes_inherit_the_raw_streams_and_own_their_output_where_it_is_captured(
    tmp_path: Path,
) -> None:
    script = """
        import subprocess, sys
        def run(mini_batch):
            code = "import sys; print('out'); print('err', file=sys.stderr)"
            child = subprocess.Popen([sys.executable, "-c", code])
            child.wait()
            captured = subprocess.run(["echo", "captured"], stdout=subprocess.PIPE, check=True)
            import helper
            return [captured.stdout.decode().strip(), child.returncode]
    """
    with Rig(tmp_path, {"score.py": script, "helper.py": ""}) as rig:
        rig.assign(rig.start(), ["a", "b"])
        assert rig.answered(1)[0].rows == b"captured\n0\n"
        assert rig.text(RAW_OUT) == "out\n"
        assert rig.text(RAW_ERR) == "err\n"
        assert rig.text(OUT) == ""


def test_warnings_and_heavy_output_land_in_the_users_files(tmp_path: Path) -> None:
    script = """
        import logging, sys, warnings
        def init():
            for n in range(20000):
                print("loading layer %06d %s" % (n, "=" * 80))
            sys.stderr.write("x" * 300000 + "\\n")
        def run(mini_batch):
            warnings.warn("feature is old", FutureWarning)
            logging.getLogger("mine").error("bad row")
            sys.stdout.buffer.write(b"bytes\\n")
            sys.stdout.flush()
            return mini_batch
    """
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a"])
        rig.answered(1)
        out = rig.text(OUT)
        assert out.startswith("loading layer 000000 =")
        assert out.endswith("ERROR:mine:bad row\nbytes\n")
        assert len(out.splitlines()) == 20002
        assert "score.py:8: FutureWarning: feature is old" in rig.text(ERR)


def test_threads_may_outlive_run_and_do_not_keep_a_worker_from_its_end(tmp_path: Path) -> None:
    script = """
        import threading, time
        beats = []
        def beat():
            while True:
                beats.append(time.monotonic())
                time.sleep(0.001)
        def init():
            threading.Thread(target=beat).start()
        def run(mini_batch):
            before = len(beats)
            while len(beats) == before:
                time.sleep(0.001)
            return [threading.active_count() >= 2]
    """
    limits = Limits(run_invocation_timeout_s=0.8, task_overhead_timeout_s=0.2)
    with Rig(tmp_path, script, limits=limits) as rig:
        name = rig.start()
        rig.assign(name, ["a"], ["b"])
        assert [a.rows for a in rig.answered(2)] == [b"True\n"] * 2
        rig.stop(name)
        gone = rig.gone()
        assert (gone.init_failed, gone.signal) == (False, 9)
        assert "1 s" in gone.cause, gone.cause


def test_signals_that_a_script_takes_are_its_own(tmp_path: Path) -> None:
    script = """
        import os, signal
        def init():
            signal.signal(signal.SIGTERM, lambda number, frame: print("terminated"))
            signal.signal(signal.SIGALRM, on_alarm)
        def on_alarm(number, frame):
            raise TimeoutError("took too long")
        def run(mini_batch):
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            if mini_batch == ["slow"]:
                signal.setitimer(signal.ITIMER_REAL, 0.01)
                signal.pause()
            return mini_batch
    """
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a"], ["slow"], ["b"])
        answers = rig.answered(3)
        assert [a.rows for a in answers] == [b"a\n", b"", b"b\n"]
        assert [(f.error_type, f.place) for f in rig.failures] == [("TimeoutError", "score.py:7 in on_alarm")]
        assert rig.text(OUT) == "terminated\n" * 3


def test_a_crash_says_where_with_and_without_the_users_faulthandler(tmp_path: Path) -> None:
    script = """
        import ctypes
        def read_far():
            ctypes.string_at(0)
        def run(mini_batch):
            read_far()
    """
    for folder, environment in (("a", {}), ("b", {"PYTHONFAULTHANDLER": "1"})):
        with Rig(tmp_path / folder, script, environment=environment) as rig:
            rig.assign(rig.start(), ["a"])
            rig.answered(1)
            (failed,) = rig.failures
            assert failed.place == "score.py:4 in read_far"
            assert failed.signal == 11


@pytest.mark.parametrize("module", ["cProfile", "profile"])
def test_a_profile_is_kept_also_beside_a_module_of_that_name(tmp_path: Path, module: str) -> None:
    script = """
        def work(): return sum(range(1000))
        def run(mini_batch):
            work()
            if mini_batch[0] == "bad": raise ValueError("no")
            return mini_batch
    """
    files = {"score.py": script, "profile.py": "raise RuntimeError('mine')", "cProfile.py": "1 / 0"}
    with Rig(tmp_path, files, profiling_module=module) as rig:
        name = rig.start()
        rig.assign(name, ["a"], ["bad"], ["c"])
        rig.answered(3)
        assert [f.error_type for f in rig.failures] == ["ValueError"]
        rig.stop(name)
        rig.gone()
        stats = pstats.Stats(str(rig.tree / f"logs/sys/node/{NODE}/process000.profile"))
        calls = {function[2]: row[1] for function, row in stats.stats.items()}  # type: ignore[attr-defined]  # not in the stubs
        assert (calls["run"], calls["work"]) == (3, 3)
        assert not list(rig.tree.rglob("*.part"))


@pytest.mark.soak
def test_a_worker_that_is_killed_leaves_a_profile_of_some_seconds_before(tmp_path: Path) -> None:
    script = """
        import time
        def run(mini_batch):
            time.sleep(5.1)
            return mini_batch
    """
    with Rig(tmp_path, script, profiling_module="cProfile") as rig:
        name = rig.start()
        rig.assign(name, ["a"])
        rig.answered(1)
        rig.kill(name)
        rig.gone()
        stats = pstats.Stats(str(rig.tree / f"logs/sys/node/{NODE}/process000.profile"))
        assert any(function[2] == "run" for function in stats.stats)  # type: ignore[attr-defined]  # not in the stubs


def test_each_worker_gets_one_gpu_and_a_freed_one_goes_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program called nvidia-smi stands for the driver; the agent asks it as it asks the real one."""
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text(
        "#!/bin/sh\necho 'GPU 0: A100 (UUID: GPU-1)'\necho '  MIG 1g.5gb'\necho 'GPU 1: A100 (UUID: x)'\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    script = """
        import os
        def run(mini_batch):
            return [os.environ.get(n, "-") for n in ("CUDA_VISIBLE_DEVICES", "AZ_BATCHAI_GPU_COUNT_FOUND")]
    """

    def seen(rig: Rig, number: int) -> str:
        count = len(rig.answers)
        rig.assign(f"{NODE}/process{number:03d}", ["x", "y"], first=count)
        return rig.answered(count + 1)[count].rows.decode().replace("\n", " ")

    with Rig(tmp_path, script) as rig:
        rig.start(3)
        assert [seen(rig, n) for n in range(3)] == ["0 2 ", "1 2 ", "- 2 "]
        rig.kill(f"{NODE}/process000")
        rig.gone()
        rig.start()
        assert seen(rig, 3) == "0 2 "
    with Rig(tmp_path / "own", script, environment={"CUDA_VISIBLE_DEVICES": ""}) as rig:
        rig.start()
        assert seen(rig, 0) == " 2 "


def test_what_was_left_to_us_of_the_gpus_is_all_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    from bscore.node.gpus import found_gpus, visible

    assert found_gpus({"CUDA_VISIBLE_DEVICES": "3,1"}) == ("3", "1")
    assert visible("") == visible("-1") == visible("NoDevFiles") == ()
    assert visible("GPU-abc, 2,2,5") == ("GPU-abc", "2")


def test_the_name_of_the_main_file_is_none_that_a_script_would_run_again(tmp_path: Path) -> None:
    script = """
        import sys
        def run(mini_batch):
            return [sys.argv[0], sys.modules["__main__"].__file__]
    """
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a", "b"])
        argv, main = rig.answered(1)[0].rows.decode().splitlines()
        assert argv == str(tmp_path / "code" / "score.py")
        assert re.search(r"bscore_worker/shims/child\.py$", main)
        assert isinstance(rig.answers[0].event, e.Finished)
        assert sys.executable == rig.setup.interpreter
