"""`${{…}}` stands for the same thing wherever the cloud takes it, and what is overridden is never read."""

from __future__ import annotations

from pathlib import Path

import pytest

from documents import EXPRESSIONS
from jobs import Place, problems, resolve_text

MANY = "parent.inputs.many"


def test_expressions_are_looked_up_wherever_the_cloud_takes_them(place: Place) -> None:
    config, _ = resolve_text(place, EXPRESSIONS, inputs=())
    folder, limits = place.folder, config.limits
    assert config.inputs == (str(folder / "data"),)
    assert (config.mini_batch_size, config.workers, config.logging_level) == (7, 4, "DEBUG")
    assert (limits.error_threshold, limits.allowed_failed_count) == (7, 4)
    assert (limits.run_invocation_timeout_s, limits.tries, limits.task_overhead_timeout_s) == (5, 7, 5)
    rows = str(folder / "out/scored.csv")
    assert config.environment_variables == {
        "LENT": str(folder / "model"),
        "BELOW": str(folder / "data/de"),
        "MIXED": "debug-4",
        "ROWS": f"{rows} {rows}",
    }
    assert config.arguments[-4:] == ("--n", "7", "--below", str(folder / "data/de"))
    assert config.output / config.output_file_name == Path(rows)


@pytest.mark.parametrize(
    ("old", "new", "where", "near"),
    [
        ('size: "${{inputs.n}}"', "size: ${{inputs.nn}}", "mini_batch_size", "inputs.n"),
        ("MIXED: ${{inputs.level", "MIXED: ${{inputs.leval", "environment_variables.MIXED", "inputs.level"),
        ("es: \"${{inputs.n}}", "es: \"${{parent.inputs.mani}}", "retry_settings.max_retries", MANY),
        ("compute: ${{parent.inputs.many", "compute: ${{parent.inputs.mony", "compute", MANY),
        ("data: ${{parent.inputs.raw}}", "data: ${{parent.inputs.row}}", "inputs.data", "parent.inputs.raw"),
        ("data: ${{parent.inputs.raw}}", "data: ${{inputs.raw}}", "inputs.data", "parent.inputs.raw"),
        ("raw}}/de", "raaw}}/de", "inputs.below", "parent.inputs.raw"),
        ("rows: ${{parent.outputs.s", "rows: ${{parent.outputs.z", "outputs.rows", "parent.outputs.scored"),
        ("input_data: ${{inputs.data}}", "input_data: ${{inputs.dat}}", "input_data", "${{inputs.data}}"),
        ("--n ${{inputs.n}}", "--n ${{inputs.nn}}", "task.program_arguments", "inputs.n"),
        ("--n ${{inputs.n}}", "$[[--n ${{inputs.nn}}]]", "task.program_arguments", "inputs.n"),
        ("level: ${{inputs.level}}", "level: ${inputs.level}", "logging_level", "${{inputs.level}}"),
    ],
)  # fmt: skip
def test_an_unknown_name_is_told_at_its_place_with_a_near_one(
    place: Place, old: str, new: str, where: str, near: str
) -> None:
    assert old in EXPRESSIONS
    (problem,) = problems(place, EXPRESSIONS.replace(old, new), inputs=())
    assert (problem.where, problem.near) == (where, near)
    first = EXPRESSIONS.replace(old, new).splitlines()[problem.line - 1]
    assert new.partition("\n")[0] in first


def test_every_wrong_expression_is_told_at_once(place: Place) -> None:
    text = EXPRESSIONS.replace('"${{inputs.n}}"', "${{inputs.zz}}", 1).replace(
        "${{inputs.level}}", "${{inputs.n}}"
    )
    text = text.replace("--n ${{inputs.n}}", "--n ${{inputs.cloud}}").replace(
        "LENT: ${{inputs.lent}}", "LENT: ${{inputs.none}}"
    )
    found = problems(place, text, inputs=())
    assert [problem.where for problem in found] == [
        "inputs.cloud", "inputs.none", "mini_batch_size", "logging_level"
    ]  # fmt: skip
    assert "from ${{inputs.n}}" in str(found[3])
    assert "--set inputs.none.path=PATH" in str(found[1])


