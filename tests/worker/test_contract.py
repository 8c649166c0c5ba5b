"""The contract of a scoring script, seen from outside: what it finds, what it may return, what is written."""

from __future__ import annotations

import json
import os
import pickle
import re
import sys
from pathlib import Path

import pytest

from bscore.core import events as e
from bscore.core.events import FailureKind
from bscore.core.limits import Limits
from bscore.node.messages import TakeStacks
from rigs import NODE, Rig

OUT = f"logs/user/stdout/{NODE}/process000.stdout.txt"
ERR = f"logs/user/stderr/{NODE}/process000.stderr.txt"


def test_a_script_finds_the_world_it_expects(tmp_path: Path) -> None:
    script = """
        import argparse, json, os, sys
        import helper
        parser = argparse.ArgumentParser()
        parser.add_argument("--labels")
        at_import, unknown = parser.parse_known_args()
        seen = {"name": __name__, "file": os.path.basename(__file__), "helper": helper.__name__,
                "labels": at_import.labels, "unknown": unknown}
        def init():
            seen["argv"] = sys.argv[1:]
            seen["first"] = os.path.basename(sys.path[0])
            seen["blank"] = "" in sys.path
            seen["own"] = [m for m in sys.modules if "answers" in m]
            for name in ("AZUREML_MODEL_DIR", "AZUREML_BI_OUTPUT_PATH", "AZUREML_RUN_ID", "MINE"):
                seen[name] = os.environ[name]
            seen["cwd"] = os.path.basename(os.getcwd())
        def run(mini_batch, context):
            seen["kind"] = type(mini_batch).__name__
            seen["is list"] = isinstance(mini_batch, list)
            seen["index"] = context.minibatch_index
            seen["keys"] = context.partition_key_value
            seen["same"] = context.dataset == mini_batch
            return [json.dumps(seen)]
    """
    changes = {"arguments": ("--labels", "x", "--other"), "model": "/m", "environment": {"MINE": "yes"}}
    with Rig(tmp_path, {"score.py": script, "helper.py": ""}, **changes) as rig:
        rig.assign(rig.start(), ["a"], first=5)
        (answer,) = rig.answered(1)
        assert json.loads(answer.rows) == {
            "name": "score",
            "file": "score.py",
            "helper": "helper",
            "labels": "x",
            "unknown": ["--logging_level", "INFO", "--other"],
            "argv": ["--logging_level", "INFO", "--labels", "x", "--other"],
            "first": "code",
            "blank": False,
            "own": ["bscore_worker.answers"],
            "AZUREML_MODEL_DIR": "/m",
            "AZUREML_BI_OUTPUT_PATH": str(tmp_path / "output"),
            "AZUREML_RUN_ID": "job-1",
            "MINE": "yes",
            "cwd": "process000",
            "kind": "MiniBatch",
            "is list": True,
            "index": 5,
            "keys": {},
            "same": True,
        }


