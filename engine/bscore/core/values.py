"""`dataclass` for values of which millions are made; type checkers are shown the standard library's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeVar

Kind = TypeVar("Kind")


def dataclass(*, frozen: bool = False, slots: bool = False) -> Callable[[type[Kind]], type[Kind]]:
    """As `dataclasses.dataclass`, but that a value is frozen is left to the type checker to guard.

    Guarding it at run time makes every value several times as expensive.
    """
    return dataclasses.dataclass(slots=slots, unsafe_hash=frozen)
