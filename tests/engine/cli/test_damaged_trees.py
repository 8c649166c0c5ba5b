"""Trees that somebody damaged, by accident or on purpose: a clear word, and everybody else is served."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from bscore.core import asking
from bscore.core import events as e
from bscore.logtree import paths
from bscore.master import requests
from bscore.master.job import Job
from cli_runs import SLOW, WAITING, Here, only, running
from real_runs import events_of, finish, make_job, start_master, wait_for

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A job whose master was killed at its second commit point."""
    job = make_job(tmp_path_factory.mktemp("killed"), SLOW, items=40)
    assert finish(start_master(job, "commit recorded", 2)) == -signal.SIGKILL
    return job


@pytest.fixture
def tree(killed: Job, tmp_path: Path) -> Path:
    """A directory of its own that looks like the killed job's."""
    copy = tmp_path / "jobs" / "damaged"
    shutil.copytree(killed.tree, copy, symlinks=True)
    return copy


def as_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def as_endless_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def as_brackets(path: Path) -> None:
    path.write_bytes(b"[" * 300_000)


def as_nothing(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "damage", [as_pipe, as_folder, as_link_to_itself, as_endless_device, as_brackets, as_nothing]
)
def test_no_file_of_a_tree_holds_up_a_command_whatever_stands_in_its_place(
    tree: Path, here: Here, damage: Callable[[Path], None]
) -> None:
    there = [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(there) > 12
    for path in there:
        beside = path.with_name(f"{path.name}.kept")
        shutil.copy2(path, beside)
        damage(path)
        for words in (["list"], ["show", "damaged"], ["delete", "damaged"]):
            code, _, err = here("job", *words)
            assert code in (0, 1, 2, 4), (path, words)
            assert "Traceback" not in err
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        else:
            path.rmdir()
        beside.rename(path)


@pytest.mark.slow
def test_what_is_no_request_is_refused_and_does_not_hold_up_the_master(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = make_job(tmp_path, WAITING.format(gate=str(gate)), items=10)
    control = job.tree / paths.CONTROL
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"what": "cancel", "arguments": "", "who": "eve", "where": "x"}))
    with running(job) as master:
        os.mkfifo(control / "1.json")
        (control / "2.json").symlink_to(secret)
        (control / "3.json").symlink_to("/dev/zero")
        (control / "4.json").write_bytes(b"[" * 60_000)
        (control / "5.json").write_bytes(b'{"what": "' + b"x" * 100_000 + b'"}')
        (control / "6.json").write_bytes(b'{"what": ["cancel"]}')
        (control / "7.json").write_bytes(b"\xff\xfe")
        (control / "8.json").mkdir()
        asked = requests.ask(job.tree, asking.STACK)
        wait_for(lambda: asked.name not in requests.lying_there(job.tree))
        gate.touch()
        assert finish(master) == 0
    answers = {taken.request: taken for taken in only(events_of(job), e.RequestTaken)}
    assert [name for name, taken in answers.items() if taken.granted] == [asked.name]
    assert set(answers) == {*"1234567", asked.name}
    assert "no regular file" in answers["1"].answer
    assert "nested too deeply" in answers["4"].answer


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("workers", '"two"', "workers: given 'two', expected a whole number"),
        ("workers", "true", "expected a whole number"),
        ("workers", "0", "expected a number from 1"),
        ("mini_batch_size", "[5]", "expected a whole number"),
        ("inputs", "12", "inputs: given '12', expected a list"),
        ("arguments", "[[1]]", "arguments.0: given '[1]', expected a text"),
        ("environment_variables", "[a]", "expected keys with values"),
        ("limits", "{tries: .nan}", "limits.tries: given 'NaN', expected a whole number"),
        ("limits", "{run_invocation_timeout_s: .nan}", "expected a number from 0"),
        ("output", "12", "output: given '12', expected a text"),
        ("output_folders", "x", "expected a list"),
        ("name", "[" * 5000, "nested too deeply"),
    ],
)
def test_a_wrong_value_in_a_job_file_is_told_with_its_line(
    tree: Path, here: Here, key: str, value: str, said: str
) -> None:
    path = tree / paths.JOB_FILE
    facts = yaml.safe_load(path.read_text())
    lines = [f"{name}: {value if name == key else json.dumps(facts[name])}" for name in facts]
    path.write_text("\n".join(lines))
    line = list(facts).index(key) + 1
    for words in (["resume", "damaged"], ["debug", "damaged"]):
        code, _, err = here("job", *words)
        assert code == 2, (words, err)
        assert f"{path}:{line}:" in err
        assert said in err
    assert f"job.yml:{line}:" in here.json("job", "show", "damaged")["status_reason"]


def test_a_job_file_whose_aliases_unfold_to_billions_is_refused(tree: Path, here: Here) -> None:
    path = tree / paths.JOB_FILE
    bomb = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))]
    path.write_text(path.read_text() + "\n".join(bomb))
    code, _, err = here("job", "resume", "damaged")
    assert code == 2
    assert "unfolds to more" in err
