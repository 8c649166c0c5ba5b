"""Python versions: what a file asks for, and which interpreter satisfies it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

Version = tuple[int, int, int]

#: What runs inside the script's process (bscore_worker) needs this or newer.
OLDEST = (3, 7)

_CLAUSE = re.compile(r"(===|==|>=|<=|!=|~=|=|>|<)?\s*(\d+(?:\.\d+)*)(\.?\*)?")


def shown(version: tuple[int, ...]) -> str:
    """The version as people write it."""
    return ".".join(map(str, version))


@dataclass(frozen=True, slots=True)
class PythonWish:
    """The Python versions that a file allows; `text` is normalised and part of an environment's key."""

    text: str
    clauses: tuple[tuple[str, tuple[int, ...]], ...]

    def allows(self, version: Version) -> bool:
        """Whether an interpreter of this version is what was asked for."""
        return all(_fits(operator, wanted, version) for operator, wanted in self.clauses)

    @property
    def minor(self) -> tuple[int, int] | None:
        """Major and minor version where only one is allowed: `=3.8`, `==3.8.5`."""
        for operator, wanted in self.clauses:
            if operator == "=" and len(wanted) > 1:
                return wanted[0], wanted[1]
        return None

    def without_patch(self) -> PythonWish | None:
        """`3.8` for `3.8.5`: the next best wish; None where there is none."""
        if self.minor is None or all(len(wanted) < 3 for _, wanted in self.clauses):
            return None
        return exactly(self.minor)


def exactly(version: tuple[int, ...]) -> PythonWish:
    """The wish for one version; with two parts, any patch of it."""
    return PythonWish("=" + shown(version), (("=", version),))


def read_wish(text: str) -> PythonWish | None:
    """The wish behind conda's version text (`=3.8`, `>=3.8,<3.11`, `3.8.*`); None when all is allowed.

    Fewer than three parts leave the rest open, also after `==`: who writes `python==3.8` means any 3.8.
    Raises ValueError with what is wrong.
    """
    if text.strip() in {"", "*"}:
        return None
    clauses = []
    for part in text.split(","):
        match = _CLAUSE.fullmatch(part.strip())
        if match is None:
            raise ValueError("expected a version like =3.8, 3.8.* or >=3.8,<3.11")
        operator, numbers, star = match[1] or "=", tuple(map(int, match[2].split(".")))[:3], match[3]
        operator = "=" if operator in {"==", "==="} else operator
        clauses.append((f"{operator}*" if star and operator == "!=" else operator, numbers))
    written = ",".join(operator + shown(numbers) for operator, numbers in sorted(clauses))
    return PythonWish(written, tuple(clauses))


def _fits(operator: str, wanted: tuple[int, ...], version: Version) -> bool:
    padded = (*wanted, 0, 0)[:3]
    begins = version[: len(wanted)] == wanted
    match operator:
        case "=":
            return begins
        case "!=*":
            return not begins
        case "!=":
            return version != padded
        case ">=":
            return version >= padded
        case "<=":
            return version <= padded
        case ">":
            return version > padded
        case "<":
            return version < padded
        case _:
            return version >= padded and version[: max(1, len(wanted) - 1)] == wanted[:-1]
