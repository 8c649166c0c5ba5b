"""Steps that take what they do not say from a component file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscore.spec.problems import SpecError
from documents import BINDING, BOUND_COMPONENT, COMPONENT, USING
from jobs import make_place, problems, resolve_text


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


def test_a_components_expressions_mean_what_its_step_gives(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    component = tmp_path / "code/component.yml"
    component.write_text(BOUND_COMPONENT)
    config, _ = resolve_text(place, BINDING, inputs=())
    assert (config.mini_batch_size, config.limits.error_threshold) == (8, 8)
    assert config.environment_variables == {"DATA": str(tmp_path / "data")}
    assert config.arguments[-1] == "x"
    assert "--flag" not in config.arguments
    component.write_text(
        BOUND_COMPONENT.replace("mini_batch_size: ${{inputs.n}}", "mini_batch_size: ${{inputs.m}}")
    )
    (problem,) = problems(place, BINDING, inputs=())
    assert (problem.line, problem.where) == (6, "mini_batch_size")


DEFAULT = "jobs/job1/outputs/score/predictions.csv"


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        ("{data: {path: data}}", "{rows: {path: ./out/agg.csv}}", ("3", "out/agg.csv")),
        ("{data: {path: data}, n: ~}", "{rows: {mode: rw_mount}}", ("3", DEFAULT)),
        ("{data: ./data, n: 4}", "{rows: {type: uri_folder, path: ./out}}", ("4", "out/predictions.csv")),
        ("{data: '${{parent.inputs.raw}}', n: {value: 5}}", "{rows: ./out/r}", ("5", "out/r")),
    ],
)  # fmt: skip
def test_what_a_step_leaves_out_its_component_says(
    tmp_path: Path, inputs: str, outputs: str, expected: tuple[str, str]
) -> None:
    place = make_place(tmp_path)
    component = BOUND_COMPONENT.replace("mini_batch", "outputs: {rows: {type: uri_file}}\nmini_batch", 1)
    (tmp_path / "code/component.yml").write_text(component + "  append_row_to: ${{outputs.rows}}\n")
    step = f"{{type: parallel, component: code/component.yml, inputs: {inputs}, outputs: {outputs}}}"
    text = f"type: pipeline\ninputs: {{raw: {{path: data}}}}\njobs:\n  score: {step}\n"
    config, _ = resolve_text(place, text, inputs=())
    rows = (config.output / config.output_file_name).relative_to(tmp_path)
    assert (str(config.mini_batch_size), str(rows)) == expected
    assert config.environment_variables == {"DATA": str(tmp_path / "data")}