def test_modules_of_a_script_may_have_our_names(tmp_path: Path) -> None:
    names = ["main", "script", "loop", "answers", "wire", "process", "streams"]
    files = {f"{name}.py": f"who = {name!r}" for name in names}
    body = "\n".join(f"import {name}" for name in names)
    files["score.py"] = f"{body}\ndef run(mini_batch): return [{', '.join(name + '.who' for name in names)}]"
    with Rig(tmp_path, files) as rig:
        rig.assign(rig.start(), ["a"])
        (answer,) = rig.answered(1)
        assert answer.rows.decode().split() == names


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("score.py", "score"),
        ("score", "score"),
        ("batch_score/main.py", "batch_score.main"),
        ("batch_score.main", "batch_score.main"),
        ("plain/deep/entry.py", "plain.deep.entry"),
        ("code/entry.py", "entry"),
        ("pickle.py", "score_module"),
        ("my-script.py", "my-script"),
    ],
)
def test_an_entry_script_is_loaded_as_what_it_is_part_of(tmp_path: Path, entry: str, name: str) -> None:
    run = "\nimport os\ndef run(mini_batch): return [__name__, os.path.basename(__file__)]"
    files = {
        "score.py": run,
        "pickle.py": run,
        "my-script.py": run,
        "batch_score/__init__.py": "",
        "batch_score/main.py": "from .sibling import value\nimport sibling" + run,
        "batch_score/sibling.py": "value = 1",
        "plain/deep/entry.py": "from . import other" + run,
        "plain/deep/other.py": "",
        "code/entry.py": "import beside" + run,
        "code/beside.py": "",
    }
    with Rig(tmp_path, files, script=entry) as rig:
        rig.assign(rig.start(), ["a"])
        (answer,) = rig.answered(1)
        assert answer.rows.decode().split()[0] == name


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ("def init(): raise RuntimeError('no model')\ndef run(x): pass", "RuntimeError", "init() raised"),
        ("import nowhere_to_be_found", "ModuleNotFoundError", "the script cannot be imported: Module"),
        ("def run(:", "SyntaxError", "score.py:1"),
        ("import os", "", "the script cannot be imported: score.py has no function run(mini_batch)"),
        ("run = 3", "", "run in score.py is 'int', expected a function."),
        ("import sys\ndef init(): sys.exit(4)\ndef run(x): pass", "SystemExit", "sys.exit() in init()"),
        ("import sys\nsys.exit('no weights')", "SystemExit", "in the import of the script (score.py:2"),
        ("import os\nos._exit(5)", "WorkerDied", "the import of the script: exit code 5"),
        ("import os\ndef init(): os._exit(5)\ndef run(x): pass", "WorkerDied", "init(): exit code 5"),
    ],
)
def test_a_worker_that_cannot_begin_says_why(tmp_path: Path, script: str, kind: str, words: str) -> None:
    with Rig(tmp_path, script) as rig:
        name = rig.start(ready=False)
        rig.assign(name, ["a"])
        gone = rig.gone()
        (failed,) = rig.found(e.InitFailed)
        assert gone.init_failed
        assert failed.error_type == kind
        assert failed.loading == ("def init" not in script)
        assert words in gone.cause
        assert not rig.answers


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("interpreter", ["/nowhere/python", "/dev/null"])
def test_an_interpreter_that_cannot_be_started_is_said(tmp_path: Path, interpreter: str) -> None:
    with Rig(tmp_path, "", interpreter=interpreter) as rig:
        rig.start(ready=False)
        gone = rig.gone()
        assert gone.init_failed
        assert f"{interpreter} could not be started" in gone.cause
        assert len(rig.found(e.WorkerStarting)) == 1


RETURNS = """
    import sys
    def run(mini_batch):
        return {expression}
"""


@pytest.mark.parametrize(
    ("expression", "rows", "succeeded"),
    [
        ("['a', 1, None, ['x', 0]]", b"a\n1\nNone\n['x', 0]\n", 3),
        ("('a', 'b', 'c')", b"a\nb\nc\n", 3),
        ("mini_batch", b"i\nj\nk\n", 3),
        ("['only one']", b"only one\n", 1),
        ("[]", b"", 0),
        ("['\\u00e4\\ud83d\\ud800', '']", "ä\\ud83d\\ud800\n\n".encode(), 2),
    ],
)
def test_lists_become_lines_and_count(tmp_path: Path, expression: str, rows: bytes, succeeded: int) -> None:
    with Rig(tmp_path, RETURNS.format(expression=expression)) as rig:
        rig.assign(rig.start(), ["i", "j", "k"])
        (answer,) = rig.answered(1)
        assert isinstance(answer.event, e.Finished)
        assert answer.rows == rows
        assert (answer.event.succeeded, answer.event.items) == (succeeded, 3)
        assert answer.event.nbytes == len(rows)


def test_more_elements_than_items_are_kept_counted_once_and_warned_about(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): return [1, 2, 3]") as rig:
        rig.assign(rig.start(), ["a"], ["b"])
        answers = rig.answered(2)
        assert [a.rows for a in answers] == [b"1\n2\n3\n"] * 2
        assert [a.event.succeeded for a in answers] == [1, 1]
        warnings = rig.text(f"logs/sys/warning/{NODE}/process000.txt")
        assert len(warnings.splitlines()) == 1
        assert "returned 3 elements for 1 items" in warnings


