"""Named inputs and outputs: what `${{inputs.x}}` and `${{outputs.x}}` stand for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from bscore.spec.expressions import expand, only_reference, references
from bscore.spec.given import text_of, unknown_key
from bscore.spec.problems import Place, Problem, near_match, one_of, problem_at
from bscore.spec.yaml_text import Node, Scalar, Table

PATH_TYPES = ("uri_folder", "uri_file", "mltable", "custom_model", "mlflow_model", "triton_model")
LITERAL_TYPES = ("string", "number", "integer", "boolean")
_KEYS = (
    "type", "path", "mode", "optional", "default", "value", "description", "min", "max", "enum", "name",
    "version", "datastore", "intellectual_property",
)  # fmt: skip
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_THIS_HOST = re.compile(r"//(?:localhost(?=/))?")


@dataclass(frozen=True, slots=True)
class Binding:
    """A named input or output.

    `text` is None when no value was given for it, and `why` then says so; it also says why a text stands for
    nothing here. `expression` is a text with names in it that are not looked up yet, and `declared` what a
    component says of this name.
    """

    name: str
    place: Place
    base: Path
    text: str | None = None
    is_path: bool = True
    type: str = "uri_folder"
    why: str = ""
    optional: bool = False
    expression: str = ""
    declared: Binding | None = None
    #: The pipeline's own input or output that it stands for, `parent.inputs.x`; empty for none.
    source: str = ""
    #: What is wrong with its expression, told already.
    problem: Problem | None = None
    #: The document says no type; that of a component holds.
    untyped: bool = False

    def typed(self, type_: str) -> Binding:
        """The same with another type."""
        return replace(self, type=type_, is_path=type_ not in LITERAL_TYPES)


def in_the_cloud(text: str) -> bool:
    """Whether a path names something that only the cloud can resolve."""
    return text.lower().startswith(("azureml:", "azureml/")) or "${{" in text


def is_elsewhere(text: str) -> bool:
    """Whether a path is an address: a cloud reference or a URL of anything but this machine's files."""
    return in_the_cloud(text) or (_URL.match(text) is not None and not text.lower().startswith("file:"))


def local_path(text: str, base: Path) -> str:
    """A path made absolute, starting from `base`; other URLs stay as they are."""
    if text.startswith("file:"):
        text = text.removeprefix("file:")
        if text.startswith("//"):
            text = unquote(_THIS_HOST.sub("", text, count=1), errors="surrogateescape")
    if _URL.match(text):
        return text
    return str(Path(base, os.path.expanduser(text)))  # noqa: PTH111  # pathlib raises for an unknown user


def input_path(text: str, base: Path) -> str:
    """The same for an input, which may also be `@LISTFILE`."""
    return "@" + local_path(text[1:], base) if text.startswith("@") else local_path(text, base)


def path_of(binding: Binding) -> str | None:
    """The local path (or URL) that a binding stands for; None where only the cloud knows."""
    if not binding.text or in_the_cloud(binding.text):
        return None
    return input_path(binding.text, binding.base)


def read_bindings(node: Node, where: str, base: Path, problems: list[Problem]) -> dict[str, Binding]:
    """The bindings below `inputs:` or `outputs:`, names in their values not looked up."""
    if not isinstance(node, Table):
        problems.append(problem_at(node.place, where, given=text_of(node), expected="names with values"))
        return {}
    return {
        name: _read_one(name, f"{where}.{name}", entry, node.keys[name], base, problems)
        for name, entry in node.entries.items()
    }


def _read_one(
    name: str, where: str, node: Node, place: Place, base: Path, problems: list[Problem]
) -> Binding:
    if isinstance(node, Scalar):
        if node.null:
            return Binding(name, place, base, why="has no value")
        literal = Binding(name, node.place, base, is_path=False, type="string", untyped=True)
        return _with_text(literal, _literal(node))
    if not isinstance(node, Table):
        problems.append(
            problem_at(node.place, where, given=text_of(node), expected="a value, or type and path")
        )
        return Binding(name, place, base)
    texts: dict[str, Scalar] = {}
    for key, value in node.entries.items():
        if key not in _KEYS:
            problems.append(unknown_key(node.keys[key], f"{where}.", key, {f"{where}.{k}": 0 for k in _KEYS}))
        elif isinstance(value, Scalar):
            if not value.null:
                texts[key] = value
        elif key == "path":
            expected = "one path; for several inputs give --input PATH, which can be repeated"
            problems.append(problem_at(value.place, f"{where}.path", given=text_of(value), expected=expected))
    usual = "uri_folder" if "path" in texts or where.startswith("outputs.") else "string"
    kind = texts["type"].text if "type" in texts else usual
    _check_type(kind, f"{where}.type", texts, problems)
    optional = "optional" in texts and texts["optional"].text.lower() == "true"
    source = texts.get("path") or texts.get("value") or texts.get("default")
    found = Binding(
        name, source.place if source else place, base, optional=optional, untyped="type" not in texts
    ).typed(kind)
    return replace(found, why="has no path") if source is None else _with_text(found, _literal(source))


