"""Parallel steps: alone, in a pipeline, from a component; their inputs, outputs and arguments."""

from __future__ import annotations

import pytest

from bscore.spec.config import EnvironmentSource
from bscore.spec.problems import SpecError
from documents import PIPELINE
from jobs import Place, resolve_text


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
