"""What a script that leaves by itself said last is what people are told, with the phase it was in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.errors import UsageError
from bscore.node.script_probe import probe_script
from rigs import Rig

PARSES = """
import argparse
def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch_size", required=WANTED)
    return parser.parse_args()
"""
AT_IMPORT = "parse()\ndef run(mini_batch): return mini_batch\n"
IN_INIT = "def init(): parse()\ndef run(mini_batch): return mini_batch\n"
REQUIRED = PARSES.replace("WANTED", "True")
UNKNOWN = PARSES.replace("WANTED", "False")


def begun(rig: Rig) -> e.InitFailed:
    rig.start(ready=False)
    rig.gone()
    return rig.found(e.InitFailed)[0]


@pytest.mark.parametrize("where", [AT_IMPORT, IN_INIT])
def test_what_argparse_says_is_the_reason_and_stands_in_the_kept_text(tmp_path: Path, where: str) -> None:
    with Rig(tmp_path, REQUIRED + where) as rig:
        failed = begun(rig)
        assert failed.loading == (where is AT_IMPORT)
        assert "score.py: error: the following arguments are required: --batch_size" in failed.message
        assert "  usage: score.py [-h] --batch_size" in rig.trace(failed.trace)


@pytest.mark.parametrize("where", [AT_IMPORT, IN_INIT])
def test_a_parser_that_met_the_options_of_the_runtime_is_told_of_parse_known_args(
    tmp_path: Path, where: str
) -> None:
    with Rig(tmp_path, UNKNOWN + where) as rig:
        assert "unrecognized arguments: --logging_level INFO" in begun(rig).message
        (found,) = rig.found(e.FindingMade)
        assert "parse_known_args" in found.text


@pytest.mark.parametrize(
    "way", ["import sys\ndef init(): sys.exit('{}')", "def init(): raise SystemExit('{}')"]
)
def test_the_text_of_sys_exit_is_kept(tmp_path: Path, way: str) -> None:
    with Rig(tmp_path, way.format("weights are missing") + "\ndef run(mini_batch): pass") as rig:
        assert begun(rig).message == "weights are missing"


@pytest.mark.parametrize(
    ("leaves", "said"),
    [
        ("sys.exit('no such item')", "no such item"),
        ("print('device lost', file=sys.stderr); os._exit(3)", "device lost"),
        ("os.write(2, b'device lost\\n'); os._exit(3)", "device lost"),
        ("print('device lost', file=sys.stderr); sys.exit(3)", "device lost"),
        ("os.write(2, b'device lost\\n'); os.abort()", "device lost"),
    ],
)
def test_a_mini_batch_that_ended_its_worker_has_its_last_words_and_none_of_before(
    tmp_path: Path, leaves: str, said: str
) -> None:
    script = f"""
        import os, sys
        def init():
            print("of init", file=sys.stderr)
        def run(mini_batch):
            if mini_batch == ["bad"]:
                {leaves}
            print("of another", file=sys.stderr)
            return mini_batch
    """
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["fine"], ["bad"])
        rig.gone()
        (failed,) = rig.failures
        assert failed.message.endswith(said)
        assert said in rig.trace(failed.trace)
        assert "of another" not in rig.trace(failed.trace)


HANDLES = """
import sys, traceback
def load():
    print("an earlier warning", file=sys.stderr)
    try:
        open("weights")
    except OSError as error:
        PRINTS
        sys.exit(STATUS)
