"""The option table: what an option is, and how it is found by any of its names.

The rows themselves are in `option_table`. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum

from bscore.spec.values import Kind


class Dialect(StrEnum):
    """The ways in which a job is written."""

    COMMAND = "command line"
    """`bscore run --script …` without a document."""
    DEPLOYMENT = "batch deployment"
    """A batch deployment YAML, new (`settings:`) or legacy (keys at the root)."""
    PARALLEL = "parallel job"
    """A `type: parallel` step, alone or within a pipeline YAML."""
    V1 = "ParallelRunConfig"
    """A YAML of the v1 SDK's ParallelRunConfig."""


class Outcome(StrEnum):
    """What becomes of an option."""

    EFFECTIVE = "effective"
    """It does here what it does in the cloud."""
    NO_MEANING = "no meaning here"
    """Accepted, and listed once in a note."""
    REFUSED = "refused"
    """Not accepted; the reason says what to do instead."""


class Default(Enum):
    """Defaults that depend on something."""

    CORES = "number of cores"
    COMPUTED = "computed"


_MISSING = object()


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its names per dialect, its values, its default, its meaning, its outcome.

    `deployment`, `parallel` and `v1` hold dotted key paths, `driver` the names of `--argument`s.
    `reason` says why an option is refused or has no meaning; a refused one is accepted when its
    value is `harmless`. `for_script`: as an argument it goes to the script untouched.
    """

    name: str
    kind: Kind
    meaning: str
    deployment: tuple[str, ...] = ()
    parallel: tuple[str, ...] = ()
    v1: tuple[str, ...] = ()
    driver: tuple[str, ...] = ()
    default: object = None
    default_in: tuple[tuple[Dialect, object], ...] = ()
    outcome: Outcome = Outcome.EFFECTIVE
    reason: str = ""
    harmless: object = _MISSING
    for_script: bool = False
    #: Chooses how the document is read; cannot be set from the command line.
    structural: bool = False
    #: May hold expressions in the cloud although it has no meaning here.
    bound: bool = False

    def default_for(self, dialect: Dialect) -> object:
        """The value that holds where none is given."""
        return dict(self.default_in).get(dialect, self.default)

    def keys(self, dialect: Dialect) -> tuple[str, ...]:
        """The key paths by which a document of this dialect gives it."""
        match dialect:
            case Dialect.DEPLOYMENT:
                return self.deployment
            case Dialect.PARALLEL:
                return self.parallel
            case Dialect.V1:
                return self.v1
            case Dialect.COMMAND:
                return ()


def same(name: str) -> str:
    """A name as it is compared: `--Mini-batch-size` is `mini_batch_size`."""
    return name.lstrip("-").replace("-", "_").lower() if not name.startswith("$") else name


def index_by_name(options: Iterable[Option]) -> dict[str, tuple[Option, ...]]:
    """Every spelling of every option, as `same` writes it; also the last part of a key, alone."""
    found: dict[str, list[Option]] = {}
    leaves: dict[str, list[Option]] = {}
    for option in options:
        spellings = (option.name, *option.deployment, *option.parallel, *option.v1, *option.driver)
        for spelling in dict.fromkeys(map(same, spellings)):
            found.setdefault(spelling, []).append(option)
            leaf = leaves.setdefault(spelling.rpartition(".")[2], [])
            if option not in leaf:
                leaf.append(option)
    for leaf_name, these in leaves.items():
        if len(these) == 1:
            found.setdefault(leaf_name, these)
    return {spelling: tuple(these) for spelling, these in found.items()}
