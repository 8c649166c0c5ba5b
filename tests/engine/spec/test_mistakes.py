"""Every mistake at once, with file, line, column, what was given, what was expected, a near match."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscore.spec.problems import SpecError
from jobs import Place, make_place, problems, resolve_text, resolve_words

MANY = """\
type: model
code_configuration: {code: cod, scoring_script: score.py}
model: azureml:m:1
settings:
  mini_batch_sise: ten
  error_threshold: -2
  logging_level: warnin
  retry_settings: {timeout: 0, max_retrys: 3}
  environment_variables: [a]
timeout: 3
colour: red
"""


def test_all_mistakes_are_told_at_once_with_their_places(place: Place) -> None:
    found = [(p.line, p.column, p.where, p.near) for p in problems(place, MANY)]
    assert found == [
        (2, 28, "code", "code"),
        (3, 8, "model", ""),
        (5, 3, "settings.mini_batch_sise", "mini_batch_size"),
        (6, 20, "settings.error_threshold", ""),
        (7, 18, "settings.logging_level", "WARNING"),
        (8, 29, "settings.retry_settings.timeout", ""),
        (8, 32, "settings.retry_settings.max_retrys", "max_retries"),
        (9, 26, "settings.environment_variables", ""),
        (10, 1, "timeout", "settings.retry_settings.timeout"),
        (11, 1, "colour", ""),
    ]


def test_a_mistake_reads_like_a_compilers(place: Place) -> None:
    lines = "\n".join(map(str, problems(place, MANY))).splitlines()
    assert "job.yml:5:3: settings.mini_batch_sise: unknown key; did you mean 'mini_batch_size'?" in lines
    told = "settings.error_threshold: out of range, given '-2', expected a whole number, -1 or more"
    assert f"job.yml:6:20: {told}" in lines
    assert any("--model PATH" in line for line in lines)


@pytest.mark.parametrize("text", ["azureml://datastores/d/paths/p", "azureml:out", "s3://b/x", "https://h/x"])
def test_an_output_that_is_an_address_is_refused_and_a_file_url_is_a_folder(place: Place, text: str) -> None:
    (problem,) = problems(place, place.deployment, output=text)
    assert (problem.where, problem.given) == ("--output", text)
    config, _ = resolve_text(place, place.deployment, output="file:///tmp/a%20b")
    assert config.output == Path("/tmp/a b")
    (problem,) = problems(place, place.parallel + "outputs: {rows: }\n", {"outputs.rows.path": text})
    assert (problem.where, problem.given) == ("outputs.rows", text)


def test_control_characters_never_reach_the_terminal(place: Place) -> None:
    text = place.deployment + 'logging_level: "\\e[2Jred\\a"\n"\\e[31mkey": 1\n'
    shown = "\n".join(map(str, problems(place, text)))
    assert "\x1b" not in shown
    assert "\x07" not in shown


@pytest.mark.parametrize(
    ("overrides", "where", "hint"),
    [
        ({"settings.mini_batch_sise": "3"}, "settings.mini_batch_sise", "mini_batch_size"),
        ({"retry_settings.timeout": "0"}, "retry_settings.timeout", "259200"),
        ({"model": "m"}, "model", "--model PATH"),
        ({"name": "x"}, "name", "--name"),
        ({"output": "x"}, "output", "--output DIR"),
        ({"type": "model"}, "type", "YAML"),
        ({"resume_from": "x"}, "resume_from", "bscore job resume"),
        ({"outputs.x.path": "x"}, "outputs.x", "--output DIR"),
        ({"error_threshold": "3", "settings.error_threshold": "4"}, "settings.error_threshold", "twice"),
        ({"": "3"}, "", "table"),
    ],
)
def test_a_wrong_set_is_told(place: Place, overrides: dict[str, str], where: str, hint: str) -> None:
    (problem,) = problems(place, place.deployment, overrides)
    assert (problem.file, problem.line, problem.where) == ("--set", 0, where)
    assert hint in str(problem)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--error_threshold"], "has no value"),
        (["--error_threshold", "--x"], "has no value"),
        (["--error_threshold", "many"], "a whole number, -1 or more"),
        (["--error_threshold="], "a whole number"),
        (["--copy_logs_to_parent", "maybe"], "True or False"),
        (["--task_overhead_timeout", "259201"], "at most 259200"),
        (["--profiling_module", "cprofil"], "did you mean 'cProfile'"),
        (["--allowed_failed_percent", "nan"], "percentage"),
    ],
)
def test_a_wrong_argument_is_told(place: Place, words: list[str], hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        resolve_words(place, arguments=tuple(words))
    assert hint in str(caught.value)


def test_a_wrong_argument_in_yaml_has_its_line(place: Place) -> None:
    text = place.parallel + "  program_arguments: >-\n    --mine 1\n    --error_threshold many\n"
    (problem,) = problems(place, text)
    assert (problem.line, problem.column) == (8, 5)


def test_what_is_not_there_is_told_with_a_near_name(place: Place) -> None:
    text = "code_configuration: {code: code, scoring_script: scor.py}\nmodel: {path: modle}\n"
    found = problems(place, text + "environment: {conda_file: envs.yml}\n")
    assert [problem.near for problem in found] == ["score.py", "model", "env.yml"]
    (problem,) = problems(place, place.deployment, interpreter="no/python")
    assert "no such interpreter" in problem.what


def test_no_script_and_no_input_are_told_together(place: Place) -> None:
    found = "\n".join(map(str, problems(place, "endpoint_name: e\n", inputs=())))
    assert "--script FILE" in found
    assert "--input" in found


def test_a_deployment_can_be_checked_without_an_input(place: Place) -> None:
    config, _ = resolve_text(place, place.deployment, inputs=(), need_input=False)
    assert config.inputs == ()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("auth_mode: aad_token\nname: e\n", "deployment"),
        ("name: e\ndefaults: {deployment_name: d}\n", "deployment"),
        ("name: e\ndescription: d\ntags: {a: b}\n", "a batch endpoint"),
        ("$schema: https://a.b/latest/batchEndpoint.schema.json\nname: e\n", "a batch endpoint"),
        ("$schema: https://a.b/managedOnlineEndpoint.schema.json\nauth_mode: key\n", "an online endpoint"),
        ("$schema: https://a.b/managedOnlineDeployment.schema.json\nname: d\n", "an online deployment"),
        ("endpoint_name: e\ninstance_type: Standard_DS3_v2\n", "run(mini_batch) takes a list of files"),
        ("endpoint_name: e\nliveness_probe: {period: 9}\n", "an online deployment"),
        ("endpoint_name: e\ncompute: c\ninstance_type: x\n", "did you mean 'resources.instance_type'"),
        ("endpoint_name: e\nmodel: {path: m, type: mlflow_model}\n", "mlflow.pyfunc.load_model"),
        ("endpoint_name: e\ninputs: {a: data, b: data}\n", "--input PATH, which can be repeated"),
        ("type: parallel\ninputs: {a: {path: [b, c]}}\n", "for several inputs give --input PATH"),
        ("pipeline: {steps: {}}\n", "parallel_run_config"),
        ("channels: [x]\ndependencies: [y]\n", "conda"),
        ("bscore_job: 1\n", "job resume"),
        ("type: pipeline\nendpoint_name: e\ncomponent: c\n", "no scoring script"),
        ("type: command\n", "one of model, parallel, pipeline"),
        ("type: paralel\n", "did you mean 'parallel'"),
        ("type: pipeline\n", "without jobs"),
        ("type: [a]\n", "one of model"),
        ("parallel_run_config: x\n", "ParallelRunConfig"),
    ],
)
def test_other_documents_are_named_for_what_they_are(place: Place, text: str, hint: str) -> None:
    assert hint in "\n".join(map(str, problems(place, text)))


@pytest.mark.parametrize("several", ["['${{inputs.a}}', '${{inputs.b}}']", "${{inputs.a}} ${{inputs.b}}"])
def test_several_inputs_go_onto_the_command_line(place: Place, several: str) -> None:
    text = place.parallel + f"inputs: {{a: data, b: data}}\ninput_data: {several}\n"
    (problem,) = problems(place, text, inputs=())
    assert "--input PATH, which can be repeated" in problem.expected
    assert len(resolve_text(place, text, inputs=("data", "model"))[0].inputs) == 2


def test_both_spellings_of_one_setting_are_a_mistake(place: Place) -> None:
    text = place.deployment + "error_threshold: 1\nsettings: {error_threshold: 1}\n"
    assert "given twice" in str(problems(place, text)[0])


def test_keys_without_a_value_are_as_good_as_absent(place: Place) -> None:
    config, _ = resolve_text(
        place, place.deployment + "settings:\nmini_batch_size:\nenvironment_variables: ~\n"
    )
    assert config.mini_batch_size == 10


def test_a_cloud_model_is_no_mistake_where_another_is_given(place: Place) -> None:
    config, _ = resolve_text(place, place.deployment + "model: azureml:m@latest\n", models=("model",))
    assert config.model == place.folder / "model"


@pytest.mark.parametrize(
    ("models", "hint"),
    [
        (("a=model", "data"), "--model NAME=data"),
        (("a=model", "a=data"), "a:2=PATH"),
        (("a:3=model", "a:3=data"), "a:4=PATH"),
        (("a=model", "b=modle"), "did you mean 'model'"),
    ],
)
def test_several_models_need_names_of_their_own(place: Place, models: tuple[str, ...], hint: str) -> None:
    (problem,) = problems(place, place.deployment + "model: azureml:m@latest\n", models=models)
    assert hint in str(problem)


@pytest.mark.parametrize("uri", ["azureml:data:1", "azureml://datastores/x/paths/y"])
def test_an_input_in_the_cloud_is_refused(place: Place, uri: str) -> None:
    (problem,) = problems(place, place.deployment, inputs=(uri,))
    assert "local folder" in str(problem)


def test_inputs_may_be_urls_lists_and_globs(place: Place) -> None:
    config, _ = resolve_text(
        place, place.deployment, inputs=("s3://b/c", "@list", "*.csv", "file:///x", "/abs")
    )
    folder = place.folder
    assert config.inputs == ("s3://b/c", f"@{folder}/list", f"{folder}/*.csv", "/x", "/abs")


def test_v1_refuses_its_reserved_arguments(place: Place) -> None:
    text = place.v1 + 'arguments: ["--run_max_try", 4, "--mine", 5]\n'
    (problem,) = problems(place, text)
    assert "reserved" in str(problem)
    config, _ = resolve_text(place, place.v1 + 'arguments: ["--task_overhead_timeout", 4, "--mine", 5]\n')
    assert config.arguments[-4:] == ("--task_overhead_timeout", "4", "--mine", "5")


def test_what_cuts_tabular_inputs_is_refused_for_files(place: Place) -> None:
    for document in (place.v1, place.parallel):
        (problem,) = problems(place, document + "partition_keys: [a]\n")
        assert "one job for each partition" in str(problem)
        (problem,) = problems(place, document + "mini_batch_size: 10kb\n")
        assert "a number of files" in str(problem)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{", "not valid JSON"),
        ("[]", "an object"),
        ('{"apend_row": {}}', "did you mean 'append_row'"),
        ('{"append_row": {"pandas.DataFrame.to_csv": {"mode": "w"}}}', "bscore opens the file"),
        ('{"append_row": {"pandas.DataFrame.to_csv": 3}}', "an object"),
        ("[" * 100_000, "64 KiB"),
    ],
)
def test_wrong_settings_beside_the_script_are_told(tmp_path: Path, text: str, hint: str) -> None:
    place = make_place(tmp_path)
    (place.folder / "code/parallel_run_step.settings.json").write_text(text)
    assert hint in "\n".join(map(str, problems(place, place.deployment)))


def test_settings_beside_the_script_reach_to_csv(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    text = '{"append_row": {"pandas.DataFrame.to_csv": {"sep": ",", "index": true}}}'
    (place.folder / "code/parallel_run_step.settings.json").write_text(text)
    config, _ = resolve_text(place, place.deployment)
    assert config.to_csv == {"sep": ",", "index": True}