@pytest.mark.parametrize("use", ["b.shape", "b.iterrows()", "b['a']", "b[['a']]"])
def test_a_script_that_wants_a_table_is_told_that_its_items_are_files(tmp_path: Path, use: str) -> None:
    with Rig(tmp_path, f"def run(b):\n    return {use}\n") as rig:
        rig.assign(rig.start(), ["a"], ["b"])
        rig.until(lambda: len(rig.failures) == 2)
        (found,) = rig.found(e.FindingMade)
        assert found.code == "script-table"
        assert "run() wants a DataFrame" in found.text


def test_an_attribute_that_no_table_has_is_only_an_error(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(b):\n    return b.shap or [][b]\n") as rig:
        rig.assign(rig.start(), ["a"])
        rig.until(lambda: rig.failures)
        assert rig.found(e.FindingMade) == []


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("(str(x) for x in mini_batch)", "returned-generator"),
        ("__import__('numpy').array(mini_batch)", "returned-ndarray"),
    ],
)
def test_what_only_the_cloud_rejects_is_accepted_with_a_finding(
    tmp_path: Path, expression: str, code: str
) -> None:
    with Rig(tmp_path, RETURNS.format(expression=expression)) as rig:
        rig.assign(rig.start(), ["a", "b"], ["c"])
        answers = rig.answered(2)
        assert answers[0].rows == b"a\nb\n"
        assert [f.code for f in rig.found(e.FindingMade)] == [code]


@pytest.mark.parametrize(
    "expression", ["None", "'text'", "{'a': 1}", "{1}", "5", "b'x'", "map(str, mini_batch)"]
)
def test_what_the_original_rejects_fails_with_its_sentence(tmp_path: Path, expression: str) -> None:
    with Rig(tmp_path, RETURNS.format(expression=expression)) as rig:
        rig.assign(rig.start(), ["a"])
        rig.answered(1)
        (failure,) = rig.failures
        assert failure.kind is FailureKind.REJECTED
        beginning = (
            "The run() method in the entry script accepts and should return a list or a pandas DataFrame. "
        )
        assert re.fullmatch(
            re.escape(beginning) + r"The actual type of output '.*' is <class '\w+'>\. .+", failure.message
        )


def test_short_returns_are_tried_again_where_that_is_wanted(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): return []", limits=Limits(retry_short_returns=True)) as rig:
        rig.assign(rig.start(), ["a"])
        rig.answered(1)
        assert [f.kind for f in rig.failures] == [FailureKind.SHORT]


def test_summary_only_counts_and_drops_the_rows(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): return mini_batch", append_row=False) as rig:
        rig.assign(rig.start(), ["a", "b"])
        (answer,) = rig.answered(1)
        assert (answer.event.succeeded, answer.event.rows, answer.rows) == (2, 0, b"")


