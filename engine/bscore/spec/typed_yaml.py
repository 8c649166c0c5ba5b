"""A YAML file of bscore's own as plain values, of bounded size and depth; knows where each of them stands.

Only texts, numbers, truth values and nothing at all are read; whatever else YAML knows is a text here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from bscore.spec.problems import Place, SpecError, problem_at

MAX_NODES = 200_000
MAX_DEPTH = 40
_TAG = "tag:yaml.org,2002:"
_READERS = {
    _TAG + "null": yaml.constructor.SafeConstructor.construct_yaml_null,
    _TAG + "bool": yaml.constructor.SafeConstructor.construct_yaml_bool,
    _TAG + "int": yaml.constructor.SafeConstructor.construct_yaml_int,
    _TAG + "float": yaml.constructor.SafeConstructor.construct_yaml_float,
}


@dataclass(slots=True)
class TypedYaml:
    """Values by key, and the place of each by the keys and numbers that lead to it."""

    file: str
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[tuple[str | int, ...], Place] = field(default_factory=dict)

    def place(self, way: tuple[str | int, ...]) -> Place:
        """Where the value at the end of a way stands, or what holds it."""
        while way not in self.places and way:
            way = way[:-1]
        return self.places.get(way, Place(self.file))


class BoundedLoader(yaml.SafeLoader):
    """Stops composing where a file holds more, or is deeper, than any of bscore's own."""

    nodes = depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """As its base, within bounds. Raises MarkedYAMLError."""
        self.nodes += 1
        self.depth += 1
        if self.nodes > MAX_NODES or self.depth > MAX_DEPTH:
            raise self._too("deep" if self.depth > MAX_DEPTH else "long")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        """As its base, within bounds. Raises MarkedYAMLError."""
        # The scanner looks far ahead, and longer with each open bracket.
        if self.flow_level >= MAX_DEPTH:
            raise self._too("deep")
        super().fetch_flow_collection_start(token)

    def _too(self, what: str) -> yaml.MarkedYAMLError:
        problem = "nested too deeply" if what == "deep" else "more than such a file holds"
        return yaml.MarkedYAMLError(problem=problem, problem_mark=self.get_mark())


def read_typed(text: str, file: str) -> TypedYaml:
    """The values of a file that has keys at its top; raises SpecError for whatever is wrong with it."""
    try:
        # It reads the first characters as it is made.
        loader = BoundedLoader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        raise SpecError([problem_at(place, "", what=f"not valid YAML: {error.problem}")]) from None
    except (yaml.YAMLError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        what = "is nested too deeply" if deep else "holds characters that YAML does not allow"
        raise SpecError([problem_at(Place(file), "", what=what)]) from None
    if not isinstance(node, yaml.MappingNode):
        raise SpecError([problem_at(Place(file), "", what="holds no keys with values")])
    reader = _Reader(loader, TypedYaml(file))
    reader.found.values = reader.value(node, ())
    return reader.found


class _Reader:
    def __init__(self, loader: BoundedLoader, found: TypedYaml) -> None:
        self._loader = loader
        self._count = 0
        self.found = found

    def value(self, node: yaml.Node, way: tuple[str | int, ...]) -> Any:
        place = Place(self.found.file, node.start_mark.line + 1, node.start_mark.column + 1)
        self._count += 1
        if self._count > MAX_NODES or len(way) > MAX_DEPTH:
            what = "unfolds to more than any such file holds (aliases, or nested too deeply)"
            raise SpecError([problem_at(place, "", what=what)])
        self.found.places[way] = place
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*way, number)) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return {name: self.value(item, (*way, name)) for name, item in self._keys(node)}
        assert isinstance(node, yaml.ScalarNode)
        read = _READERS.get(node.tag)
        try:
            return read(self._loader, node) if read else node.value
        except (ValueError, LookupError):
            # A number of thousands of digits is none; a tag may be written in front of any word.
            return node.value

    def _keys(self, node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                place = Place(self.found.file, key.start_mark.line + 1, key.start_mark.column + 1)
                raise SpecError([problem_at(place, "", what="a key must be a word")])
            yield key.value, item
