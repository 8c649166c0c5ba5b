"""What to do next, as decided by `plan`: frozen values that somebody else carries out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscore.core.events import Outcome

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from bscore.core.values import dataclass


@dataclass(frozen=True, slots=True)
class Start:
    """Start a worker of this name (`<node>/processNNN`)."""

    worker: str


@dataclass(frozen=True, slots=True)
class Give:
    """Send these mini-batches, (first, count) pairs in order, to a worker."""

    worker: str
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Ask a busy worker for mini-batches it has not begun."""

    worker: str
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Abandon:
    """Give a mini-batch up: its tries are used, or somebody asked for it; -1 for items nobody counted."""

    mini_batch: int
    items: int
    reason: str


@dataclass(frozen=True, slots=True)
class AbandonRest:
    """Give up every mini-batch that is not over."""

    reason: str


@dataclass(frozen=True, slots=True)
class Kill:
    """End a worker now; what it runs is not charged."""

    worker: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stacks:
    """Have the stacks of a worker's threads taken."""

    worker: str


@dataclass(frozen=True, slots=True)
class LoseNode:
    """Take a silent node for lost."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class BlameInit:
    """Say that a worker never got out of init(): where it was, and where its stacks stand."""

    worker: str
    text: str
    place: str
    trace: str


@dataclass(frozen=True, slots=True)
class Find:
    """Say a diagnosis with its remedy, once a run; `code` is stable."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class End:
    """End the run with this outcome. Completed only when every mini-batch is over."""

    outcome: Outcome
    reason: str


Instruction = (
    Start | Give | TakeBack | Abandon | AbandonRest | Kill | Stacks | LoseNode | BlameInit | Find | End
)
