"""A trace as Python writes it, taken apart into the exceptions of its chain. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CAUSED_BY = "caused by"
WHILE_HANDLING = "raised while handling"
_JOINTS = {
    "The above exception was the direct cause of the following exception:": CAUSED_BY,
    "During handling of the above exception, another exception occurred:": WHILE_HANDLING,
}
HEAD = "Traceback (most recent call last):"


@dataclass(frozen=True, slots=True)
class Raised:
    """One exception of a chain: how it joins to the one shown before it ("" for the final one), its lines."""

    joint: str
    lines: tuple[str, ...]


def chain_of(lines: Sequence[str]) -> list[Raised]:
    """The exceptions of a trace, the final one first, each without the empty lines around it."""
    parts: list[list[str]] = [[]]
    joints: list[str] = []
    for number, line in enumerate(lines):
        # The same words in somebody's message are no joint.
        joins = (
            line in _JOINTS and not any(lines[number - 1 : number]) and HEAD in lines[number + 1 : number + 3]
        )
        if joins:
            joints.append(_JOINTS[line])
            parts.append([])
        else:
            parts[-1].append(line)
    final_first = [tuple("\n".join(part).strip("\n").split("\n")) for part in reversed(parts)]
    return [Raised(joint, part) for joint, part in zip(["", *reversed(joints)], final_first, strict=True)]
