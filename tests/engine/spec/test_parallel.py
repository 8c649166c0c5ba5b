"""Parallel steps: alone, in a pipeline, from a component; their inputs, outputs and arguments."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bscore.spec.config import EnvironmentSource
from bscore.spec.problems import SpecError
from jobs import Place, make_place, resolve_text

#: Shaped after the documentation's own example, its misspelled argument included.
PIPELINE = """\
$schema: https://example.org/pipelineJob.schema.json
type: pipeline
display_name: iris
description: inline parallel job
tags: {tag: v}
settings: {default_compute: "azureml:cpu"}
inputs:
  raw: {type: uri_folder, path: ./data}
  threshold: 0.5
jobs:
  prepare:
    type: command
    command: echo
  score:
    type: parallel
    compute: azureml:cpu-cluster
    inputs:
      input_data: ${{parent.inputs.raw}}
      score_model: {type: uri_folder, path: ./model, mode: download}
      t: ${{parent.inputs.threshold}}
      labels: {type: uri_folder, optional: true}
    outputs:
      job_output_file: {type: uri_file, mode: rw_mount}
      debug_info: {type: uri_folder}
    input_data: ${{inputs.input_data}}
    mini_batch_size: "12"
    resources: {instance_count: 2}
    max_concurrency_per_instance: 2
    logging_level: "DEBUG"
    mini_batch_error_threshold: 5
    retry_settings: {max_retries: 2, timeout: 60}
    environment_variables: {K: v}
    task:
      type: run_function
      code: "./code"
      entry_script: score.py
      environment:
        name: "prs-env"
        version: 1
        image: example.org/image
        conda_file: ./env.yml
      program_arguments: >-
        --model ${{ inputs.score_model }}
        --error_threshold 5
        --allowed_failed_percent 30
        --task_overhead_timeout 1200
        --progress_update_timeout 600
        --first_task_creation_timeout 600
        --copy_logs_to_parent True
        --resource_monitor_interva 20
        --t=${{inputs.t}}
        $[[--labels ${{inputs.labels}}]]
        $[[--opt ${{inputs.t}}]]
        --debug ${{outputs.debug_info}}
        --text 'two words'
      append_row_to: ${{outputs.job_output_file}}
