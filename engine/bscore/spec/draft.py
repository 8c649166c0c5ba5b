"""A job while it is being put together: what each source gave, before defaults and paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bscore.spec.bindings import Binding
from bscore.spec.given import Given, Reading
from bscore.spec.problems import OVERRIDES


@dataclass(frozen=True, slots=True)
class CliChoices:
    """What the command line says besides `--set`.

    Relative paths start from `cwd`; `default_output` is the folder for the rows where none is chosen.
    `arguments` stand behind `--`. `flags` names the overrides that were given by a flag of their own.
    `need_input` is False where a deployment is only checked.
    """

    name: str
    cwd: Path
    default_output: Path
    cpu_count: int
    script: str | None = None
    code: str | None = None
    inputs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    output: str | None = None
    interpreter: str | None = None
    arguments: tuple[str, ...] = ()
    step: str | None = None
    flags: frozenset[str] = frozenset()
    need_input: bool = True


@dataclass(slots=True)
class Draft:
    """A document's reading and what the command line adds to it."""

    reading: Reading
    inputs: dict[str, Binding] = field(default_factory=dict)
    outputs: dict[str, Binding] = field(default_factory=dict)
    #: The inputs and outputs of the pipeline around the step: `${{parent.inputs.x}}`.
    parents: dict[str, dict[str, Binding]] = field(default_factory=lambda: {"inputs": {}, "outputs": {}})
    #: Inputs named only by --set inputs.<name>.path.
    extra_inputs: list[str] = field(default_factory=list)
    environment_variables: dict[str, str] = field(default_factory=dict)
    #: Options that were given and could not be read.
    broken: set[str] = field(default_factory=set)
    #: The step of a pipeline that runs; empty where there is but one.
    step: str = ""

    def named(self, kind: str) -> dict[str, Binding]:
        """The step's `inputs` or `outputs` by name."""
        return self.inputs if kind == "inputs" else self.outputs

    @property
    def given(self) -> dict[str, Given]:
        """The options by name."""
        return self.reading.given

    def take_argument(self, given: Given) -> None:
        """Take a runtime option from the arguments: it wins over a key, and loses against --set."""
        earlier = self.given.get(given.option.name)
        if earlier is not None and earlier.place in OVERRIDES:
            return
        if earlier is not None and earlier.value != given.value:
            self.reading.notes.append(
                f"{given.spelling} {given.text} ({given.place}) wins over {earlier.spelling} {earlier.text} "
                f"({earlier.place})"
            )
        self.given[given.option.name] = given


def text_given(given: Mapping[str, Given], name: str) -> str | None:
    """A text option's value, or None."""
    value = given[name].value if name in given else None
    return value if isinstance(value, str) else None
