"""Prints and logs go on arriving, whatever a script does to logging, its streams or their descriptors."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bscore.core import events as e
from rigs import NODE, Rig

OUT = f"logs/user/stdout/{NODE}/process000.stdout.txt"
ERR = f"logs/user/stderr/{NODE}/process000.stderr.txt"
RAW_ERR = f"logs/sys/node/{NODE}/process000.stderr.txt"

#: What is done, and where a line of a logger belongs after it.
ACTS = {
    "logging.basicConfig(force=True, level='INFO')": ERR,
    "logging.basicConfig(force=True, level='INFO', stream=sys.stdout)": OUT,
    "logging.config.dictConfig(DICT)": OUT,
    "logging.config.fileConfig(io.StringIO(INI))": OUT,
    "logging.root.handlers.clear()": ERR,
    "[logging.root.removeHandler(h) for h in list(logging.root.handlers)]": ERR,
    "[h.close() for h in list(logging.root.handlers)]": OUT,
    "[h.stream.close() for h in list(logging.root.handlers)]": OUT,
    "logging.shutdown()": OUT,
    "sys.stdout.close(); sys.stderr.close()": OUT,
    "sys.stdout.buffer.raw.close(); sys.stdout.buffer.close(); sys.stderr.buffer.close()": OUT,
    "sys.stdout.detach(); sys.stderr.detach()": OUT,
    "for _ in range(2): sys.stdout = io.TextIOWrapper(sys.stdout.detach())": OUT,
    "sys.stdout = codecs.getwriter('utf-8')(sys.stdout.buffer)": OUT,
    "sys.stdout = open(sys.stdout.fileno(), 'w'); sys.stdout = open(sys.stdout.fileno(), 'w')": OUT,
    "sys.stdout.reconfigure(encoding='ascii', line_buffering=False)": OUT,
    "sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__": OUT,
    "sys.stdout = sys.stderr = open(os.devnull, 'w'); sys.stdout.close()": OUT,
    "del sys.stdout, sys.stderr": OUT,
    "sys.stdout = type('Tee', (), {'write': staticmethod(OURS[0].write)})()": OUT,
    "os.close(1); os.close(2)": OUT,
    "os.close(sys.stdout.fileno()); os.close(sys.stderr.fileno())": OUT,
    "null = open(os.devnull, 'w'); [os.dup2(null.fileno(), n) for n in (1, 2, sys.stdout.fileno())]": OUT,
    "os.closerange(0, 1024)": OUT,
}  # fmt: skip

SCRIPT = """
import codecs, contextlib, gc, io, logging, logging.config, os, sys
DICT = {
    "version": 1,
    "disable_existing_loggers": True,
    "handlers": {"h": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}},
    "root": {"handlers": ["h"], "level": "INFO"},
}
INI = '''
[loggers]
keys=root
[handlers]
keys=h
[formatters]
keys=
[logger_root]
level=INFO
handlers=h
[handler_h]
class=StreamHandler
args=(sys.stdout,)
'''
OURS = sys.stdout, sys.stderr
def act(what):
    sys.stdout, sys.stderr = OURS
    exec(what, globals())
    gc.collect()
for what in AT_IMPORT: act(what)
def init():
    for what in IN_INIT: act(what)
def run(mini_batch):
    if mini_batch[0] != "say":
        act(mini_batch[0])
        return mini_batch
    print("printed \\u00fc")
    print("to stderr", file=sys.stderr)
    logging.getLogger("mine").warning("logged")
    return mini_batch
def shutdown():
    print("bye")
"""


def script(at_import: list[str], in_init: list[str]) -> str:
    return f"AT_IMPORT, IN_INIT = {at_import!r}, {in_init!r}\n{SCRIPT}"


def finish(rig: Rig, name: str, answers: int) -> None:
    """No mini-batch failed, and everything arrived where it belongs."""
    assert all(isinstance(answer.event, e.Finished) for answer in rig.answered(answers)), rig.failures
    rig.stop(name)
    assert rig.gone().exit_code == 0
    assert "printed ü\n" in rig.text(OUT)
    assert rig.text(OUT).endswith("bye\n")
    assert "to stderr\n" in rig.text(ERR)
    assert rig.text(RAW_ERR) == ""


@pytest.mark.parametrize("what", ACTS)
def test_prints_and_logs_go_on_arriving_whatever_run_does_to_them(tmp_path: Path, what: str) -> None:
    with Rig(tmp_path, script([], [])) as rig:
        name = rig.start()
        rig.assign(name, [what], ["say"])
        finish(rig, name, 2)
        assert "logged\n" in rig.text(ACTS[what])


@pytest.mark.parametrize("version", ["3.7", "3.13", ""])
def test_import_and_init_may_do_all_of_it_on_every_interpreter(tmp_path: Path, version: str) -> None:
    found = list(Path.home().glob(f".pyenv/versions/{version}.*/bin/python")) if version else [sys.executable]
    if not found:
        pytest.skip(f"no Python {version} here")
    acts = [what for what in ACTS if version != "3.7" or "force" not in what]
    with Rig(tmp_path, script(acts[::2], acts[1::2]), interpreter=str(found[0])) as rig:
        name = rig.start()
        rig.assign(name, ["say"])
        finish(rig, name, 1)
        assert "logged\n" in rig.text(OUT) + rig.text(ERR)


def test_what_a_script_redirects_by_descriptor_is_still_its_to_read(tmp_path: Path) -> None:
    capture = """
        import os, sys
        def run(mini_batch):
            kept = os.dup(sys.stdout.fileno())
            with open("captured", "w") as to:
                os.dup2(to.fileno(), sys.stdout.fileno())
            print("seen")
            os.dup2(kept, sys.stdout.fileno())
            print("after")
            with open("captured") as captured:
                return [captured.read().strip()]
    """
    with Rig(tmp_path, capture) as rig:
        rig.assign(rig.start(), ["a"])
        assert rig.answered(1)[0].rows == b"seen\n"
        assert rig.text(OUT) == "seen\nafter\n"


def test_descriptors_that_are_closed_and_taken_again_are_not_written_to(tmp_path: Path) -> None:
    """A file that the script opens after os.closerange holds what the script writes, and nothing else."""
    takes = """
        import os, sys
        def run(mini_batch):
            os.closerange(3, 1024)
            with open("data", "w") as data:
                numbers = [os.dup(data.fileno()) for _ in range(40)]
                print("printed")
                data.write("mine")
            return [os.path.getsize("data")]
    """
    with Rig(tmp_path, takes) as rig:
        rig.assign(rig.start(), ["a"], ["b"])
        assert [answer.rows for answer in rig.answered(2)] == [b"4\n", b"4\n"]
        assert rig.text(OUT) == "printed\nprinted\n"
