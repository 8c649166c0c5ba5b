"""Where a job's code and model are: paths made absolute and looked at."""

from __future__ import annotations

from pathlib import Path

from bscore.spec.bindings import in_the_cloud, is_elsewhere, local_path
from bscore.spec.draft import CliChoices, Draft, text_given
from bscore.spec.given import nearest_file, unknown_key
from bscore.spec.problems import COMMAND_LINE, Place, Problem, problem_at
from bscore.spec.script_check import find_script, why_unseen
from bscore.spec.yaml_text import Scalar, Table

_MODEL_KEYS = (
    "$schema", "name", "version", "path", "type", "description", "tags", "properties", "stage", "flavors",
    "datastore",
)  # fmt: skip


def find_code(draft: Draft, cli: CliChoices) -> tuple[Path, str]:
    """The code folder and the script below it; what is missing becomes a problem."""
    problems = draft.reading.problems
    given = draft.given.get("script")
    code, place = _code_folder(draft, cli)
    script = cli.script if cli.script is not None else text_given(draft.given, "script")
    if script is None:
        if "script" not in draft.broken:
            problems.append(_no_script(draft, cli))
        return code or cli.cwd, ""
    if cli.script is not None and is_elsewhere(cli.script):
        problems.append(refused_address(COMMAND_LINE, "--script", cli.script))
        return code or cli.cwd, ""
    script_place = given.place if given is not None and cli.script is None else COMMAND_LINE
    if cli.script is not None and cli.code is None and not (code and find_script(code, script)):
        path = _absolute(script, cli.cwd)
        code, script, place = path.parent, path.name, COMMAND_LINE
    refused = cli.code is not None or "code" in draft.given or "code" in draft.broken
    if code is None and refused and (cli.script is None or cli.code is not None):
        return cli.cwd, ""
    if code is None:
        code = given.base if given is not None else cli.cwd
    _check_code(code, script, place, script_place, problems)
    return code, script


def _code_folder(draft: Draft, cli: CliChoices) -> tuple[Path | None, Place]:
    given = draft.given.get("code")
    problems = draft.reading.problems
    if cli.code is not None and is_elsewhere(cli.code):
        problems.append(refused_address(COMMAND_LINE, "--code", cli.code))
        return None, COMMAND_LINE
    if cli.code is not None:
        return _absolute(cli.code, cli.cwd), COMMAND_LINE
    if given is None:
        return None, COMMAND_LINE
    if is_elsewhere(given.text) or not given.text:
        if cli.script is None:
            problems.append(refused_address(given.place, given.spelling, given.text, ", or --code DIR"))
        return None, COMMAND_LINE
    return _absolute(given.text, given.base), given.place


def _check_code(code: Path, script: str, place: Place, script_place: Place, problems: list[Problem]) -> None:
    unseen, script_unseen = why_unseen(code), why_unseen(code / script)
    if unseen or "denied" in script_unseen:
        what = f"cannot be read: {unseen or script_unseen}"
        expected = "a folder that you may read and enter" + " (chmod u+rx)" * ("denied" in what)
        problems.append(problem_at(place, "code", what=what, given=str(code), expected=expected))
    elif code.exists() and not code.is_dir():
        what, expected = "is a file", "the folder that holds the script"
        problems.append(
            problem_at(place, "code", what=what, given=str(code), expected=expected, near=str(code.parent))
        )
    elif script_unseen:
        what = f"cannot be reached: {script_unseen}"
        problems.append(problem_at(script_place, "script", what=what, given=script))
    elif not code.is_dir():
        near, what = nearest_file(code.parent, code.name), "the code folder does not exist"
        problems.append(problem_at(place, "code", what=what, given=str(code), near=near))
    elif find_script(code, script) is None:
        is_folder = (code / script).is_dir()
        near = "" if is_folder else nearest_file((code / script).parent, Path(script).name)
        what = "the script is a folder" if is_folder else f"there is no such script in {code}"
        problems.append(problem_at(script_place, "script", what=what, given=script, near=near))


