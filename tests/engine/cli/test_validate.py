"""`bscore validate` looks at everything and runs nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bscore.errors import UsageError
from bscore.master.job import create_job
from bscore.spec.config import JobConfig
from cli_runs import Here

SCRIPT = "import os\nprint('imported')\ndef run(mini_batch):\n    return mini_batch\n"


Validate = Callable[..., tuple[int, list[dict[str, object]]]]


@pytest.fixture
def validate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Validate:
    """Runs the command in the test's folder; its exit code and what it says of each thing."""
    here = Here(monkeypatch, capsys, tmp_path / "home")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, list[dict[str, object]]]:
        code, out, err = here("validate", "-o", "json", *arguments)
        assert "Traceback" not in err
        return code, [json.loads(line) for line in out.splitlines()]

    return run


def make_place(folder: Path, script: str = SCRIPT) -> None:
    (folder / "score.py").write_text(script)
    (folder / "in").mkdir()
    for number in range(25):
        (folder / "in" / f"{number}.txt").write_text("x")


def test_a_job_that_can_run_is_said_to_be_right_with_its_mini_batches(
    tmp_path: Path, validate: Validate
) -> None:
    make_place(tmp_path)
    code, checks = validate("--script", "score.py", "--input", "in", "--output", "out")
    assert code == 0
    assert all(check["ok"] for check in checks)
    assert checks[-1]["text"] == "25 items would be 3 mini-batches of 10"
    assert not (tmp_path / "home" / "jobs").exists(), "nothing ran"
    assert not (tmp_path / "out").exists(), "nothing was made"
    checks = validate("--script", "score.py", "--input", "in/7.txt", "--output", "out")[1]
    assert checks[-1]["text"] == "1 item would be 1 mini-batch of 10"


