"""Where a job's rows and its script's own outputs go."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePath

from bscore.spec.bindings import Binding, in_the_cloud, is_elsewhere, local_path
from bscore.spec.draft import CliChoices, Draft, text_given
from bscore.spec.expressions import references, written
from bscore.spec.given import Given
from bscore.spec.problems import COMMAND_LINE, Place, near_match, problem_at
from bscore.spec.values import FILE_NAME


@dataclass(slots=True)
class Outputs:
    """Where the rows and the script's own outputs go.

    `append_row` is None where the dialect says it by output_action; `file_name` is "" likewise.
    """

    folder: Path
    append_row: bool | None = None
    file_name: str = ""
    paths: dict[str, Path] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()


def place_outputs(draft: Draft, cli: CliChoices) -> Outputs:
    """Give every named output a place, and find the one that gets the rows."""
    chosen = _chosen_folder(draft, cli)
    outputs = Outputs(chosen or cli.default_output)
    beside = chosen or cli.default_output.parent
    folders: list[Path] = []
    for name, binding in draft.outputs.items():
        path = _output_path(binding, beside, draft)
        outputs.paths[name] = path
        folders.append(path.parent if binding.type == "uri_file" else path)
    target, tail = _rows_target(draft)
    if target is not None:
        outputs.append_row = "output_action" not in draft.given or None
        path = outputs.paths[target.name]
        folders.remove(path.parent if target.type == "uri_file" else path)
        _place_rows(outputs, target, tail, draft, chosen)
    outputs.folders = tuple(dict.fromkeys(folders))
    return outputs


def _place_rows(outputs: Outputs, target: Binding, tail: str, draft: Draft, chosen: Path | None) -> None:
    """Where the rows go, and how their file is called: as the output or the tail behind it says."""
    path = outputs.paths[target.name]
    is_file = target.type == "uri_file" and not tail
    given_path = target.text is not None and (target.place.line == 0 or not chosen)
    if given_path and not in_the_cloud(target.text or ""):
        outputs.folder = path.parent if is_file else path
    if "output_file_name" not in draft.given:
        own = path.name if is_file and _names_a_file(target, path) else PurePath(tail).name
        outputs.file_name = _checked_name(own, target, draft)
    final = outputs.file_name or text_given(draft.given, "output_file_name") or "predictions.csv"
    outputs.paths[target.name] = outputs.folder / final if is_file else outputs.folder
    outputs.folder /= PurePath(tail).parent


def _names_a_file(binding: Binding, path: Path) -> bool:
    """Whether an output of type uri_file says what the file is called."""
    text = binding.text or ""
    if in_the_cloud(text):
        return path.name == text.rpartition("/")[2]
    return bool(text) and not text.endswith("/") and not path.is_dir()


def _checked_name(name: str, target: Binding, draft: Draft) -> str:
    if not name:
        return ""
    try:
        FILE_NAME.parse(name)
    except ValueError as error:
        where, what = f"outputs.{target.name}", str(error)
        problem = problem_at(target.place, where, what=what, given=name, expected=FILE_NAME.expected)
        draft.reading.problems.append(problem)
        return ""
    return name


def _chosen_folder(draft: Draft, cli: CliChoices) -> Path | None:
    """The folder of --output; an address becomes a problem."""
    if not cli.output:
        return None
    if is_elsewhere(cli.output):
        _refuse_address(draft, COMMAND_LINE, "--output", cli.output)
        return None
    return Path(local_path(cli.output, cli.cwd))


def _refuse_address(draft: Draft, place: Place, where: str, text: str) -> None:
    what = "refused: rows are written to a folder of this machine"
    expected = "a folder here; copy it to its destination when the job has ended"
    draft.reading.problems.append(problem_at(place, where, what=what, given=text, expected=expected))


def _output_path(binding: Binding, beside: Path, draft: Draft) -> Path:
    if binding.text is None or not binding.text:
        return beside / binding.name
    is_override = binding.place.line == 0
    if is_elsewhere(binding.text) and (is_override or not in_the_cloud(binding.text)):
        _refuse_address(draft, binding.place, f"outputs.{binding.name}", binding.text)
        return beside / binding.name
    if in_the_cloud(binding.text):
        last = binding.text.rstrip("/").rpartition("/")[2]
        name = last if "${{" not in last and ":" not in last else binding.name
        place = beside / name
        draft.reading.notes.append(
            f"outputs.{binding.name} {binding.text} is in the cloud: written below {beside}"
        )
        return place
    return Path(local_path(binding.text, binding.base))


def _rows_target(draft: Draft) -> tuple[Binding | None, str]:
    """The output that `append_row_to` names, and what stands behind it: `${{outputs.x}}/rows.csv`."""
    given = draft.given.get("append_row_to")
    if given is None:
        return None, ""
    text = given.text.strip()
    names = references(text)
    name = names[0].removeprefix("outputs.") if len(names) == 1 else ""
    starts = text.startswith("${{")
    tail = text.rpartition("}}")[2]
    if starts and name in draft.outputs and (not tail or tail.startswith("/")):
        return draft.outputs[name], _checked_tail(tail, given, draft)
    near = name if name in draft.outputs else near_match(name, list(draft.outputs))
    near = written(f"outputs.{near}") if near else ""
    expected = "${{outputs.NAME}} with a name that stands below outputs"
    draft.reading.problems.append(
        problem_at(given.place, given.spelling, given=given.text, expected=expected, near=near)
    )
    return None, ""


def _checked_tail(tail: str, given: Given, draft: Draft) -> str:
    parts = [part for part in tail.split("/") if part]
    if tail and (tail.endswith("/") or ".." in parts):
        what, expected = "is no file in that output", "${{outputs.NAME}}/FILE"
        draft.reading.problems.append(
            problem_at(given.place, given.spelling, what=what, given=given.text, expected=expected)
        )
        return ""
    return "/".join(parts)
