"""What was given: option by option, with its place; the same whatever dialect it came from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bscore.spec.option_table import OPTIONS
from bscore.spec.options import Dialect, Option, Outcome
from bscore.spec.problems import Place, Problem, near_match, problem_at
from bscore.spec.yaml_text import Listing, Node, Scalar, Table

#: Keys by which people name inputs in documents that know none.
_INPUTS = frozenset({"inputs", "input", "input_data", "input_path", "data"})


@dataclass(frozen=True, slots=True)
class Given:
    """One option as it was given; relative paths in it start from `base`.

    `value` is what a document's key holds, a node, until the option is read.
    """

    option: Option
    value: object
    text: str
    spelling: str
    place: Place
    base: Path


@dataclass(slots=True)
class Reading:
    """What a document says, and everything that is wrong with it."""

    dialect: Dialect
    base: Path
    given: dict[str, Given] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: What does not count, given twice or overruled by a component's step, and is checked all the same.
    beside: list[Given] = field(default_factory=list)

    def add(self, given: Given) -> None:
        """Take an option, unless it was given already under another name."""
        earlier = self.given.setdefault(given.option.name, given)
        if earlier is not given:
            what = f"given twice, also as {earlier.spelling} at {earlier.place}"
            self.problems.append(problem_at(given.place, given.spelling, what=what))
            self.beside.append(given)


def read_keys(table: Table, reading: Reading, skip: frozenset[str] = frozenset()) -> None:
    """Take every option that a document's keys give; what is unknown or wrong becomes a problem."""
    known = {path: option for option in OPTIONS for path in option.keys(reading.dialect)}
    _read_table(table, "", known, reading, skip)


def _read_table(
    table: Table, above: str, known: Mapping[str, Option], reading: Reading, skip: frozenset[str]
) -> None:
    for key, node in table.entries.items():
        path = f"{above}{key}"
        if path in skip:
            continue
        if path in known:
            _read_option(known[path], path, node, reading)
        elif any(name.startswith(f"{path}.") for name in known):
            if isinstance(node, Table):
                _read_table(node, f"{path}.", known, reading, skip)
            elif not (isinstance(node, Scalar) and node.null):
                below = [name.removeprefix(f"{path}.") for name in known if name.startswith(f"{path}.")]
                expected = "keys: " + ", ".join(sorted(below))
                reading.problems.append(problem_at(node.place, path, given=text_of(node), expected=expected))
        else:
            reading.problems.append(unknown_key(table.keys[key], above, key, known))


def unknown_key(place: Place, above: str, key: str, known: Mapping[str, object]) -> Problem:
    """A key that nobody knows, with the nearest one that somebody does."""
    level = [name.removeprefix(above) for name in known if name.startswith(above)]
    siblings = sorted({name.split(".")[0] for name in level})
    by_leaf: dict[str, str] = {}
    for name in known:
        by_leaf.setdefault(name.rpartition(".")[2], name)
    near = by_leaf.get(key) or near_match(key, siblings)
    if not near:
        leaf = near_match(key, list(by_leaf))
        near = by_leaf[leaf] if leaf else ""
    if not above and not near and key in _INPUTS:
        what, expected = "this kind of document names no input", "--input PATH, which can be repeated"
        return problem_at(place, key, what=what, expected=expected)
    expected = "" if near else "one of " + ", ".join(siblings)
    return problem_at(place, f"{above}{key}", what="unknown key", expected=expected, near=near)


def _read_option(option: Option, path: str, node: Node, reading: Reading) -> None:
    if not (isinstance(node, Scalar) and node.null):
        reading.add(Given(option, node, text_of(node), path, node.place, reading.base))


def read_value(
    option: Option,
    spelling: str,
    text: str,
    place: Place,
    base: Path,
    problems: list[Problem],
    source: str = "",
) -> Given | None:
    """An option's value from its text; None, and a problem, when it is not one or is refused.

    `source` is the expression that stands there in place of the text.
    """
    try:
        value = option.kind.parse(text)
    except ValueError as error:
        near = near_match(text, option.kind.choices)
        what = f"{error} (from {source})" if source else str(error)
        problems.append(
            problem_at(place, spelling, given=text, expected=option.kind.expected, near=near, what=what)
        )
        return None
    if is_refused(option, value, spelling, text, place, problems):
        return None
    return Given(option, value, text, spelling, place, base)


def is_refused(
    option: Option, value: object, spelling: str, text: str, place: Place, problems: list[Problem]
) -> bool:
    """Whether the option has a value that is refused; then a problem says why."""
    if option.outcome is not Outcome.REFUSED or value == option.harmless:
        return False
    problems.append(problem_at(place, spelling, what=f"refused: {option.reason}", given=text))
    return True


def variable_problem(place: Place, where: str, name: str, text: str) -> Problem | None:
    """The problem that a variable cannot have this name or this value; None where it can."""
    if not name or "=" in name or "\0" in name:
        expected = "a name without '='" if "=" in name else "a name of visible characters"
        return problem_at(place, where, given=name, expected=expected)
    if "\0" in text:
        what = "the value holds a NUL byte, which no environment variable can"
        return problem_at(place, where, what=what, given=text)
    return None


def text_of(node: Node) -> str:
    """A node in a few words, for a message."""
    match node:
        case Scalar(text):
            return text
        case Listing(items):
            return f"a list of {len(items)}"
        case Table(entries):
            return "keys " + ", ".join(entries) if entries else "no keys"


def nearest_file(folder: Path, name: str) -> str:
    """The file below a folder whose name is nearest to one that is not there."""
    try:
        names = [entry.name for entry in folder.iterdir()][:1000]
    except OSError:
        return ""
    return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.6)), "")