def test_an_environment_is_checked_and_not_built_unless_that_is_asked_for(
    tmp_path: Path, validate: Validate, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_place(tmp_path)
    (tmp_path / "conda.yml").write_text("dependencies: [python, pip]\n")
    (tmp_path / "job.yml").write_text(
        "code_configuration: {code: ., scoring_script: score.py}\nenvironment: {conda_file: conda.yml}\n"
    )
    words = ["job.yml", "--input", "in", "--set", "mini_batch_size=5"]
    code, checks = validate(*words)
    said = {str(check["check"]): str(check["text"]) for check in checks}
    assert code == 0, checks
    assert "can be built: Python 3." in said["environment"]
    assert not (tmp_path / "home/environments").exists(), "nothing was made"

    def refuse(*_: object) -> None:
        raise UsageError("the builder was called")

    monkeypatch.setattr("bscore.environments.resolve.ensure", refuse)
    code, checks = validate(*words, "--build")
    assert "the builder was called" in str(checks)
    (tmp_path / "conda.yml").write_text("dependencies: [python=3.99]\n")
    code, checks = validate(*words)
    assert code == 2
    assert "Python 3.99" in str(checks)


def test_a_name_that_is_taken_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Here(monkeypatch, capsys, tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    make_place(tmp_path)
    words = ("run", "--script", "score.py", "--input", "in", "--output")
    (tmp_path / "home/jobs/folder").mkdir(parents=True)
    create_job(tmp_path / "home/jobs", JobConfig("mine", tmp_path, "score.py", (), tmp_path / "first"))
    for name, said in (("mine", "There is already a job named mine"), ("folder", "no job of bscore")):
        code, _, err = here(*words, "other", "-n", name)
        assert said in err
        assert code == 2
        assert not (tmp_path / "other").exists()


def test_every_mistake_is_said_in_one_go(tmp_path: Path, validate: Validate) -> None:
    make_place(tmp_path, "import a_module_that_is_missing\ndef run(b):\n    return b\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "predictions.csv").write_text("precious")
    code, checks = validate("--script", "score.py", "--input", "inn", "--output", "out")
    assert code == 2
    wrong = {str(check["check"]): str(check["text"]) for check in checks if not check["ok"]}
    assert set(wrong) == {"environment", "output", "inputs"}
    assert "a_module_that_is_missing" in wrong["environment"]
    assert "Did you mean" in wrong["inputs"]


def test_unknown_options_end_the_look_with_a_near_match(tmp_path: Path, validate: Validate) -> None:
    make_place(tmp_path)
    code, checks = validate(
        "--script", "score.py", "--input", "in", "--set", "eror_threshold=1", "--workers", "0"
    )
    assert code == 2
    (check,) = checks
    assert "error_threshold" in str(check["text"])
    assert "--workers: max_concurrency_per_instance: out of range, given '0'" in str(check["text"])


def test_an_output_inside_an_input_folder_is_refused_and_a_pattern_is_not(
    tmp_path: Path, validate: Validate
) -> None:
    make_place(tmp_path)
    words = ["--script", "score.py", "--output", "in/out", "--input"]
    code, checks = validate(*words, "in")
    assert code == 2
    (wrong,) = [str(check["text"]) for check in checks if not check["ok"]]
    assert f"{tmp_path}/in/out lies inside the input folder {tmp_path}/in" in wrong
    code, checks = validate(*words, "in/*.txt")
    assert code == 0, checks


def test_a_script_in_the_place_of_the_yaml_and_a_folder_in_that_of_the_script(
    tmp_path: Path, validate: Validate
) -> None:
    make_place(tmp_path)
    code, (check,) = validate("score.py", "--input", "in")
    assert code == 2
    assert "Give a script as --script score.py." in str(check["text"])
    code, (check,) = validate("--script", "in", "--input", "in")
    assert code == 2
    assert "the script is a folder" in str(check["text"])
    assert "did you mean" not in str(check["text"])


def test_words_that_a_pattern_became_are_refused_and_not_given_to_the_script(
    tmp_path: Path, validate: Validate
) -> None:
    make_place(tmp_path)
    words = ["--script", "score.py", "--input", "in/0.txt", "in/1.txt", "in/2.txt"]
    code, (check,) = validate(*words)
    assert code == 2
    assert "Belongs to no option: in/1.txt in/2.txt" in str(check["text"])
    code, checks = validate(*words[:4], "--", "in/1.txt", "--name", "x", "--", "y")
    assert code == 0, checks


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--mini-batch-size", "3", "--set", "mini_batch_size=4"],
            "Given twice: --mini-batch-size 3 and --set mini_batch_size=4.",
        ),
        (["--set", "run_max_try=1", "--set", "run_max_try=2"], "Given twice: --set run_max_try=1"),
        (["--model", "a=in", "--model", "in"], "--model NAME=in"),
        (["--model", "a=in", "--model", ""], "Given, but empty: --model."),
        (["--mini-batch-size", "9" * 26], "too large, at most 2147483647"),
        (["--set", "output_file_name=" + "n" * 300], "too long, at most 200 bytes"),
    ],
)
def test_a_value_that_cannot_count_is_refused_with_the_reason(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    said: str,
) -> None:
    make_place(tmp_path)
    monkeypatch.chdir(tmp_path)
    here = Here(monkeypatch, capsys, tmp_path / "home")
    code, _, err = here("run", "--script", "score.py", "--input", "in", "--output", "out", *options)
    assert code == 2
    assert said in err
    assert not (tmp_path / "home" / "jobs").exists(), "nothing ran"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "net"], "net is a folder.\nThe cloud writes a scoring script for an MLflow model"),
        (["run", "--model", "m=net", "--input", "in"], "and --model net."),
        (["run", "in"], "in is a folder.\nGive a job's YAML file; a folder to score is given as --input."),
        (["validate", "https://example.org/a.yml"], "https://example.org/a.yml is not on this machine."),
        (["validate", "none/job.yml"], "There is no file none/job.yml."),
        (["validate", "--script", "score.py", "--input", "@https://a.b/c"], "https://a.b/c is not on this m"),
    ],
)
def test_what_is_no_job_is_told_as_it_was_given(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    make_place(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net").mkdir()
    (tmp_path / "net/MLmodel").touch()
    code, out, err = Here(monkeypatch, capsys, tmp_path / "home")(*words)
    assert code == 2
    assert said in out + err
