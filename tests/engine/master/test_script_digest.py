"""Whether the script's folder changed: its own files say so, what jobs read and write there does not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bscore.master.job import script_digest
from bscore.spec.config import JobConfig
from real_runs import make_job


@pytest.fixture
def config(tmp_path: Path) -> JobConfig:
    """A job whose inputs and outputs are below the folder of its script."""
    config = make_job(tmp_path, "def run(mini_batch): return mini_batch\n", items=3).config
    inputs = (str(config.code / "data"), str(config.code / "more/**/*.csv"), f"@{config.code / 'list.txt'}")
    return replace(config, inputs=inputs, output=config.code / "out", output_folders=(config.code / "own",))


def write(config: JobConfig, name: str) -> str:
    path = config.code / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    return script_digest(config)


@pytest.mark.parametrize(
    "name",
    ["data/a.png", "more/b.csv", "more/deep/c.csv", "list.txt", "out/d.csv", "own/e.csv", ".hidden", ".git/f",
     "results-of-yesterday/predictions.csv"],
)  # fmt: skip
def test_what_jobs_read_and_write_there_is_no_part_of_the_script(config: JobConfig, name: str) -> None:
    before = script_digest(config)
    assert write(config, name) == before


@pytest.mark.parametrize("name", ["helper.py", "settings.yml", "more/d.txt", "package/__init__.py"])
def test_every_other_file_is(config: JobConfig, name: str) -> None:
    before = script_digest(config)
    assert write(config, name) != before


def test_a_module_is_even_where_everything_is_an_input(config: JobConfig) -> None:
    config = replace(config, inputs=(str(config.code / "*"),))
    before = script_digest(config)
    assert write(config, "new.csv") == before
    assert write(config, "new.py") != before


def test_a_file_that_vanishes_meanwhile_is_left_out(
    config: JobConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = script_digest(config)
    gone = config.code / "gone.py"
    gone.write_text("x")
    names = list(os.walk(config.code))
    gone.unlink()
    monkeypatch.setattr(os, "walk", lambda _top: iter(names))
    assert script_digest(config) == before