@pytest.mark.parametrize(
    ("old", "new", "overrides"),
    [
        ('size: "${{inputs.n}}"', "size: ${{inputs.zz}}", {"mini_batch_size": "3"}),
        ('size: "${{inputs.n}}"', "size: many", {"mini_batch_size": "3"}),
        ('size: "${{inputs.n}}"', "size: ${{inputs.zz}}", {"mini_batch_size": "${{inputs.n}}"}),
        ('size: "${{inputs.n}}"', "size: [1]", {"jobs.score.mini_batch_size": "3"}),
        ("MIXED: ${{inputs.le", "MIXED: ${{inputs.zz", {"environment_variables.MIXED": "${{inputs.n}}"}),
        ("MIXED: ", "MIXED: [a] #", {"environment_variables.MIXED": "a"}),
        ("data: ${{parent.inputs.raw}}", "data: ${{parent.inputs.zz}}", {"inputs.data.path": "data"}),
        ("path: ./data}", "path: 'azureml:d:1'}", {"inputs.raw.path": "data"}),
        ("data: ${{parent.inputs.raw", "data: ${{parent.jobs.a.outputs.x", {"inputs.data": "data"}),
        ("timeout ${{inputs.seconds}}", "timeout ${{inputs.zz}}", {"task_overhead_timeout": "9"}),
        ("timeout ${{inputs.seconds}}", "timeout soon", {"task_overhead_timeout": "9"}),
    ],
)  # fmt: skip
def test_an_override_wins_before_the_documents_value_is_read(
    place: Place, old: str, new: str, overrides: dict[str, str]
) -> None:
    assert old in EXPRESSIONS
    text = EXPRESSIONS.replace(old, new)
    assert resolve_text(place, text, overrides, inputs=())[0].name == "job1"
    assert problems(place, text, inputs=())


@pytest.mark.parametrize(
    ("old", "new", "choices"),
    [
        ("data: ${{parent.inputs.raw}}", "data: ${{parent.inputs.zz}}", {"inputs": ("data",)}),
        ("input_data: ${{inputs.data}}", "input_data: ${{inputs.zz}}", {"inputs": ("data",)}),
        ('size: "${{inputs.n}}"', "size: many", {"arguments": ("--mini_batch_size", "3")}),
        ("timeout ${{inputs.seconds}}", "timeout soon", {"arguments": ("--task_overhead_timeout=3",)}),
        ("code: ./code", "code: ${{inputs.zz}}", {"code": "code"}),
        ("entry_script: score.py", "entry_script: [a]", {"script": "code/score.py"}),
        ("code: .", "environment: {conda_file: none.yml}\n      code: .", {"interpreter": "/usr/bin/env"}),
    ],
)  # fmt: skip
def test_a_flag_wins_before_the_documents_value_is_read(
    place: Place, old: str, new: str, choices: dict[str, object]
) -> None:
    text = EXPRESSIONS.replace(old, new)
    assert resolve_text(place, text, **{"inputs": (), **choices})[0].name == "job1"
    assert problems(place, text, inputs=())


def test_the_pipelines_inputs_can_be_set_as_in_the_cloud(place: Place) -> None:
    overrides = {"inputs.raw.path": "model", "inputs.many": "2", "jobs.score.inputs.n": "9"}
    config, _ = resolve_text(place, EXPRESSIONS, overrides, inputs=())
    assert config.inputs == (str(place.folder / "model"),)
    assert config.environment_variables["BELOW"] == str(place.folder / "model/de")
    assert (config.workers, config.mini_batch_size) == (2, 9)
    (problem,) = problems(place, EXPRESSIONS, {"jobs.other.inputs.n": "1"}, inputs=())
    assert problem.near == "jobs.score.inputs.n"


