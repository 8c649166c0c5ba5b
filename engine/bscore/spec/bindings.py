"""Named inputs and outputs: what `${{inputs.x}}` and `${{outputs.x}}` stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bscore.spec.arguments import references
from bscore.spec.given import text_of, unknown_key
from bscore.spec.problems import Place, Problem, near_match, problem_at
from bscore.spec.yaml_text import Node, Scalar, Table

PATH_TYPES = ("uri_folder", "uri_file", "mltable", "custom_model", "mlflow_model", "triton_model")
_LITERAL_TYPES = ("string", "number", "integer", "boolean")
_KEYS = (
    "type", "path", "mode", "optional", "default", "description", "min", "max", "enum", "name", "version",
    "datastore", "intellectual_property",
)  # fmt: skip
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Binding:
    """A named input or output. `text` is None when nothing here stands for it; `why` says why."""

    name: str
    place: Place
    base: Path
    text: str | None = None
    is_path: bool = True
    type: str = "uri_folder"
    why: str = ""
    optional: bool = False


@dataclass(slots=True)
class Bindings:
    """The inputs and outputs by name."""

    inputs: dict[str, Binding] = field(default_factory=dict)
    outputs: dict[str, Binding] = field(default_factory=dict)


def in_the_cloud(text: str) -> bool:
    """Whether a path names something that only the cloud can resolve."""
    return text.lower().startswith(("azureml:", "azureml/")) or "${{" in text


def local_path(text: str, base: Path) -> str:
    """A path made absolute, starting from `base`; other URLs stay as they are."""
    if text.startswith("file:"):
        text = text.removeprefix("file:")
        text = text.removeprefix("//") if text.startswith("//") else text
    if _URL.match(text):
        return text
    if text.startswith("@"):
        return "@" + local_path(text[1:], base)
    return str(Path(base, Path(text).expanduser()))


def read_bindings(
    node: Node, where: str, base: Path, parents: Mapping[str, Binding], problems: list[Problem]
) -> dict[str, Binding]:
    """The bindings below `inputs:` or `outputs:`; `parents` are the pipeline's own."""
    if not isinstance(node, Table):
        problems.append(problem_at(node.place, where, given=text_of(node), expected="names with values"))
        return {}
    return {
        name: _read_one(name, f"{where}.{name}", entry, node.keys[name], base, parents, problems)
        for name, entry in node.entries.items()
    }


def _read_one(
    name: str,
    where: str,
    node: Node,
    place: Place,
    base: Path,
    parents: Mapping[str, Binding],
    problems: list[Problem],
) -> Binding:
    if isinstance(node, Scalar):
        if node.null:
            return Binding(name, place, base, why="has no value")
        return _from_text(name, where, node, base, parents, problems)
    if not isinstance(node, Table):
        problems.append(
            problem_at(node.place, where, given=text_of(node), expected="a value, or type and path")
        )
        return Binding(name, place, base)
    texts: dict[str, Scalar] = {}
    for key, value in node.entries.items():
        if key not in _KEYS:
            problems.append(unknown_key(node.keys[key], f"{where}.", key, {f"{where}.{k}": 0 for k in _KEYS}))
        elif isinstance(value, Scalar) and not value.null:
            texts[key] = value
    kind = texts["type"].text if "type" in texts else ("uri_folder" if "path" in texts else "string")
    _check_type(kind, f"{where}.type", texts, problems)
    optional = "optional" in texts and texts["optional"].text.lower() == "true"
    is_path = kind not in _LITERAL_TYPES
    source = texts.get("path") or texts.get("default")
    if source is None:
        return Binding(name, place, base, None, is_path, kind, "has no path", optional)
    if references(source.text):
        found = _from_text(name, where, source, base, parents, problems)
        return Binding(name, place, found.base, found.text, is_path, kind, found.why, optional)
    return Binding(name, source.place, base, source.text, is_path, kind, optional=optional)


def _check_type(kind: str, where: str, texts: Mapping[str, Scalar], problems: list[Problem]) -> None:
    known = (*PATH_TYPES, *_LITERAL_TYPES)
    if kind not in known:
        expected = "one of " + ", ".join(known)
        near = near_match(kind, known)
        problems.append(problem_at(texts["type"].place, where, given=kind, expected=expected, near=near))


def _from_text(
    name: str,
    where: str,
    node: Scalar,
    base: Path,
    parents: Mapping[str, Binding],
    problems: list[Problem],
) -> Binding:
    names = references(node.text)
    if not names:
        return Binding(name, node.place, base, node.text, is_path=False, type="string")
    parts = names[0].split(".")
    if parts[:2] == ["parent", "jobs"] and len(parts) > 2:
        return Binding(name, node.place, base, why=f"is made by step {parts[2]}, which does not run here")
    if parts[0] == "parent" and len(parts) == 3:
        parent = parents.get(parts[2])
        if parent is not None:
            return Binding(
                name,
                parent.place,
                parent.base,
                parent.text,
                parent.is_path,
                parent.type,
                parent.why,
                parent.optional,
            )
        near = near_match(parts[2], list(parents))
        near = f"parent.{parts[1]}.{near}" if near else ""
        expected = f"a name that the pipeline's {parts[1]} hold"
        problems.append(problem_at(node.place, where, given=names[0], expected=expected, near=near))
        return Binding(name, node.place, base, why="names nothing")
    return Binding(name, node.place, base, node.text)
