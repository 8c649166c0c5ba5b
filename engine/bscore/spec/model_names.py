"""What a model is called: `--model NAME=PATH`, `azureml:NAME:VERSION`, or nothing but its file's name."""

from __future__ import annotations

import re
from pathlib import Path

from bscore.spec.draft import CliChoices, Draft
from bscore.spec.script_check import why_unseen
from bscore.spec.yaml_text import Node, Scalar, Table

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?::(?P<version>\d+))?=(?P<path>.+)", re.DOTALL)
_REGISTERED = re.compile(r"azureml:(?P<name>[A-Za-z0-9][\w.-]*)(?:[:@](?P<version>[\w.-]+))?")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_FIRST = "1"


def model_path(cli: CliChoices) -> str:
    """The path in `PATH`, `NAME=PATH` or `NAME:VERSION=PATH`; a file whose own name is so stays one."""
    named = _named(cli)
    return named["path"] if named else cli.model or ""


def _named(cli: CliChoices) -> re.Match[str] | None:
    if cli.model is None:
        return None
    path = Path(cli.cwd, Path(cli.model).expanduser())
    if why_unseen(path) or path.exists():
        return None
    return _NAMED.fullmatch(cli.model)


def model_name(draft: Draft, cli: CliChoices) -> tuple[str, str]:
    """Name and version for `Model.get_model_path`; the name is empty where nobody said one."""
    named = _named(cli)
    if named:
        return named["name"], named["version"] or _FIRST
    given = draft.given.get("model")
    match given.value if given is not None else None:
        case Scalar(text):
            registered = _REGISTERED.fullmatch(text)
            return (registered["name"], _number(registered["version"])) if registered else ("", _FIRST)
        case Table(entries):
            name = _text(entries.get("name"))
            return (name, _number(_text(entries.get("version")))) if _NAME.fullmatch(name) else ("", _FIRST)
    return "", _FIRST


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and not node.null else ""


def _number(version: str | None) -> str:
    """The real package takes whole numbers only; `latest` and the like stand for the only one there is."""
    return version if version and version.isdigit() else _FIRST