def test_an_optional_part_goes_only_where_nothing_was_given(place: Place) -> None:
    text = EXPRESSIONS.replace("--n ${{inputs.n}}", "$[[--a ${{inputs.none}}]] $[[--b ${{inputs.n}}]]")
    config, _ = resolve_text(place, text, inputs=())
    assert config.arguments[-4:-2] == ("--b", "7")
    (problem,) = problems(place, text.replace("inputs.none", "inputs.cloud"), inputs=())
    assert "--set inputs.cloud.path=PATH" in str(problem)


def test_a_misspelled_expression_is_noted_with_the_right_one(place: Place) -> None:
    text = EXPRESSIONS.replace("--n ${{inputs.n}}", "--a ${inputs.n} --b {{inputs.lent}} --c $(outputs.more)")
    text = text.replace("LENT: ${{inputs.lent}}", "LENT: '{{ inputs.lent }}'")
    config, notes = resolve_text(place, text, inputs=(), arguments=("${{inputs.n}}",))
    assert "${inputs.n}" in config.arguments
    for words in (
        "${inputs.n} reaches the script as it stands; an input or output is written ${{inputs.n}}",
        "written ${{inputs.lent}}",
        "written ${{outputs.more}}",
        "environment_variables.LENT: {{ inputs.lent }}",
        "${{inputs.n}} behind -- reaches the script as it stands",
    ):
        assert any(words in note for note in notes), (words, notes)


def test_a_deployment_knows_no_expressions(place: Place) -> None:
    text = place.deployment + "environment_variables: {A: '${{inputs.x}}'}\n"
    config, notes = resolve_text(place, text)
    assert config.environment_variables == {"A": "${{inputs.x}}"}
    assert any("environment_variables.A" in note for note in notes)
    (problem,) = problems(place, place.deployment + "mini_batch_size: ${{inputs.x}}\n")
    assert "batch deployment has no inputs" in str(problem)
    assert resolve_text(place, text + "mini_batch_size: ${{inputs.x}}\n", {"mini_batch_size": "3"})


def test_a_pipelines_own_input_names_no_other(place: Place) -> None:
    text = EXPRESSIONS.replace("bad: many", "bad: ${{parent.inputs.many}}")
    (problem,) = problems(place, text, inputs=())
    assert (problem.line, problem.where) == (5, "inputs.bad")


@pytest.mark.parametrize(
    ("value", "shown"),
    [("true", "True"), ("False", "False"), ("'true'", "true"), ("yes", "yes"), ("1.10", "1.10")],
)
def test_a_truth_value_arrives_as_the_cloud_writes_it(place: Place, value: str, shown: str) -> None:
    for literal in (value, f"{{value: {value}}}", f"{{type: string, default: {value}}}"):
        text = EXPRESSIONS.replace("level: debug", f"level: debug\n      flag: {literal}")
        config, _ = resolve_text(place, text.replace("--n ${{inputs.n}}", "--n ${{inputs.flag}}"), inputs=())
        assert config.arguments[-4:-2] == ("--n", shown)


def test_an_unquoted_expression_between_braces_is_told_to_be_quoted(place: Place) -> None:
    (problem,) = problems(place, place.parallel + "environment_variables: {A: ${{inputs.x}}}\n")
    assert "put quotes around ${{...}}" in problem.what


def test_a_component_in_the_cloud_needs_a_script_from_here(place: Place) -> None:
    text = "type: parallel\ncomponent: azureml:c:1\nmini_batch_size: 3\n"
    (problem,) = problems(place, text)
    assert (problem.line, problem.expected) == (2, "a component file here, or --script FILE")
    config, notes = resolve_text(place, text, script="code/score.py")
    assert config.mini_batch_size == 3
    assert any("azureml:c:1 is in the cloud" in note for note in notes)


def test_of_thousands_of_names_a_message_lists_some(place: Place) -> None:
    inputs = "".join(f"  a{number}: 1\n" for number in range(2000))
    text = f"{place.parallel}inputs:\n{inputs}environment_variables: {{A: '${{{{inputs.zz}}}}'}}\n"
    (problem,) = problems(place, text)
    assert problem.expected.startswith("one of inputs.a0, inputs.a1, ")
    assert len(str(problem)) < 1000