FRAME = """
    import pandas
    def run(mini_batch):
        return pandas.DataFrame({"file": mini_batch, "text": ["a b", None], "n": [1.5, 2.0]})
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "rows", "header"),
    [
        ({}, b'x "a b" 1.5\ny  2.0\n', b""),
        ({"dataframe_header": True}, b'x "a b" 1.5\ny  2.0\n', b"file text n\n"),
        ({"to_csv": {"sep": ",", "index": True}}, b"0,x,a b,1.5\n1,y,,2.0\n", b""),
        ({"to_csv": {"sep": ",", "header": True}}, b"x,a b,1.5\ny,,2.0\n", b"file,text,n\n"),
    ],
)
def test_a_dataframe_is_written_as_the_original_does(
    tmp_path: Path, changes: dict[str, object], rows: bytes, header: bytes
) -> None:
    with Rig(tmp_path, FRAME, **changes) as rig:
        rig.assign(rig.start(), ["x", "y"])
        (answer,) = rig.answered(1)
        assert (answer.rows, answer.header, answer.event.rows) == (rows, header, 2)


def test_huge_rows_go_through_a_file(tmp_path: Path) -> None:
    script = "def run(mini_batch): return ['y' * 100] * int(mini_batch[0])"
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["50000"], ["10"], ["20000"])
        big, small, other = rig.answered(3)
        for answer, count in ((big, 50_000), (other, 20_000)):
            assert answer.rows == b""
            assert Path(answer.spool).read_bytes() == (b"y" * 100 + b"\n") * count
            assert answer.event.nbytes == count * 101
            assert Path(answer.spool).stat().st_mode & 0o777 == 0o600
        assert (small.spool, len(small.rows)) == ("", 1010)


def test_paths_of_any_bytes_reach_the_script_and_come_back_as_text(tmp_path: Path) -> None:
    odd = os.fsdecode(b"/data/\xff\xfe \n.bin")
    with Rig(tmp_path, "def run(mini_batch): return [len(mini_batch[0])] + mini_batch") as rig:
        rig.assign(rig.start(), [odd])
        (answer,) = rig.answered(1)
        assert answer.rows == f"{len(odd)}\n".encode() + b"/data/\\xff\\xfe \n.bin\n"


def test_an_empty_mini_batch_is_run_with_no_items(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): return mini_batch + ['ran']") as rig:
        rig.assign(rig.start(), [], ["a"])
        answers = rig.answered(2)
        assert [a.rows for a in answers] == [b"ran\n", b"a\nran\n"]


def test_prints_and_logging_reach_the_users_files(tmp_path: Path) -> None:
    script = """
        import logging, os, subprocess, sys
        def run(mini_batch):
            print("printed \\udcff")
            print("to stderr", file=sys.stderr)
            print("no line end", end="")
            logging.info("logged")
            logging.debug("too fine")
            os.write(1, b"raw\\n")
            subprocess.run(["echo", "child"], check=True)
            return mini_batch
        def shutdown(): print("bye")
    """
    with Rig(tmp_path, script) as rig:
        name = rig.start()
        rig.assign(name, ["a"])
        (answer,) = rig.answered(1)
        text = "printed \\udcff\nINFO:root:logged\nno line end"
        assert rig.text(OUT) == text
        assert isinstance(answer.event, e.Finished)
        assert (answer.event.stdout, answer.event.stderr, answer.event.log) == (len(text), 10, 0)
        assert rig.text(ERR) == "to stderr\n"
        assert rig.text(f"logs/sys/node/{NODE}/process000.stdout.txt") == "raw\nchild\n"
        rig.stop(name)
        gone = rig.gone()
        assert rig.text(OUT).endswith("bye\n")
        assert (gone.exit_code, gone.cause) == (0, "no more work")


def test_a_failing_shutdown_is_kept_and_breaks_nothing(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): pass\ndef shutdown(): raise OSError('flush')") as rig:
        name = rig.start()
        rig.stop(name)
        gone = rig.gone()
        assert (gone.exit_code, gone.init_failed) == (0, False)
        assert "OSError: flush" in rig.text(f"logs/user/error/{NODE}/process000.txt")
        assert "shutdown() failed: OSError: flush" in rig.text(f"logs/sys/error/{NODE}/process000.txt")


def test_stacks_are_shown_on_request_also_where_the_script_took_the_signal(tmp_path: Path) -> None:
    script = """
        import os, signal, time
        def init():
            if "TAKEN" in os.environ: signal.signal(signal.SIGUSR1, lambda *a: os._exit(99))
        def wait_long():
            time.sleep(30)
        def run(mini_batch):
            wait_long()
    """
    for folder, environment in ((tmp_path / "a", {}), (tmp_path / "b", {"TAKEN": "1"})):
        with Rig(folder, script, environment=environment) as rig:
            name = rig.start()
            rig.assign(name, ["a"])
            rig.until(lambda name=name, rig=rig: rig.agent.workers[name].running)
            rig.agent.carry_out([TakeStacks(name)])
            (taken,) = rig.until(lambda rig=rig: rig.found(e.StacksTaken))
            assert (taken.mini_batch, taken.place) == (0, "score.py:6 in wait_long")
            assert not rig.found(e.WorkerGone)
            text = rig.trace(taken.trace)
            assert "in wait_long" in text
            assert "bscore_worker" not in text


def test_a_child_that_comes_back_out_of_run_never_answers(tmp_path: Path) -> None:
    script = """
        import os
        def run(mini_batch):
            pid = os.fork()
            if pid: os.waitpid(pid, 0)
            return mini_batch
    """
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a"], ["b"])
        answers = rig.answered(2)
        assert [a.event.mini_batch for a in answers] == [0, 1]
        assert "came back out of run()" in rig.text(f"logs/sys/node/{NODE}/process000.stderr.txt")


def test_a_profile_is_written_when_asked_for(tmp_path: Path) -> None:
    with Rig(tmp_path, "def run(mini_batch): return mini_batch", profiling_module="cProfile") as rig:
        name = rig.start()
        rig.assign(name, ["a"])
        rig.answered(1)
        rig.stop(name)
        rig.gone()
        import pstats

        stats = pstats.Stats(str(rig.tree / f"logs/sys/node/{NODE}/process000.profile"))
        assert any(function[2] == "run" for function in stats.stats)  # type: ignore[attr-defined]  # not in the stubs


def test_functions_from_a_notebook_are_shipped_by_dill(tmp_path: Path) -> None:
    import dill

    offset = 5

    def run(mini_batch: list[str]) -> list[int]:
        return [len(path) + offset for path in mini_batch]

    names = {"run": run, "init": None, "shutdown": None, "names": {}}
    shipped = pickle.dumps({"path": []}) + dill.dumps(names, recurse=True)
    with Rig(tmp_path, "", function=shipped) as rig:
        rig.assign(rig.start(), ["abc"])
        assert rig.answered(1)[0].rows == b"8\n"


def test_a_trace_shows_the_lines_of_a_cell_whose_text_was_shipped(tmp_path: Path) -> None:
    import dill

    text, names = "def run(mini_batch):\n    return mini_batch[7]  # the line\n", {"__name__": "__main__"}
    exec(compile(text, "<a cell>", "exec"), names)  # as a notebook does
    functions = {"run": names["run"], "init": None, "shutdown": None, "names": {}}
    facts = {"path": [], "sources": {"<a cell>": text}}
    shipped = pickle.dumps(facts) + dill.dumps(functions, recurse=True)
    with Rig(tmp_path, "", function=shipped) as rig:
        rig.assign(rig.start(), ["abc"])
        rig.answered(1)
        assert "    return mini_batch[7]  # the line\n" in rig.trace(rig.failures[0].trace)


def interpreters() -> list[str]:
    """Every Python from 3.7 on that pyenv has, and this one."""
    found = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    minor = [(int(p.parts[-3].split(".")[1]), str(p)) for p in found]
    return [path for number, path in sorted(minor) if number >= 7] or [sys.executable]


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize("interpreter", interpreters(), ids=lambda path: Path(path).parts[-3])
def test_every_python_from_3_7_on_runs_the_loop(tmp_path: Path, interpreter: str) -> None:
    script = """
        import logging, sys
        def init(): logging.info("init")
        def run(mini_batch):
            if mini_batch[0] == "bad": raise ValueError("no")
            return ["%d.%d" % sys.version_info[:2]]
        def shutdown(): print("bye")
    """
    with Rig(tmp_path, script, interpreter=interpreter) as rig:
        name = rig.start()
        rig.assign(name, ["a"], ["bad"], ["c"])
        answers = rig.answered(3)
        version = rig.found(e.WorkerReady)[0].python
        assert answers[0].rows.decode().strip() == ".".join(version.split(".")[:2])
        assert rig.failures[0].place == "score.py:5 in run"
        rig.stop(name)
        assert rig.gone().exit_code == 0
        assert rig.text(OUT) == "INFO:root:init\nbye\n"
        assert rig.stderr() == ""


@pytest.mark.parametrize("version", ["2.7", "3.6"])
def test_an_interpreter_that_is_too_old_is_refused_in_words(tmp_path: Path, version: str) -> None:
    found = list(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    if not found:
        pytest.skip(f"no Python {version} here")
    with Rig(tmp_path, "", interpreter=str(found[0])) as rig:
        rig.start(ready=False)
        gone = rig.gone()
        assert gone.init_failed
        assert "Python 3.7 or newer is needed" in gone.cause
        assert f"is Python {version}" in gone.cause
