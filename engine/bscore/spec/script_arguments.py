"""A job's outputs and the arguments its script sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bscore.spec.arguments import expand, references, runtime_arguments, split_arguments, split_words
from bscore.spec.bindings import Binding, in_the_cloud, local_path
from bscore.spec.draft import CliChoices, Draft, text_given
from bscore.spec.given import Given, text_of
from bscore.spec.option_table import RESERVED_IN_V1
from bscore.spec.options import Dialect, Outcome
from bscore.spec.places import missing_path, path_of
from bscore.spec.problems import COMMAND_LINE, Place, near_match, problem_at
from bscore.spec.yaml_text import Document, Listing, Scalar


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
    chosen = Path(cli.cwd, Path(cli.output).expanduser()) if cli.output else None
    outputs = Outputs(chosen or cli.default_output)
    beside = chosen or cli.default_output.parent
    folders: list[Path] = []
    for name, binding in draft.outputs.items():
        path = _output_path(binding, beside, draft)
        outputs.paths[name] = path
        folders.append(path.parent if binding.type == "uri_file" else path)
    target = _rows_target(draft)
    if target is not None:
        outputs.append_row = "output_action" not in draft.given or None
        path = outputs.paths[target.name]
        is_file = target.type == "uri_file"
        given_path = target.text is not None and (target.place.line == 0 or not chosen)
        if given_path and not in_the_cloud(target.text or ""):
            outputs.folder = path.parent if is_file else path
        folders.remove(path.parent if is_file else path)
        named = is_file and target.text is not None and bool(path.suffix)
        if "output_file_name" not in draft.given and named:
            outputs.file_name = path.name
        final = outputs.file_name or text_given(draft.given, "output_file_name") or "predictions.csv"
        outputs.paths[target.name] = outputs.folder / final if is_file else outputs.folder
    outputs.folders = tuple(dict.fromkeys(folders))
    return outputs


def _output_path(binding: Binding, beside: Path, draft: Draft) -> Path:
    if binding.text is None or not binding.text:
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


def _rows_target(draft: Draft) -> Binding | None:
    given = draft.given.get("append_row_to")
    if given is None:
        return None
    names = references(given.text)
    name = names[0].removeprefix("outputs.") if len(names) == 1 else ""
    if name in draft.outputs:
        return draft.outputs[name]
    near = near_match(name, list(draft.outputs))
    near = f"${{{{outputs.{near}}}}}" if near else ""
    expected = "${{outputs.NAME}} with a name that stands below outputs"
    draft.reading.problems.append(
        problem_at(given.place, given.spelling, given=given.text, expected=expected, near=near)
    )
    return None


@dataclass(slots=True)
class Arguments:
    """The script's own arguments in order, and those of the runtime that stand among them."""

    script: list[str] = field(default_factory=list)
    runtime: list[Given] = field(default_factory=list)

    def shown(self, level: str, given: Mapping[str, Given]) -> tuple[str, ...]:
        """The runtime's arguments as the script sees them, with the values that hold.

        What was given as a key of the YAML or by --set is among them: the original makes one command line of
        the keys, its own arguments and the script's, which is why its SDK reserves these names (reference
        1.15, 1.16). Defaults that nobody gave are left out, so that a parser that takes beginnings of its
        options for them (argparse does) meets no more strange names than it must.
        """
        named = {one.option.name: one for one in self.runtime}
        keys = {
            name: one
            for name, one in given.items()
            if one.option.driver and one.option.outcome is Outcome.EFFECTIVE
        }
        return runtime_arguments(level, [given.get(name, one) for name, one in (named | keys).items()])


def read_arguments(draft: Draft, document: Document | None, cli: CliChoices, outputs: Outputs) -> Arguments:
    """Split the document's arguments and those behind `--`; runtime options enter the draft."""
    arguments = Arguments()
    given = draft.given.get("arguments")
    if given is not None and document is not None:
        _take(arguments, draft, _words(given, draft, outputs), _locator(document, given.place), given.base)
    _take(arguments, draft, list(cli.arguments), lambda _word: COMMAND_LINE, cli.cwd)
    return arguments


def _take(
    arguments: Arguments, draft: Draft, tokens: list[str], locate: Callable[[str], Place], base: Path
) -> None:
    split = split_arguments(tokens, locate, base)
    for one in split.runtime:
        name = one.spelling.removeprefix("--")
        if draft.reading.dialect is Dialect.V1 and one.place.line and name in RESERVED_IN_V1:
            what = "is reserved: the SDK refuses it among the arguments"
            split.problems.append(problem_at(one.place, one.spelling, what=what, expected=f"the key {name}"))
        draft.take_argument(one)
    arguments.script += split.script
    arguments.runtime += split.runtime
    draft.reading.problems += split.problems
    draft.reading.notes += split.notes


def _locator(document: Document, start: Place) -> Callable[[str], Place]:
    def locate(word: str) -> Place:
        return document.find(start, word) if start.file == document.file else start

    return locate


def _words(given: Given, draft: Draft, outputs: Outputs) -> list[str]:
    lookup = _lookup(draft, outputs)
    problems = draft.reading.problems
    match given.value:
        case Scalar(text, place):
            try:
                words = split_words(text, lookup)
            except ValueError as error:
                problems.append(
                    problem_at(place, given.spelling, what=f"cannot be split: {error}", given=text)
                )
                return []
        case Listing(items):
            words = []
            for item in items:
                if isinstance(item, Scalar):
                    words.append(item.text)
                else:
                    problems.append(
                        problem_at(item.place, given.spelling, given=text_of(item), expected="a text")
                    )
        case _:
            problems.append(
                problem_at(given.place, given.spelling, given=given.text, expected="a text or a list")
            )
            return []
    expanded: list[str] = []
    for word in words:
        value, missing = expand(word, lookup)
        expanded.append(value)
        for name in missing:
            _report_missing(name, given, draft)
    return expanded


def _lookup(draft: Draft, outputs: Outputs) -> Callable[[str], str | None]:
    def lookup(name: str) -> str | None:
        kind, _, rest = name.partition(".")
        if kind == "outputs" and rest in outputs.paths:
            return str(outputs.paths[rest])
        binding = draft.inputs.get(rest) if kind == "inputs" else None
        if binding is None:
            return None
        return path_of(binding) if binding.is_path else binding.text

    return lookup


def _report_missing(name: str, given: Given, draft: Draft) -> None:
    kind, _, rest = name.partition(".")
    known = {"inputs": draft.inputs, "outputs": draft.outputs}.get(kind, {})
    if rest in known:
        draft.reading.problems.append(missing_path(known[rest], f"--set inputs.{rest}.path=PATH"))
        return
    names = [f"inputs.{one}" for one in draft.inputs] + [f"outputs.{one}" for one in draft.outputs]
    near = near_match(name, names)
    expected = "one of " + ", ".join(names) if names else "a job with inputs or outputs"
    draft.reading.problems.append(
        problem_at(
            given.place, given.spelling, what="unknown reference", given=name, expected=expected, near=near
        )
    )
