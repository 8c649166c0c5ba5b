"""What models are called: `--model NAME=PATH`, `azureml:NAME:VERSION`, or nothing but the file's name."""

from __future__ import annotations

import re
from pathlib import Path

from bscore.spec.bindings import local_path
from bscore.spec.config import NamedModel
from bscore.spec.draft import CliChoices, Draft
from bscore.spec.places import existing
from bscore.spec.problems import COMMAND_LINE, problem_at
from bscore.spec.script_check import why_unseen
from bscore.spec.yaml_text import Node, Scalar, Table

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?::(?P<version>\d+))?=(?P<path>.+)", re.DOTALL)
_REGISTERED = re.compile(r"azureml:(?P<name>[A-Za-z0-9][\w.-]*)(?:[:@](?P<version>[\w.-]+))?")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_FIRST = "1"


def given_models(draft: Draft, cli: CliChoices) -> tuple[NamedModel, ...]:
    """The models that --model gives, in order; several need names. What is wrong becomes a problem.

    `NAME=PATH`, `NAME:VERSION=PATH` or `PATH`; a file whose own name is so stays one.
    """
    found: dict[tuple[str, str], NamedModel] = {}
    problems = draft.reading.problems
    for text in cli.models:
        named = _named(text, cli.cwd)
        name, version = (named["name"], named["version"] or _FIRST) if named else ("", _FIRST)
        if not name and len(cli.models) > 1:
            what, expected = "one of several models needs a name", f"--model NAME={text}"
            problems.append(problem_at(COMMAND_LINE, "--model", what=what, given=text, expected=expected))
        elif (name, version) in found:
            what = f"{name} in version {version} is given twice"
            expected = f"another name, or a version as in {name}:{int(version) + 1}=PATH"
            problems.append(problem_at(COMMAND_LINE, "--model", what=what, given=text, expected=expected))
        path = existing(named["path"] if named else text, cli.cwd, COMMAND_LINE, "--model", problems)
        found.setdefault((name, version), NamedModel(name, version, path))
    return tuple(found.values())


def _named(text: str, cwd: Path) -> re.Match[str] | None:
    path = Path(local_path(text, cwd))
    if why_unseen(path) or path.exists():
        return None
    return _NAMED.fullmatch(text)


def model_name(draft: Draft) -> tuple[str, str]:
    """Name and version of the document's model; the name is empty where nobody said one."""
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
