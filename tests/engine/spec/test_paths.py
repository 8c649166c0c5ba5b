"""Paths and variables that cannot be: each is told as it was given, and once."""

from __future__ import annotations

import pytest

from bscore.spec.problems import SpecError
from jobs import DEPLOYMENT, Place, problems, resolve_text


def test_a_code_folder_that_is_a_file_is_told_once_with_the_folder(place: Place) -> None:
    text = place.deployment.replace("code: code", "code: code/score.py")
    (problem,) = problems(place, text)
    assert (problem.line, problem.what) == (2, "is a file")
    assert problem.near == str(place.folder / "code")
    (problem,) = problems(place, None, script="score.py", code="code/score.py")
    assert problem.near == str(place.folder / "code")


ADDRESS = "https://example.org/a/b"


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        (f"code_configuration: {{code: '{ADDRESS}', scoring_script: s.py}}\n", {}),
        (f"{DEPLOYMENT}model: {{path: '{ADDRESS}'}}\n", {}),
        (f"{DEPLOYMENT}environment: {{conda_file: '{ADDRESS}'}}\n", {}),
        (DEPLOYMENT, {"models": (ADDRESS,)}),
        (DEPLOYMENT, {"models": (f"name={ADDRESS}",)}),
        (DEPLOYMENT, {"interpreter": ADDRESS}),
        (DEPLOYMENT, {"code": ADDRESS}),
        (DEPLOYMENT, {"script": ADDRESS}),
    ],
)
def test_an_address_in_place_of_a_path_is_shown_as_it_was_given(
    place: Place, text: str, choices: dict[str, object]
) -> None:
    (problem,) = problems(place, text, **choices)
    assert problem.given == ADDRESS
    assert problem.what == "is an address, not a path"


@pytest.mark.parametrize(
    ("variables", "overrides", "where", "hint"),
    [
        ('{A: "x\\0y"}', {}, "environment_variables.A", "the value holds a NUL byte"),
        ('{"A\\0": y}', {}, "environment_variables.A\0", "visible characters"),
        ("{A=B: y}", {}, "environment_variables.A=B", "a name without '='"),
        ("{}", {"environment_variables.A": "x\0"}, "environment_variables.A", "the value holds a NUL byte"),
        ("{}", {"environment_variables.A=B": "x"}, "environment_variables.A=B", "a name without '='"),
    ],
)
def test_of_a_wrong_variable_the_wrong_half_is_named(
    place: Place, variables: str, overrides: dict[str, str], where: str, hint: str
) -> None:
    text = place.deployment + f"environment_variables: {variables}\n"
    (problem,) = problems(place, text, overrides)
    assert problem.where == where
    assert hint in str(problem)


@pytest.mark.parametrize(
    ("text", "overrides"),
    [
        ("type: parallel\ninputs: {d: {path: ''}}\ninput_data: ${{inputs.d}}\n", {}),
        ("type: parallel\ninputs: {d: {path: data}}\ninput_data: ${{inputs.d}}\n", {"inputs.d.path": ""}),
        ("type: parallel\ninput_data: ''\n", {}),
        ("model: {path: ''}\n", {}),
        ("", {"code": ""}),
        ("environment: {conda_file: ''}\n", {}),
    ],
)
def test_an_empty_path_is_not_the_folder_where_one_stands(
    place: Place, text: str, overrides: dict[str, str]
) -> None:
    is_parallel = text.startswith("type")
    document = place.parallel.removeprefix("type: parallel\n") if is_parallel else place.deployment
    (problem,) = problems(place, text + document, overrides, inputs=() if is_parallel else ("data",))
    assert "is empty" in problem.what


STRANGER = "~nobody-of-this-name/x"


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        (f"code_configuration: {{code: '{STRANGER}', scoring_script: s.py}}\n", {}),
        (f"{DEPLOYMENT}model: {{path: '{STRANGER}'}}\n", {}),
        (f"{DEPLOYMENT}environment: {{conda_file: '{STRANGER}'}}\n", {}),
        (DEPLOYMENT, {"interpreter": STRANGER}),
        (DEPLOYMENT, {"code": STRANGER, "script": "s.py"}),
    ],
)
def test_the_home_of_a_user_who_does_not_exist_is_a_name_like_any(
    place: Place, text: str, choices: dict[str, object]
) -> None:
    """It is found or told as missing; Python's own error for it never comes through."""
    told: object
    try:
        told = resolve_text(place, text, None, **choices)[0]
    except SpecError as error:
        told = error
    assert STRANGER in str(told)
