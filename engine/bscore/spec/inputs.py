"""The inputs to score, and what stands for the one that is cut into mini-batches."""

from __future__ import annotations

from dataclasses import replace

from bscore.spec.bindings import Binding, in_the_cloud, input_path, path_of
from bscore.spec.draft import CliChoices, Draft
from bscore.spec.expressions import misspelled, references, written
from bscore.spec.problems import COMMAND_LINE, Problem, near_match, problem_at


def find_inputs(draft: Draft, cli: CliChoices) -> tuple[str, ...]:
    """The inputs to score: --input, else --set inputs.<n>.path, else the document's input_data."""
    problems = draft.reading.problems
    texts = cli.inputs or tuple(draft.extra_inputs)
    for text in texts:
        if in_the_cloud(text) or not text:
            expected = "a local folder, file, glob, @list or URL"
            problems.append(
                problem_at(COMMAND_LINE, "--input", what="refused", given=text, expected=expected)
            )
    if texts:
        return tuple(input_path(text, cli.cwd) for text in texts)
    if not cli.need_input:
        return ()
    if "input_data" in draft.given:
        return _document_inputs(draft)
    expected = "--input with a folder, file, glob or @list; it can be repeated"
    problems.append(problem_at(COMMAND_LINE, "", what="no input is named", expected=expected))
    return ()


def _document_inputs(draft: Draft) -> tuple[str, ...]:
    problems = draft.reading.problems
    given = draft.given["input_data"]
    if len(references(given.text)) > 1:
        what, expected = "names several inputs", "one; for several give --input PATH, which can be repeated"
        problems.append(
            problem_at(given.place, given.spelling, what=what, given=given.text, expected=expected)
        )
        return ()
    binding = input_binding(draft)
    if binding is None:
        near = near_match(given.text.strip("${} ").removeprefix("inputs."), list(draft.inputs))
        near = written(f"inputs.{near}") if near else ""
        expected = "${{inputs.NAME}} with a name that stands below inputs"
        problems.append(
            problem_at(given.place, given.spelling, given=given.text, expected=expected, near=near)
        )
        return ()
    if binding.type == "mltable":
        what = "refused: an mltable is not read here"
        expected = "--input with the files themselves"
        problems.append(problem_at(binding.place, f"inputs.{binding.name}", what=what, expected=expected))
        return ()
    found = path_of(binding)
    if found is None:
        problems.append(missing_path(binding, "--input PATH"))
        return ()
    return (found,)


def input_binding(draft: Draft) -> Binding | None:
    """The input that `input_data: ${{inputs.x}}` names, or a path standing there itself."""
    given = draft.given.get("input_data")
    if given is None:
        return None
    text = given.text.strip()
    names = references(text)
    if not names:
        return None if misspelled(text) else Binding("input_data", given.place, given.base, text)
    kind, _, own = names[0].removeprefix("parent.").partition(".")
    named = draft.parents["inputs"] if names[0].startswith("parent.") else draft.inputs
    found = named.get(own) if kind == "inputs" and text.startswith("${{") else None
    tail = text.rpartition("}}")[2]
    if found is None or not tail:
        return found if not tail else None
    path = path_of(found)
    return found if path is None else replace(found, text=path + tail)


def missing_path(binding: Binding, instead: str) -> Problem:
    """The problem that nothing here stands for a binding."""
    where = f"inputs.{binding.name}"
    if binding.problem is not None:
        return binding.problem
    if binding.why:
        return problem_at(binding.place, where, what=binding.why, expected=instead)
    # An empty path would be the folder where the command was typed.
    what = "refused: it is in the cloud" if binding.text else "the path is empty"
    return problem_at(binding.place, where, what=what, given=binding.text, expected=instead)
