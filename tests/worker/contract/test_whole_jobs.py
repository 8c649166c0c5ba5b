"""The contract through whole jobs: what a document and a command line say arrives in the script."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest

from bscore.errors import UsageError
from bscore.spec.config import JobConfig
from bscore.spec.draft import CliChoices
from bscore.spec.problems import SpecError
from bscore.spec.resolve import resolve
from bscore.spec.yaml_text import load_yaml
from real_environments import run_job, write
from real_runs import make_job, run_here, run_of, start_master

SCRIPT = """
    import argparse, logging, os, sys
    import pandas as pd
    from azureml.core.model import Model
    from azureml_user.parallel_run import EntryScript

    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--labels")
    parser.add_argument("--logging_level")
    args, unknown = parser.parse_known_args()

    def init():
        logging.getLogger(__name__).setLevel(args.logging_level.upper())
        logging.getLogger(__name__).debug("unknown %s", unknown)
        EntryScript().logger.info("init %s", os.path.basename(Model.get_model_path("scorer", version=2)))
        with open(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], str(os.getpid()) + ".own"), "w") as f:
            f.write(os.listdir(os.environ["AZUREML_MODEL_DIR"])[0])

    def run(mini_batch, mini_batch_context):
        rows = [(os.path.basename(p), args.labels, os.environ["DEVICE"], None) for p in mini_batch]
        return pd.DataFrame(rows, columns=["file", "labels", "device", "no thing"])
"""
DOCUMENT = """
    type: parallel
    inputs: {images: {type: uri_folder, path: data}}
    outputs: {scores: {type: uri_file}}
    input_data: ${{inputs.images}}
    mini_batch_size: "2"
    max_concurrency_per_instance: 2
    logging_level: DEBUG
    environment_variables: {DEVICE: "cpu 0"}
    task:
      type: run_function
      code: code
      entry_script: score.py
      append_row_to: ${{outputs.scores}}
      program_arguments: >-
        --labels "a b"
        --append_row_dataframe_header True
        --resource_monitor_interva 0
        --mine 5
"""


def test_several_models_are_each_found_by_name_below_one_folder(tmp_path: Path) -> None:
    script = """
        import os
        from azureml.core.model import Model
        def run(mini_batch):
            folder = os.environ["AZUREML_MODEL_DIR"]
            below = [os.path.relpath(os.path.join(at, name), folder)
                     for at, _, names in os.walk(folder) for name in names]
            found = [open(Model.get_model_path(*a)).read() for a in (["a"], ["a", 1], ["b"])]
            return [(os.path.basename(folder), sorted(below), found)]
    """
    write(tmp_path, "code/score.py", script)
    write(tmp_path, "data/1.txt", "")
    for name in ("one.bin", "two.bin", "other.bin"):
        write(tmp_path, name, name)
    models = ("--model", "a=one.bin", "--model", "a:2=two.bin", "--model", "b=other.bin")
    ran = run_job(tmp_path, "--script", "code/score.py", "--input", "data", *models)
    assert ran.code == 0, ran.stderr
    below = ["a/1/one.bin", "a/2/two.bin", "b/1/other.bin"]
    expected = ("azureml-models", below, ["two.bin", "one.bin", "other.bin"])
    assert (tmp_path / "out/predictions.csv").read_text().splitlines() == [str(expected)]


@pytest.mark.slow
def test_a_document_and_a_command_line_arrive_in_the_script(tmp_path: Path) -> None:
    write(tmp_path, "code/score.py", SCRIPT)
    write(
        tmp_path,
        "code/parallel_run_step.settings.json",
        '{"append_row": {"pandas.DataFrame.to_csv": {"sep": ";", "na_rep": "-"}}}',
    )
    write(tmp_path, "job.yml", DOCUMENT)
    write(tmp_path, "weights.bin", "")
    for number in range(9):
        write(tmp_path, f"data/{number}.png", "")
    ran = run_job(tmp_path, "job.yml", "--model", "scorer:2=weights.bin")
    assert ran.code == 0, ran.stderr
    own = list((tmp_path / "out").glob("*.own"))
    (rows,) = [path for path in (tmp_path / "out").iterdir() if path not in own and path.is_file()]
    lines = rows.read_text().splitlines()
    assert lines[0] == "file;labels;device;no thing"
    assert sorted(lines[1:]) == [f"{number}.png;a b;cpu 0;-" for number in range(9)]
    assert {path.read_text() for path in own} == {"weights.bin"}
    assert "|INFO|" in ran.text("logs/user/entry_script_log/*/*")
    assert "|init weights.bin\n" in ran.text("logs/user/entry_script_log/*/*")
    said = ran.text("logs/user/stdout/*/*")
    assert "DEBUG:score:unknown " in said
    assert "'--mine', '5'" in said
    assert "'--append_row_dataframe_header', 'True'" in said


FRAMES = """
import os, time
import pandas as pd
def run(mini_batch):
    time.sleep(0.01)
    return pd.DataFrame({"file": [os.path.basename(p) for p in mini_batch], "score": 0.5})