"""


def test_the_documented_example_resolves(place: Place) -> None:
    config, notes = resolve_text(place, PIPELINE, inputs=())
    folder = place.folder
    assert config.inputs == (str(folder / "data"),)
    assert config.mini_batch_size == 12
    assert (config.append_row, config.output_file_name, config.workers) == (True, "predictions.csv", 2)
    limits = config.limits
    assert (limits.error_threshold, limits.allowed_failed_count, limits.allowed_failed_percent) == (5, 5, 30)
    assert (limits.tries, limits.run_invocation_timeout_s, limits.task_overhead_timeout_s) == (2, 60, 1200)
    assert config.resource_monitor_interval_s == 20
    assert config.environment == EnvironmentSource("prs-env", "example.org/image", folder / "env.yml")
    debug = folder / "jobs/job1/outputs/debug_info"
    assert config.output_folders == (debug,)
    assert config.arguments == (
        "--logging_level", "DEBUG", "--error_threshold", "5", "--allowed_failed_percent", "30",
        "--task_overhead_timeout", "1200", "--progress_update_timeout", "600",
        "--first_task_creation_timeout", "600", "--copy_logs_to_parent", "True",
        "--resource_monitor_interval", "20", "--mini_batch_size", "12", "--process_count_per_node", "2",
        "--allowed_failed_count", "5", "--run_max_try", "2", "--run_invocation_timeout", "60",
        "--model", str(folder / "model"), "--t=0.5", "--opt", "0.5", "--debug", str(debug),
        "--text", "two words",
    )  # fmt: skip
    text = "\n".join(notes)
    for words in (
        "only step score runs, not: prepare",
        "resource_monitor_interval",
        "instance_count 2",
        "compute",
    ):
        assert words in text


def test_an_input_given_on_the_command_line_stands_for_the_documents(place: Place) -> None:
    text = PIPELINE.replace("./data", "azureml:d:1").replace("inputs.score_model }}", "inputs.input_data }}")
    config, _ = resolve_text(place, text, inputs=("model",))
    assert config.inputs == (str(place.folder / "model"),)
    assert str(place.folder / "model") in config.arguments


def test_named_inputs_are_set_from_the_command_line(place: Place) -> None:
    overrides = {
        "inputs.input_data.path": "code",
        "inputs.t": "0.9",
        "jobs.score.inputs.score_model.path": "data",
    }
    text = PIPELINE.replace("./data", "azureml:d:1").replace("path: ./model", "path: azureml:m:1")
    config, _ = resolve_text(place, text, overrides, inputs=())
    assert config.inputs == (str(place.folder / "code"),)
    assert "--t=0.9" in config.arguments
    assert str(place.folder / "data") in config.arguments


def test_the_output_folder_is_chosen_on_the_command_line(place: Place) -> None:
    config, _ = resolve_text(place, PIPELINE, output="o")
    assert config.output == place.folder / "o"
    assert config.output_folders == (place.folder / "o/debug_info",)


@pytest.mark.parametrize(
    ("path", "folder", "name"),
    [
        ("./out/rows.csv", "out", "rows.csv"),
        (
            "azureml://datastores/${{default_datastore}}/paths/${{name}}/agg.csv",
            "jobs/job1/outputs/score",
            "agg.csv",
        ),
    ],
)
def test_the_row_file_takes_the_outputs_name(place: Place, path: str, folder: str, name: str) -> None:
    text = PIPELINE.replace("{type: uri_file,", f"{{type: uri_file, path: '{path}',")
    config, _ = resolve_text(place, text)
    assert (config.output, config.output_file_name) == (place.folder / folder, name)


@pytest.mark.parametrize(
    ("output", "target", "choice", "rows"),
    [
        ("{type: uri_folder, path: ./out}", "/scores-2024.csv", None, "out/scores-2024.csv"),
        ("{type: uri_folder, path: ./out}", "/by/day/rows.txt", None, "out/by/day/rows.txt"),
        ("{type: uri_folder}", "/rows.txt", "o", "o/rows.txt"),
        ("{type: uri_folder}", "/rows.txt", None, "jobs/job1/outputs/score/rows.txt"),
        ("{type: uri_file, path: ./out/rows}", "", None, "out/rows"),
        ("{type: uri_file, path: ./model}", "", None, "predictions.csv"),
        ("{type: uri_file, path: 'azureml://datastores/d/paths/p/rows'}", "", "o", "o/rows"),
        ("{type: uri_file, path: 'azureml://datastores/d/paths/${{name}}'}", "", "o", "o/predictions.csv"),
    ],
)
def test_the_row_file_is_where_append_row_to_says(
    place: Place, output: str, target: str, choice: str | None, rows: str
) -> None:
    text = PIPELINE.replace("{type: uri_file, mode: rw_mount}", output)
    text = text.replace("to: ${{outputs.job_output_file}}", f"to: ${{{{outputs.job_output_file}}}}{target}")
    config, _ = resolve_text(place, text, output=choice)
    assert config.output / config.output_file_name == place.folder / rows
    config, _ = resolve_text(place, text, {"output_file_name": "mine"}, output=choice)
    assert config.output / config.output_file_name == (place.folder / rows).with_name("mine")


@pytest.mark.parametrize(
    "target",
    [
        "${{outputs.job_output_file}}/../x",
        "${{outputs.job_output_file}}/x/",
        "out/${{outputs.job_output_file}}",
        "${{outputs.job_output_file}}.csv",
        "${{outputs.job_output_file}}/" + "x" * 201,
        "rows.csv",
    ],
)
def test_an_append_row_to_that_names_no_file_is_refused(place: Place, target: str) -> None:
    text = PIPELINE.replace("to: ${{outputs.job_output_file}}", f"to: {target}")
    with pytest.raises(SpecError) as caught:
        resolve_text(place, text)
    (problem,) = caught.value.problems
    assert problem.line


def test_without_append_row_to_only_the_counts_matter(place: Place) -> None:
    config, _ = resolve_text(
        place, PIPELINE.replace("      append_row_to: ${{outputs.job_output_file}}\n", "")
    )
    assert config.append_row is False
    assert config.limits.needs_results is False


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("to: ${{outputs.job_output_file}}", "to: ${{outputs.job_output_fil}}", "${{outputs.job_output"),
        ("input_data: ${{inputs.input_data}}", "input_data: ${{inputs.input_dat}}", "${{inputs.input_data}}"),
        ("${{ inputs.score_model }}", "${{inputs.scor_model}}", "inputs.score_model"),
        ("${{parent.inputs.raw}}", "${{parent.inputs.rav}}", "parent.inputs.raw"),
        ("${{parent.inputs.raw}}", "${{parent.jobs.prepare.outputs.x}}", "step prepare"),
        ("path: ./data", "path: azureml:d:1", "--input PATH"),
        ("type: uri_folder, path: ./data", "type: mltable, path: ./data", "mltable"),
        ("type: uri_folder, path: ./data", "type: uri_foldr, path: ./data", "uri_folder"),
        ("path: ./data}", "path: ./data, mod: x}", "mode"),
        ("path: ./model", "path: azureml:m:1", "--set inputs.score_model.path=PATH"),
        ("--text 'two words'", "--text 'two words", "No closing quotation"),
        ("type: run_function", "type: run_functio", "run_function"),
        ("display_name: iris", "displayname: iris", "display_name"),
        ("task:\n", "tusk:\n", "task"),
        ("$[[--opt ${{inputs.t}}]]", "--opt ${{inputs.labels}}", "inputs.labels"),
    ],
)  # fmt: skip
def test_a_wrong_reference_is_told_with_a_near_one(place: Place, old: str, new: str, hint: str) -> None:
    assert old in PIPELINE
    with pytest.raises(SpecError) as caught:
        resolve_text(place, PIPELINE.replace(old, new), inputs=())
    assert hint in str(caught.value)
    assert any(problem.line for problem in caught.value.problems)


def test_one_of_several_steps_is_chosen(place: Place) -> None:
    other = "  again:\n    type: parallel\n    task: {code: code, entry_script: score.py}\n"
    with pytest.raises(SpecError, match="--step with one of score, again"):
        resolve_text(place, PIPELINE + other)
    config, notes = resolve_text(place, PIPELINE + other, step="again")
    assert config.mini_batch_size == 1
    assert "only step again runs" in notes[0]
    with pytest.raises(SpecError, match="did you mean 'again'"):
        resolve_text(place, PIPELINE + other, step="agan")
    with pytest.raises(SpecError, match="is no parallel step"):
        resolve_text(place, PIPELINE + other, step="prepare")
    with pytest.raises(SpecError, match="no steps"):
        resolve_text(place, place.parallel, step="x")
    with pytest.raises(SpecError, match="no step of type parallel"):
        resolve_text(place, "type: pipeline\njobs: {a: {type: command}}\n")


COMPONENT = """\
$schema: https://example.org/parallelComponent.schema.json
name: batch
version: 1
type: parallel
is_deterministic: false
inputs:
  data: {type: uri_folder}
  labels: {type: uri_folder, optional: true}
  rate: {type: number, default: 3}
