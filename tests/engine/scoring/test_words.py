"""Mistakes in a call from Python are told in the words of that call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bscore
from bscore.errors import UsageError
from bscore.master.job import create_job
from bscore.spec.config import JobConfig


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BSCORE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def said(**given: Any) -> str:
    with pytest.raises(UsageError) as caught:
        bscore.score(**given)
    return str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"workers": 0}, "bscore.score(workers=...): out of range, given '0'"),
        ({"mini_batch_size": "x"}, "bscore.score(mini_batch_size=...): not a size"),
        ({"run_max_try": -3}, "bscore.score(run_max_try=...): out of range, given '-3'"),
        ({"inputs": None}, "bscore.score(): no input is named, expected inputs= with a folder"),
        ({"inputs": "azureml:x"}, "bscore.score(inputs=...): refused"),
        ({"model": ["a", "b"]}, "model is a list.\nGive a path, or several as {name: path}."),
        ({"run": None, "job_file": "https://a.b/c.yml"}, "https://a.b/c.yml is not on this machine."),
        ({"model": "nowhere"}, "bscore.score(model=...): does not exist"),
        ({"worker": 2}, "bscore.score(worker=...): unknown option; did you mean 'workers'?"),
        ({"eror_threshold": 2}, "bscore.score(eror_threshold=...): unknown option; did you mean 'error_th"),
        ({"arguments": ["--run_max_try", "x"]}, "bscore.score(arguments=...): --run_max_try: not a whole"),
        (
            {"options": {"error_threshold": 0}},
            "every option is a keyword argument of its own: bscore.score(error_threshold=...)",
        ),
        ({"append_row_to": "x"}, "cannot be set here, expected output=DIR"),
    ],
)
def test_an_argument_that_is_wrong_is_named_as_it_was_given(wrong: dict[str, Any], expected: str) -> None:
    text = said(**{"run": len, "inputs": [1]} | wrong)
    assert expected in text
    assert "command line" not in text
    assert "--set" not in text


def test_remedies_and_mistakes_of_scripts_and_documents_name_keyword_arguments(tmp_path: Path) -> None:
    (tmp_path / "deployment.yml").write_text("model: azureml:digits:1\n")
    text = said(job_file="deployment.yml", inputs="data")
    assert "or script=FILE" in text
    assert "expected model=PATH" in text
    assert "deployment.yml:1:8: model" in text, "a document is named as before"
    create_job(tmp_path / "home/jobs", JobConfig("taken", tmp_path, "score.py", (), tmp_path / "first"))
    assert "Give another name=, continue it" in said(run=len, inputs=[1], name="taken")
    text = said(script="score.py", inputs="data", python="/no/python", step="x")
    assert "bscore.score(script=...): there is no such script" in text
    assert "bscore.score(python=...)" in text
    assert "bscore.score(step=...)" in text


def test_what_was_given_is_shown_as_it_was_given(tmp_path: Path) -> None:
    assert "given '--input X'" in said(run=len, inputs=[1], run_max_try="--input X")


@pytest.mark.slow
def test_options_may_be_mappings_and_none_is_not_given(tmp_path: Path) -> None:
    result = bscore.score(
        run=lambda batch: [__import__("os").environ["WORD"] for _ in batch],
        inputs=[1],
        workers=1,
        environment_variables={"WORD": "said"},
        run_invocation_timeout=None,
    )
    assert result.rows == ["said"]
