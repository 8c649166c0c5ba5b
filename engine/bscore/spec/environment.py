"""The environment that a job asks for, as it was given."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from bscore.spec.config import EnvironmentSource
from bscore.spec.given import Given, text_of, unknown_key
from bscore.spec.options import Dialect
from bscore.spec.places import existing
from bscore.spec.problems import Problem, problem_at
from bscore.spec.yaml_text import Listing, Node, Scalar, Table, plain

_ENVIRONMENT_KEYS = (
    "$schema", "name", "version", "description", "tags", "properties", "image", "conda_file", "build",
    "os_type", "inference_config", "datastore",
)  # fmt: skip


def read_environment(
    given: Given | None, dialect: Dialect, problems: list[Problem]
) -> EnvironmentSource | None:
    """The environment as it was asked for."""
    if given is None:
        return None
    node = given.value
    if isinstance(node, Scalar):
        return EnvironmentSource(name=_environment_name(node.text, given.base))
    if isinstance(node, Listing):
        expected = "a name, a path, or keys such as conda_file"
        problems.append(problem_at(given.place, given.spelling, given=given.text, expected=expected))
        return None
    if dialect is Dialect.V1 or not isinstance(node, Table):
        name = node.entries.get("name") if isinstance(node, Table) else None
        return EnvironmentSource(name=text_of(name) if name else "")
    for key, place in node.keys.items():
        if key not in _ENVIRONMENT_KEYS:
            known = {f"environment.{k}": 0 for k in _ENVIRONMENT_KEYS}
            problems.append(unknown_key(place, "environment.", key, known))
    texts = {key: one.text for key, one in node.entries.items() if isinstance(one, Scalar) and not one.null}
    conda_file, conda = _conda(node.entries.get("conda_file"), given.base, problems)
    folder = Path(given.base) if conda else None
    return EnvironmentSource(
        texts.get("name", ""),
        texts.get("image", ""),
        conda_file,
        conda,
        folder,
        _build(node.entries.get("build")),
    )


def _build(node: Node | None) -> str:
    """The build context as written; "." where it has no path."""
    match node:
        case None | Scalar(null=True):
            return ""
        case Table(entries) if isinstance(path := entries.get("path"), Scalar) and not path.null:
            return path.text
        case Scalar(text):
            return text
    return "."


def _environment_name(text: str, base: Path) -> str:
    """A registered name, or the absolute path of an interpreter, virtual environment or conda file here."""
    if text.startswith("azureml:"):
        return text.removeprefix("azureml:")
    path = Path(base, os.path.expanduser(text))  # noqa: PTH111  # pathlib raises for an unknown user
    return str(path) if text and path.exists() else text


def _conda(node: Node | None, base: Path, problems: list[Problem]) -> tuple[Path | None, str]:
    match node:
        case Scalar(text, place, null) if not null:
            return existing(text, base, place, "environment.conda_file", problems), ""
        case Table():
            return None, yaml.safe_dump(plain(node), sort_keys=False, allow_unicode=True)
        case _:
            return None, ""