"""


@pytest.mark.parametrize(("prints", "status"), [("pass", "1"), ("pass", ""), ("traceback.print_exc()", "1")])
@pytest.mark.parametrize("where", ["load()\n", "def init(): load()\n"])
def test_the_exception_that_sys_exit_was_called_for_is_in_the_reason(
    tmp_path: Path, where: str, prints: str, status: str
) -> None:
    script = HANDLES.replace("PRINTS", prints).replace("STATUS", status) + where
    with Rig(tmp_path, script + "def run(mini_batch): pass") as rig:
        assert begun(rig).message.count("No such file or directory: 'weights'") == 1


def test_the_exception_that_sys_exit_ends_a_mini_batch_for_is_in_the_reason(tmp_path: Path) -> None:
    script = HANDLES.replace("PRINTS", "pass").replace("STATUS", "3") + "def run(mini_batch): load()"
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a"])
        rig.gone()
        assert "while it handled FileNotFoundError: " in rig.failures[0].message


def test_a_missing_module_names_the_interpreter_and_the_option_wherever_it_is_imported(
    tmp_path: Path,
) -> None:
    late = "def run(mini_batch): import not_there.deep"
    for number, script in enumerate(("import not_there.deep", late)):
        with Rig(tmp_path / str(number), script) as rig:
            rig.start(ready=script is late)
            if script is late:
                rig.assign("127.0.0.1/process000", ["a"])
                rig.answered(1)
            else:
                rig.gone()
            (found,) = rig.found(e.FindingMade)
            assert all(part in found.text for part in ("not_there", sys.executable, "--python"))


@pytest.mark.parametrize(
    ("script", "words", "remedy"),
    [
        (REQUIRED + AT_IMPORT, "error: the following arguments are required: --batch_size", "after --"),
        (UNKNOWN + AT_IMPORT, "unrecognized arguments: --logging_level", "parse_known_args"),
        ("import sys; sys.exit('weights are missing')", "weights are missing", "Correct it"),
        ("import not_there", "No module named 'not_there'", sys.executable),
        (
            "try: open('weights')\nexcept OSError: exit(1)",
            "No such file or directory: 'weights'",
            "Correct it",
        ),
    ],
)
def test_validate_says_of_an_import_what_a_job_would(
    tmp_path: Path, script: str, words: str, remedy: str
) -> None:
    (tmp_path / "score.py").write_text(script)
    with pytest.raises(UsageError) as refused:
        probe_script(Path(sys.executable), tmp_path, "score.py", ("--logging_level", "INFO"), {}, 60)
    assert words in str(refused.value)
    assert remedy in (refused.value.remedy or "")


@pytest.mark.parametrize(
    ("fails", "kind", "said"),
    [
        ("raise OSError('disk is full')", e.FailureKind.EXCEPTION, "disk is full"),
        ("sys.exit('server is down')", e.FailureKind.EXCEPTION, "server is down"),
        ("print('device lost', file=sys.stderr); os._exit(3)", e.FailureKind.DIED, "device lost"),
        ("os.kill(os.getpid(), 11)", e.FailureKind.DIED, "SIGSEGV"),
        ("signal.pause()", e.FailureKind.TIMEOUT, "did not end"),
    ],
)
def test_a_shutdown_that_fails_in_any_way_is_an_event_and_a_finding(
    tmp_path: Path, fails: str, kind: e.FailureKind, said: str
) -> None:
    script = f"import os, signal, sys\ndef run(mini_batch): return mini_batch\ndef shutdown(): {fails}"
    limits = Limits(run_invocation_timeout_s=0.8, task_overhead_timeout_s=0.2)
    with Rig(tmp_path, script, limits=limits) as rig:
        rig.stop(rig.start())
        rig.gone()
        (failed,) = rig.found(e.ShutdownFailed)
        assert failed.kind is kind
        assert said in failed.message
        (found,) = rig.found(e.FindingMade)
        assert found.code == "shutdown-failed"
        assert said in found.text


@pytest.mark.parametrize("ends", ["pass", "sys.exit()", "sys.exit(0)"])
def test_a_shutdown_that_ends_well_is_no_failure(tmp_path: Path, ends: str) -> None:
    with Rig(tmp_path, f"import sys\ndef run(mini_batch): pass\ndef shutdown(): {ends}") as rig:
        rig.stop(rig.start())
        assert rig.gone().exit_code == 0
        assert not rig.found(e.ShutdownFailed)
        assert not rig.found(e.FindingMade)