"""


@pytest.mark.slow
@pytest.mark.parametrize(("kill_at", "nth"), [("rows synced", 1), ("commit recorded", 3)])
def test_column_names_stand_once_on_top_also_after_a_kill(tmp_path: Path, kill_at: str, nth: int) -> None:
    job = make_job(tmp_path, FRAMES, items=200, dataframe_header=True)
    master = start_master(job, kill_at, nth)
    assert master.wait(60) == -signal.SIGKILL
    assert master.stderr is not None
    master.stderr.close()
    assert run_here(job) == 0
    lines = job.final.read_text().splitlines()
    assert lines[0] == "file score"
    assert Counter(lines[1:]) == Counter(f"item{n:05d} 0.5" for n in range(200))
    assert run_of(job).term == 2


def cli(folder: Path, model: str | None) -> CliChoices:
    return CliChoices(
        "job", folder, folder / "out", 2, inputs=("code",), models=() if model is None else (model,)
    )


@pytest.mark.parametrize(
    ("line", "option", "called"),
    [
        ("model: azureml:iris:3", "m.pkl", ("iris", "3")),
        ("model: azureml:iris@latest", "m.pkl", ("iris", "1")),
        ("model: azureml:iris:3", "other=m.pkl", ("other", "1")),
        ("model: {name: net, version: 7, path: m.pkl}", None, ("net", "7")),
        ("model: {name: net, path: m.pkl}", None, ("net", "1")),
        ("model: m.pkl", None, ("", "1")),
        ("", "m.pkl", ("", "1")),
        ("", "big:12=m.pkl", ("big", "12")),
        ("", "odd=name.pkl", ("odd", "1")),
        ("", "own=name.pkl", ("", "1")),
    ],
)
def test_a_model_is_called_what_the_document_or_the_command_line_calls_it(
    tmp_path: Path, line: str, option: str | None, called: tuple[str, str]
) -> None:
    write(tmp_path, "code/score.py", "def run(x): return x")
    write(tmp_path, "m.pkl", "")
    write(tmp_path, "name.pkl", "")
    write(tmp_path, "own=name.pkl", "")
    document = write(
        tmp_path, "d.yml", f"code_configuration: {{code: code, scoring_script: score.py}}\n{line}\n"
    )
    config, _ = resolve(load_yaml(document), {}, cli(tmp_path, option))
    assert isinstance(config, JobConfig)
    assert (config.model_name, config.model_version) == called
    assert config.model is not None
    assert config.model.exists()


def test_a_model_that_does_not_exist_is_said_by_its_path(tmp_path: Path) -> None:
    document = write(
        tmp_path,
        "d.yml",
        "code_configuration: {code: code, scoring_script: score.py}\nmodel: azureml:iris:3\n",
    )
    write(tmp_path, "code/score.py", "def run(x): return x")
    with pytest.raises((SpecError, UsageError), match=r"--model.*does not exist.*nowhere\.pkl"):
        resolve(load_yaml(document), {}, cli(tmp_path, "iris=nowhere.pkl"))
