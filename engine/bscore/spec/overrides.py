"""`--set name=value`, in any spelling of any dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bscore.spec.draft import Draft
from bscore.spec.given import Reading, read_value
from bscore.spec.option_table import BY_SPELLING
from bscore.spec.options import Option, same
from bscore.spec.problems import FLAGS, SET, Place, near_match, problem_at
from bscore.spec.values import ANY, Shape

_BINDING = re.compile(r"(?:jobs\.[^.]+\.)?(inputs|outputs)\.([^.]+)(?:\.(path|type|mode))?")
_VARIABLE = re.compile(r"(?:jobs\.[^.]+\.)?(?:settings\.)?environment_variables\.([^=]+)")
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
    for name, text in overrides.items():
        if found := _BINDING.fullmatch(name):
            _bind(draft, found[1], found[2], found[3], text, cwd)
        elif found := _VARIABLE.fullmatch(name):
            draft.environment_variables[found[1]] = text
        elif not _LABELS.fullmatch(name):
            _set_option(name, text, own, FLAGS[name] if name in flags else SET)
    draft.reading.problems += own.problems
    draft.given.update(own.given)


def _set_option(name: str, text: str, own: Reading, place: Place) -> None:
    key = same(re.sub(r"^jobs\.[^.]+\.", "", name))
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


def _bind(draft: Draft, kind: str, name: str, part: str | None, text: str, cwd: Path) -> None:
    bindings = draft.inputs if kind == "inputs" else draft.outputs
    known = bindings.get(name)
    if known is None and bindings:
        near = near_match(name, list(bindings))
        expected = "one of " + ", ".join(bindings)
        draft.reading.problems.append(
            problem_at(SET, f"{kind}.{name}", what="unknown name", expected=expected, near=near)
        )
        return
    if part in {"type", "mode"}:
        return
    if known is None and kind == "outputs":
        what = "this job has no named outputs"
        draft.reading.problems.append(problem_at(SET, f"outputs.{name}", what=what, expected="--output DIR"))
        return
    if known is None:
        draft.extra_inputs.append(text)
        return
    is_path = known.is_path or part == "path"
    bindings[name] = replace(known, place=SET, base=cwd, text=text, is_path=is_path, why="")
