"""`--set name=value`, in any spelling of any dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bscore.spec.bindings import LITERAL_TYPES, PATH_TYPES, Binding
from bscore.spec.draft import Draft
from bscore.spec.expressions import references
from bscore.spec.given import Given, Reading, read_value, variable_problem
from bscore.spec.option_table import BY_SPELLING
from bscore.spec.options import Dialect, Option, same
from bscore.spec.problems import FLAGS, SET, Place, near_match, one_of, problem_at
from bscore.spec.values import ANY, Shape
from bscore.spec.yaml_text import Scalar

_STEP = re.compile(r"jobs\.([^.]+)\.(.+)")
_BINDING = re.compile(r"(inputs|outputs)\.([^.]+)(?:\.(path|value|default|type|mode))?")
_VARIABLE = re.compile(r"(?:settings\.)?environment_variables\.(.*)", re.DOTALL)
#: What flags of the command line say.
_ELSEWHERE = frozenset({"append_row_to", "name"})
_LABELS = re.compile(r"(?:tags|properties)\..+")


def apply_overrides(
    draft: Draft, overrides: Mapping[str, str], cwd: Path, flags: frozenset[str] = frozenset()
) -> None:
    """Let every `--set` win over the document; what is wrong becomes a problem of the draft.

    `flags` names those that were given by a flag of their own.
    """
    own = Reading(draft.reading.dialect, cwd)
    for spelling, text in overrides.items():
        step, name = _step_and_name(spelling)
        if step and draft.step and step != draft.step:
            what, near = f"only step {draft.step} runs", f"jobs.{draft.step}.{name}"
            own.problems.append(problem_at(SET, spelling, what=what, near=near))
        elif found := _BINDING.fullmatch(name):
            _bind(draft, (found[1], found[2], found[3]), text, cwd, of_step=bool(step))
        elif found := _VARIABLE.fullmatch(name):
            if problem := variable_problem(SET, spelling, found[1], text):
                own.problems.append(problem)
            draft.environment_variables[found[1]] = text
        elif not _LABELS.fullmatch(name):
            _set_option(spelling, name, text, own, FLAGS[name] if name in flags else SET)
    draft.reading.problems += own.problems
    draft.given.update(own.given)


def _step_and_name(spelling: str) -> tuple[str, str]:
    """The step that `jobs.STEP.NAME` names, or none, and the rest."""
    found = _STEP.fullmatch(spelling)
    return (found[1], found[2]) if found else ("", spelling)


def _set_option(name: str, plain: str, text: str, own: Reading, place: Place) -> None:
    key = same(plain)
    options = BY_SPELLING.get(key, ())
    option = _settable(options)
    if option is None:
        if options:
            own.problems.append(
                problem_at(place, name, what="cannot be set here", expected=_instead(options[0]))
            )
            return
        near = near_match(key, list(BY_SPELLING)) or _near_leaf(key)
        expected = "" if near else "an option of the table in the README"
        own.problems.append(problem_at(place, name, what="unknown option", near=near, expected=expected))
        return
    given: Given | None
    if own.dialect is Dialect.PARALLEL and references(text):
        given = Given(option, Scalar(text, place), text, name, place, own.base)
    else:
        given = read_value(option, name, text, place, own.base, own.problems)
    if given is None:
        return
    earlier = own.given.get(option.name)
    if earlier is None or earlier.value != given.value:
        own.add(given)


def _settable(options: tuple[Option, ...]) -> Option | None:
    for option in options:
        if option.name in _ELSEWHERE:
            return None
        simple = option.kind.shape in {Shape.SCALAR, Shape.LIST} or option.kind is ANY
        if simple and not option.structural and not option.for_script:
            return option
    return None


def _instead(option: Option) -> str:
    match option.name:
        case "name":
            return "--name NAME"
        case "model":
            return "--model PATH"
        case "output" | "outputs" | "append_row_to":
            return "--output DIR"
        case "inputs":
            return "--set inputs.NAME.path=PATH, or --input PATH"
        case "arguments":
            return "arguments behind `--`"
        case "environment_variables":
            return "--set environment_variables.NAME=VALUE"
        case _:
            return "it in the YAML file"


def _near_leaf(key: str) -> str:
    leaf = key.rpartition(".")[2]
    return near_match(leaf, list(BY_SPELLING)) if leaf != key else ""


def _bind(draft: Draft, key: tuple[str, str, str | None], text: str, cwd: Path, *, of_step: bool) -> None:
    """Set an input or output: the step's own, and the pipeline's of that name unless a step is named."""
    kind, name, part = key
    places = [draft.named(kind)] if of_step else [draft.named(kind), draft.parents[kind]]
    holders = [place for place in places if name in place]
    known = [*dict.fromkeys(one for place in places for one in place)]
    if not holders and known:
        near, expected = near_match(name, known), one_of(known)
        draft.reading.problems.append(
            problem_at(SET, f"{kind}.{name}", what="unknown name", expected=expected, near=near)
        )
    elif not holders and kind == "outputs":
        what = "this job has no named outputs"
        draft.reading.problems.append(problem_at(SET, f"outputs.{name}", what=what, expected="--output DIR"))
    elif not holders and part not in {"type", "mode"}:
        draft.extra_inputs.append(text)
    for holder in holders:
        if part == "type":
            holder[name] = _typed(holder[name], f"{kind}.{name}.type", text, draft)
        elif part != "mode":
            holder[name] = replace(
                holder[name],
                place=SET,
                base=cwd,
                text=text,
                is_path=holder[name].is_path or part == "path",
                why="",
                expression=text if references(text) else "",
            )


def _typed(binding: Binding, where: str, text: str, draft: Draft) -> Binding:
    known = (*PATH_TYPES, *LITERAL_TYPES)
    if text in known:
        return binding.typed(text)
    expected, near = "one of " + ", ".join(known), near_match(text, known)
    draft.reading.problems.append(problem_at(SET, where, given=text, expected=expected, near=near))
    return binding
