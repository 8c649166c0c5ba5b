"""YAML with places: every key and value knows its line and column.

Only the node graph is built, nothing is constructed: no dates, no octal, no Python objects.
Anchors and merge keys work; what they may unfold to is limited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from bscore.errors import NotFoundError
from bscore.spec.problems import Place, Problem, SpecError, problem_at
from bscore.spec.typed_yaml import BoundedLoader

MAX_BYTES = 256 * 1024
MAX_NODES = 20_000
MAX_DEPTH = 40
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = {
    _TAG + name for name in ("null", "bool", "int", "float", "str", "timestamp", "value", "merge", "binary")
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """One word as written; `null` where YAML says that there is no value, `truth` for true and false."""

    text: str
    place: Place
    null: bool = False
    truth: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """Keys with values, in the order of the file; `keys` says where each key stands."""

    entries: dict[str, Node]
    keys: dict[str, Place]
    place: Place


Node = Scalar | Listing | Table


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its table and its text; relative paths in it start from `folder`."""

    file: str
    folder: Path
    root: Table
    text: str

    def find(self, place: Place, text: str) -> Place:
        """Where `text` first stands at or after a place; the place itself when it does not."""
        for number, line in enumerate(self.text.split("\n")[place.line - 1 :], place.line):
            if (column := line.find(text)) >= 0:
                return Place(place.file, number, column + 1)
        return place


def load_yaml(path: Path, *, shown_as: str | None = None) -> Document:
    """Read a YAML file.

    Raises NotFoundError when it is not there, SpecError for everything that is wrong with it.
    """
    file = shown_as or str(path)
    if _ADDRESS.match(file):
        raise NotFoundError(f"{file} is not on this machine.", remedy="Give the path of a YAML file here.")
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no file {file}.", remedy="Give the path of a job's YAML file."
        ) from None
    except OSError as error:
        raise SpecError([problem_at(Place(file), "", what=f"cannot be read ({error.strerror})")]) from None
    if len(raw) > MAX_BYTES:
        what = f"is larger than {MAX_BYTES // 1024} KiB, which no job file is"
        raise SpecError([problem_at(Place(file), "", what=what)])
    return parse_yaml(raw, file, path.absolute().parent)


def parse_yaml(raw: bytes, file: str, folder: Path) -> Document:
    """Read YAML from bytes; raises SpecError."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        what = f"is not UTF-8 (byte 0x{raw[error.start]:02x})"
        raise SpecError([problem_at(Place(file, line, column), "", what=what)]) from None
    text = text.replace("\r\n", "\n")
    composed = _compose(text, file)
    if composed is None:
        raise SpecError(
            [problem_at(Place(file, 1, 1), "", what="the file is empty", expected="keys with values")]
        )
    if not isinstance(composed, yaml.MappingNode):
        what = "a list" if isinstance(composed, yaml.SequenceNode) else "a single value"
        place = Place(file, composed.start_mark.line + 1, composed.start_mark.column + 1)
        raise SpecError(
            [problem_at(place, "", what=f"{what} stands at the top", expected="keys with values")]
        )
    reader = _Reader(file)
    root = reader.node(composed, 0)
    if reader.problems:
        raise SpecError(reader.problems)
    assert isinstance(root, Table)
    return Document(file, folder, root, text)


def _compose(text: str, file: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=BoundedLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        what = f"not valid YAML: {_words(error)}"
        if mark and "${{" in text.split("\n")[mark.line]:
            what += "; within { } and [ ] put quotes around ${{...}}"
        raise SpecError([problem_at(place, "", what=what)]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        what = f"the character {chr(error.character)!r} is not allowed in YAML"
        raise SpecError([problem_at(Place(file, line, column), "", what=what)]) from None
    except RecursionError:
        raise SpecError([problem_at(Place(file), "", what="is nested too deeply")]) from None


def _words(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "cannot be read"
    if "'\\t'" in problem:
        problem = "a tab cannot indent a line: use spaces"
    return problem if not error.context else f"{problem} ({error.context})"


class _Reader:
    """Turns yaml's nodes into ours, collecting what is wrong."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0
        self.problems: list[Problem] = []

    def node(self, node: yaml.Node, depth: int) -> Node:
        self._count += 1
        if self._count > MAX_NODES or depth > MAX_DEPTH:
            what = "unfolds to more than a job file holds (aliases, or nested too deeply)"
            raise SpecError([*self.problems, problem_at(self._place(node), "", what=what)])
        if isinstance(node, yaml.MappingNode):
            return self._table(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return Listing(tuple(self.node(item, depth + 1) for item in node.value), self._place(node))
        if node.tag not in _SCALAR_TAGS:
            self.problems.append(
                problem_at(self._place(node), "", what="YAML tags have no place here", given=node.tag)
            )
        truth = node.tag == _TAG + "bool" and node.value.lower() in {"true", "false"}
        return Scalar(node.value, self._place(node), null=node.tag == _TAG + "null", truth=truth)

    def _table(self, node: yaml.MappingNode, depth: int) -> Table:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        merged: list[Table] = []
        for key, value in node.value:
            if key.tag == _TAG + "merge":
                merged.extend(self._merge(value, depth))
            elif not isinstance(key, yaml.ScalarNode):
                self.problems.append(problem_at(self._place(key), "", what="a key must be a word"))
            elif key.value in keys:
                what = f"the key stands twice, first in line {keys[key.value].line}"
                self.problems.append(problem_at(self._place(key), str(key.value), what=what))
            else:
                keys[key.value] = self._place(key)
                entries[key.value] = self.node(value, depth + 1)
        for table in merged:
            for name, entry in table.entries.items():
                if name not in entries:
                    entries[name], keys[name] = entry, table.keys[name]
        return Table(entries, keys, self._place(node))

    def _merge(self, value: yaml.Node, depth: int) -> Iterator[Table]:
        parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for part in parts:
            table = self.node(part, depth + 1)
            if isinstance(table, Table):
                yield table
            else:
                self.problems.append(
                    problem_at(self._place(part), "<<", expected="an alias of keys with values")
                )

    def _place(self, node: yaml.Node) -> Place:
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)


def plain(node: Node) -> object:
    """The node as dicts, lists and texts; None where there is no value."""
    match node:
        case Scalar(text, _, null):
            return None if null else text
        case Listing(items):
            return [plain(item) for item in items]
        case Table(entries):
            return {key: plain(value) for key, value in entries.items()}