def _literal(node: Scalar) -> str:
    """The text of a literal; the cloud writes true as True."""
    return node.text.capitalize() if node.truth else node.text


def _with_text(binding: Binding, text: str) -> Binding:
    return replace(binding, text=text, expression=text if references(text) else "")


def _check_type(kind: str, where: str, texts: Mapping[str, Scalar], problems: list[Problem]) -> None:
    known = (*PATH_TYPES, *LITERAL_TYPES)
    if kind not in known:
        expected = "one of " + ", ".join(known)
        near = near_match(kind, known)
        problems.append(problem_at(texts["type"].place, where, given=kind, expected=expected, near=near))


def over(declared: Binding | None, given: Binding) -> Binding:
    """What a step gives for what its component declares; the declared type decides what is a path."""
    if declared is None or given.problem is not None:
        return given
    if given.text is None:
        return declared
    if declared.is_path == given.is_path and not given.untyped:
        return given
    return replace(given, is_path=declared.is_path, type=declared.type, optional=declared.optional)


def look_up(
    bindings: dict[str, Binding], kind: str, parents: Mapping[str, Binding], problems: list[Problem]
) -> None:
    """Look the names up that stand in the values of a step's inputs or outputs (`kind`)."""
    for name, binding in bindings.items():
        if binding.expression:
            found = _looked_up(binding, kind, parents, problems)
            bindings[name] = replace(over(binding.declared, found), expression="", declared=None)


def _looked_up(
    binding: Binding, kind: str, parents: Mapping[str, Binding], problems: list[Problem]
) -> Binding:
    text, where = binding.expression, f"{kind}.{binding.name}"
    whole = only_reference(text)
    if step := _step_named(text):
        return replace(binding, why=f"is made by step {step}, which does not run here")
    found = {name: _parent(name, kind, parents) for name in references(text)}
    for name, parent in found.items():
        if parent is None and ((whole and kind == "inputs") or _is_ours(name)):
            problem = _unknown(name, where, binding.place, kind, parents)
            problems.append(problem)
            return replace(binding, text=None, why="names nothing", problem=problem)
    parent = found.get(whole)
    if parent is not None:
        return replace(parent, name=binding.name, source=whole)
    known = {name: one for name, one in found.items() if one is not None}
    missing = next((one for one in known.values() if _text_of(one) is None), None)
    if missing is not None:
        return replace(binding, text=missing.text, why=missing.why)
    is_path = binding.is_path or any(one.is_path for one in known.values())
    return replace(binding, text=expand(text, lambda name: _text_of(known.get(name)))[0], is_path=is_path)


def _step_named(text: str) -> str:
    for name in references(text):
        parts = name.split(".")
        if parts[:2] == ["parent", "jobs"] and len(parts) > 2:
            return parts[2]
    return ""


def _parent(name: str, kind: str, parents: Mapping[str, Binding]) -> Binding | None:
    head, _, rest = name.partition(".")
    family, _, own = rest.partition(".")
    return parents.get(own) if head == "parent" and family == kind else None


def _is_ours(name: str) -> bool:
    """Whether it names an input or output, and nothing that only the cloud knows (`${{name}}`)."""
    return name.partition(".")[0] in {"parent", "inputs", "outputs"}


def _text_of(binding: Binding | None) -> str | None:
    if binding is None:
        return None
    return path_of(binding) if binding.is_path else binding.text


def _unknown(name: str, where: str, place: Place, kind: str, parents: Mapping[str, Binding]) -> Problem:
    own = name.rpartition(".")[2]
    known = [f"parent.{kind}.{one}" for one in parents]
    near = f"parent.{kind}.{own}" if own in parents else near_match(name, known)
    expected = one_of(known) if known else f"a value: no pipeline with {kind} is around it"
    return problem_at(place, where, what="unknown name", given=name, expected=expected, near=near)
