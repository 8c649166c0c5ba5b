"""The values of a document's keys, read when it is known which of them count and what its names stand for."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from bscore.spec.draft import Draft
from bscore.spec.expressions import misspelled, references
from bscore.spec.given import Given, is_refused, read_value, text_of, variable_problem
from bscore.spec.naming import Names
from bscore.spec.options import Outcome
from bscore.spec.problems import OVERRIDES, SET, Problem, problem_at
from bscore.spec.values import REFERENCE, Shape
from bscore.spec.yaml_text import Listing, Node, Scalar, Table

#: Read by their own readers, after their expressions.
_NODES = frozenset({"environment", "model"})


def read_given(draft: Draft, names: Names, spared: Container[str]) -> None:
    """Read every option that is still a node; what is wrong becomes a problem, and the option is not given.

    What is wrong with `spared` options does not matter: the command line gives them, too.
    """
    problems, notes = draft.reading.problems, draft.reading.notes
    for name, given in list(draft.given.items()):
        if not isinstance(given.value, Scalar | Listing | Table):
            continue
        is_spared = name in spared and given.place not in OVERRIDES
        reader = _Reader(draft, names, [] if is_spared else problems, [] if is_spared else notes)
        read = reader.read(given)
        if read is None:
            del draft.given[name]
            draft.broken.add(name)
        else:
            draft.given[name] = read
    for given in draft.reading.beside:
        if given.option.name not in spared and given.option.kind.shape is not Shape.NODE:
            _Reader(draft, names, problems, []).read(given)
    _read_own_variables(draft, names)


def _read_own_variables(draft: Draft, names: Names) -> None:
    """`--set environment_variables.A=…` may hold expressions as the document's own values may."""
    for name, text in draft.environment_variables.items():
        if names.any and references(text):
            where = f"environment_variables.{name}"
            found = names.expand(text, SET, where, draft.reading.problems)
            draft.environment_variables[name] = text if found is None else found


class _Reader:
    def __init__(self, draft: Draft, names: Names, problems: list[Problem], notes: list[str]) -> None:
        self._draft = draft
        self._names = names
        self._problems = problems
        self._notes = notes

    def read(self, given: Given) -> Given | None:
        """The option with its value; None where that is wrong."""
        node = given.value
        assert isinstance(node, Scalar | Listing | Table)
        match given.option.kind.shape:
            case Shape.NODE:
                return self._node(given, node)
            case Shape.MAP:
                return replace(given, value=self._texts(node, given.spelling))
            case Shape.LIST if isinstance(node, Listing):
                return self._list(given, node)
        if isinstance(node, Scalar):
            return self._scalar(given, node)
        expected = given.option.kind.expected
        if given.option.name == "input_data":
            expected = "one input; for several give --input PATH, which can be repeated"
        self._problems.append(problem_at(node.place, given.spelling, given=text_of(node), expected=expected))
        return None

    def _scalar(self, given: Given, node: Scalar) -> Given | None:
        option = given.option
        has_names = bool(references(node.text)) and option.kind is not REFERENCE
        text: str | None = node.text
        if has_names and not self._names.any:
            dialect = self._draft.reading.dialect
            what = f"a {dialect} has no inputs or outputs that an expression could name"
            self._problems.append(
                problem_at(
                    node.place, given.spelling, what=what, given=node.text, expected=option.kind.expected
                )
            )
            return None
        if has_names:
            text = self._expand(node, given.spelling, f"--set {given.spelling}=VALUE")
        if text is None:
            return None
        near = misspelled(text) if self._names.any else []
        if near:
            expected = option.kind.expected
            self._problems.append(
                problem_at(node.place, given.spelling, given=text, expected=expected, near=near[0][1])
            )
            return None
        source = node.text if has_names else ""
        return read_value(option, given.spelling, text, node.place, given.base, self._problems, source)

    def _list(self, given: Given, node: Listing) -> Given | None:
        texts = [item.text for item in node.items if isinstance(item, Scalar) and item.text]
        if len(texts) < len(node.items):
            expected = given.option.kind.expected
            self._problems.append(
                problem_at(node.place, given.spelling, given=text_of(node), expected=expected)
            )
            return None
        words = tuple(
            self._expand(item, given.spelling, f"--set {given.spelling}=VALUE") or ""
            for item in node.items
            if isinstance(item, Scalar)
        )
        if not all(words) or is_refused(
            given.option, words, given.spelling, text_of(node), node.place, self._problems
        ):
            return None
        return replace(given, value=words, text=", ".join(words))

    def _node(self, given: Given, node: Node) -> Given:
        if given.option.name in _NODES and self._names.any:
            return replace(given, value=self._expanded(node, given.spelling))
        if given.option.outcome is Outcome.NO_MEANING and given.option.bound and self._names.any:
            self._check_names(node, given.spelling)
        return given

    def _expanded(self, node: Node, where: str) -> Node:
        match node:
            case Scalar():
                text = self._expand(node, where) if references(node.text) else node.text
                return node if text is None else replace(node, text=text)
            case Listing(items):
                return replace(node, items=tuple(self._expanded(item, where) for item in items))
            case Table(entries):
                found = {key: self._expanded(one, f"{where}.{key}") for key, one in entries.items()}
                return replace(node, entries=found)

    def _check_names(self, node: Node, where: str) -> None:
        """Of what has no meaning here only the names in it are looked at: a wrong one is wrong anywhere."""
        match node:
            case Scalar(text, place):
                for name in references(text):
                    if self._names.find(name) is None and not self._names.knows(name):
                        self._problems.append(self._names.problem(name, place, where))
            case Listing(items):
                for item in items:
                    self._check_names(item, where)
            case Table(entries):
                for key, one in entries.items():
                    self._check_names(one, f"{where}.{key}")

    def _expand(self, node: Scalar, where: str, instead: str = "") -> str | None:
        if not self._names.any:
            return node.text
        return self._names.expand(node.text, node.place, where, self._problems, instead)

    def _texts(self, node: Node, where: str) -> dict[str, str]:
        """Names with texts, as written; what the command line gives is not looked at."""
        if not isinstance(node, Table):
            self._problems.append(
                problem_at(node.place, where, given=text_of(node), expected="names with values")
            )
            return {}
        texts: dict[str, str] = {}
        for name, value in node.entries.items():
            own = f"{where}.{name}"
            if name in self._draft.environment_variables:
                continue
            if not isinstance(value, Scalar):
                self._problems.append(problem_at(value.place, own, given=text_of(value), expected="a text"))
            elif problem := variable_problem(
                value.place if "\0" in value.text else node.keys[name], own, name, value.text
            ):
                self._problems.append(problem)
            elif value.null:
                texts[name] = ""
            elif (text := self._variable(value, own)) is not None:
                texts[name] = text
        return texts

    def _variable(self, value: Scalar, where: str) -> str | None:
        for found, right in misspelled(value.text):
            self._notes.append(
                f"{where}: {found} is passed on as it stands; an input or output is written {right}"
            )
        if references(value.text) and not self._names.any:
            dialect = self._draft.reading.dialect
            self._notes.append(
                f"{where}: {value.text} is passed on as it stands: a {dialect} has no inputs or outputs"
            )
        return self._expand(value, where, f"--set {where}=VALUE")
