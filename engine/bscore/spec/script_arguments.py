"""The arguments that a job's script sees."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from bscore.spec.arguments import Split, runtime_arguments, split_arguments
from bscore.spec.draft import Draft
from bscore.spec.expressions import expand, misspelled, references, split_words
from bscore.spec.given import Given, text_of
from bscore.spec.naming import Names
from bscore.spec.option_table import RESERVED_IN_V1
from bscore.spec.options import Dialect, Outcome
from bscore.spec.problems import Place, problem_at
from bscore.spec.yaml_text import Document, Listing, Scalar


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


def read_arguments(
    draft: Draft, document: Document | None, names: Names, behind: Split, overridden: Container[str]
) -> Arguments:
    """Split the document's arguments, and take those `behind` the `--`; runtime options enter the draft.

    The values of `overridden` options in the document are not looked at.
    """
    arguments = Arguments()
    given = draft.given.get("arguments")
    if given is not None and document is not None:
        locate = _locator(document, given.place)
        words = _words(given, draft, names)
        split = split_arguments(words, locate, given.base, overridden, lambda text: bool(references(text)))
        for text in (*split.script, *split.open):
            for name in references(text):
                split.problems.append(names.problem(name, locate(name), given.spelling))
            for found, right in misspelled(text):
                split.notes.append(
                    f"{given.spelling}: {found} reaches the script as it stands; an input or output is "
                    f"written {right}"
                )
        _take(arguments, draft, split)
    for text in behind.script:
        if references(text) or misspelled(text):
            draft.reading.notes.append(f"{text} behind -- reaches the script as it stands")
    _take(arguments, draft, behind)
    return arguments


def _take(arguments: Arguments, draft: Draft, split: Split) -> None:
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


def _words(given: Given, draft: Draft, names: Names) -> list[str]:
    """The words of the document's arguments; an expression that nothing stands for is still in them."""
    problems = draft.reading.problems
    match given.value:
        case Scalar(text, place):
            try:
                words = split_words(text, names.is_absent)
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
    return [expand(word, names.find)[0] for word in words]