def _no_script(draft: Draft, cli: CliChoices) -> Problem:
    place = Place(_source(draft))
    component = draft.given.get("component")
    if component is not None and in_the_cloud(component.text):
        what, expected = "refused: it is in the cloud", "a component file here, or --script FILE"
        return problem_at(component.place, "component", what=what, given=component.text, expected=expected)
    if not _is_mlflow(draft, cli):
        expected = "code_configuration.scoring_script in the YAML, or --script FILE"
        return problem_at(place, "", what="no scoring script is named", expected=expected)
    what = "no scoring script is named; the cloud writes one for an MLflow model, bscore does not"
    expected = "--script FILE, which loads the model in init() with mlflow.pyfunc.load_model"
    return problem_at(place, "", what=what, expected=expected)


def _is_mlflow(draft: Draft, cli: CliChoices) -> bool:
    """Whether the job's model says that it is one of MLflow's, or has what such a folder has."""
    given = draft.given.get("model")
    node = given.value if given else None
    entries = node.entries if isinstance(node, Table) else {}
    kind, inner = entries.get("type"), entries.get("path", node)
    if isinstance(kind, Scalar) and kind.text == "mlflow_model":
        return True
    folders = [_absolute(text.rpartition("=")[2], cli.cwd) for text in cli.models]
    if given is not None and isinstance(inner, Scalar):
        folders.append(_absolute(inner.text, given.base))
    return any(is_mlflow_folder(folder) for folder in folders)


def is_mlflow_folder(path: Path) -> bool:
    """Whether MLflow saved a model there."""
    try:
        return (path / "MLmodel").is_file()
    except (OSError, ValueError):
        return False


def refused_address(place: Place, where: str, text: str, more: str = "") -> Problem:
    """The problem that an address stands where a path of this machine is needed."""
    what = "refused: it is in the cloud" if in_the_cloud(text) else "is an address, not a path"
    what = what if text else "is empty"
    return problem_at(place, where, what=what, given=text, expected=f"a path on this machine{more}")


def _source(draft: Draft) -> str:
    return next((one.place.file for one in draft.given.values() if one.place.line), "command line")


def script_folder(code: Path, script: str) -> Path:
    """The folder that holds the script itself."""
    found = find_script(code, script)
    return found.parent if found else code


def find_model(draft: Draft) -> Path | None:
    """The path of the document's model."""
    problems = draft.reading.problems
    given = draft.given.get("model")
    if given is None:
        return None
    node = given.value
    if isinstance(node, Table):
        for key, place in node.keys.items():
            if key not in _MODEL_KEYS:
                problems.append(unknown_key(place, "model.", key, {f"model.{k}": 0 for k in _MODEL_KEYS}))
        inner = node.entries.get("path")
        if not isinstance(inner, Scalar) or inner.null:
            problems.append(
                problem_at(given.place, "model", what="has no path", expected="path, or --model PATH")
            )
            return None
        node = inner
    if not isinstance(node, Scalar):
        problems.append(
            problem_at(given.place, "model", given=given.text, expected="a path, or name and path")
        )
        return None
    if in_the_cloud(node.text):
        what = "refused: registered models are in the cloud"
        problems.append(problem_at(node.place, "model", what=what, given=node.text, expected="--model PATH"))
        return None
    return existing(node.text, given.base, node.place, "model", problems)


def existing(text: str, base: Path, place: Place, where: str, problems: list[Problem]) -> Path:
    """A path made absolute; where it is not there, or cannot be reached, a problem says so."""
    path = _absolute(text, base)
    if is_elsewhere(text) or not text:
        problems.append(refused_address(place, where, text))
        return path
    unseen = why_unseen(path)
    if unseen:
        what = f"cannot be reached: {unseen}"
        problems.append(problem_at(place, where, what=what, given=str(path)))
    elif not path.exists():
        near = nearest_file(path.parent, path.name)
        problems.append(problem_at(place, where, what="does not exist", given=str(path), near=near))
    return path


def _absolute(text: str, base: Path) -> Path:
    return Path(local_path(text, base))