outputs: {rows: {type: uri_file}}
resources: {instance_count: -1}
mini_batch_size: "4"
input_data: ${{inputs.data}}
task:
  type: run_function
  code: .
  entry_script: score.py
  program_arguments: --rate ${{inputs.rate}} $[[--labels ${{inputs.labels}}]]
  append_row_to: ${{outputs.rows}}
"""
USING = """\
type: pipeline
jobs:
  score:
    type: parallel
    component: file:./code/component.yml
    inputs: {data: {type: uri_folder, path: data}, rate: 7}
    mini_batch_size: 9
"""


def test_a_component_file_gives_what_the_step_does_not(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (tmp_path / "code/component.yml").write_text(COMPONENT)
    config, _ = resolve_text(place, USING, inputs=())
    assert (config.code, config.script) == (tmp_path / "code", "score.py")
    assert config.inputs == (str(tmp_path / "data"),)
    assert config.mini_batch_size == 9
    assert config.arguments[-2:] == ("--rate", "7")
    with pytest.raises(SpecError, match="no such component"):
        resolve_text(place, USING.replace("component.yml", "no.yml"))


def test_a_component_of_a_step_that_does_not_run_is_not_looked_at(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    (tmp_path / "code/component.yml").write_text(COMPONENT)
    other = "  other: {type: command, component: ./none.yml}\n"
    config, notes = resolve_text(place, USING + other, inputs=())
    assert config.mini_batch_size == 9
    assert "only step score runs, not: other" in notes


def test_a_component_file_alone_needs_only_its_input(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    config, _ = resolve_text(place, COMPONENT.replace("code: .", "code: code"))
    assert config.arguments[-2:] == ("--rate", "3")
    assert config.inputs == (str(tmp_path / "data"),)


PIECES = st.sampled_from(
    [
        "",
        " ",
        "\n",
        ":",
        "- x",
        "{",
        "[",
        "]",
        "}",
        "~",
        "'",
        "&a ",
        "*a",
        "${{",
        "$[[",
        "a: b\n",
        "<<: ",
        "\t",
    ]
)


@settings(max_examples=150)
@given(
    st.sampled_from([PIPELINE, COMPONENT]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=3),
)
def test_a_damaged_document_gives_a_job_or_mistakes_never_another_error(
    place: Place, text: str, damages: list[tuple[float, int, str]]
) -> None:
    for where, length, piece in damages:
        start = int(where * len(text))
        text = text[:start] + piece + text[start + length :]
    try:
        config, _ = resolve_text(place, text)
    except SpecError as error:
        told = error.problems
    else:
        told = ()
        assert config.name == "job1"
    assert all(problem.file and str(problem) for problem in told)
