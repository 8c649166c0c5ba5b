"""Conda's way to name a package and its versions, and what pip calls the same. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"([A-Za-z0-9_][\w.\-]*)\s*(.*)", re.DOTALL)
_BRACKETS = re.compile(r"([^\[\]]*)\[(.*)\]\s*", re.DOTALL)
_BRACKET_ENTRY = re.compile(r"\s*(\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^,\s]*))\s*(?:,|$)")
_CLAUSE = re.compile(r"(===|==|>=|<=|!=|~=|=|>|<)?\s*(.+)")
_VERSION = re.compile(r"(?:\d+!)?v?\d[\w.+\-]*")
_RELEASE = re.compile(r"\d+(\.\d+)*")


@dataclass(frozen=True, slots=True)
class CondaSpec:
    """One dependency of a conda file: `version` is conda's version text, `build` its build string."""

    name: str
    version: str = ""
    build: str = ""


def read_spec(text: str) -> CondaSpec:
    """Read `channel::name=1.2=build`, `name >=1,<2`, `name 1.2.*`, `name[version='>=1']`.

    Raises ValueError with what was expected.
    """
    rest, brackets = text.strip(), {}
    if match := _BRACKETS.fullmatch(rest):
        rest, brackets = match[1].strip(), _read_brackets(match[2])
    match = _NAME.fullmatch(rest.rsplit("::", 1)[-1].strip())
    if match is None:
        raise ValueError("expected name, name=1.2, name>=1.2,<2 or channel::name=1.2")
    version, build = _split(match[2].strip())
    return CondaSpec(match[1].lower(), brackets.get("version", version), brackets.get("build", build))


def _read_brackets(text: str) -> dict[str, str]:
    entries, at = {}, 0
    while at < len(text):
        match = _BRACKET_ENTRY.match(text, at)
        if match is None or match.end() == at:
            raise ValueError("expected name[version='>=1.2']")
        entries[match[1]] = match[2] or match[3] or match[4] or ""
        at = match.end()
    return entries


def _split(tail: str) -> tuple[str, str]:
    """Version text and build string; a version with a build is that very version."""
    tail = re.sub(r"\s*,\s*", ",", tail)
    tail = re.sub(r"(?<=[=<>!~])\s+(?=[\d*v])", "", tail)
    if match := re.fullmatch(r"={1,2}([^=<>!~,\s]+)(?:=|\s+)(\S+)", tail):
        return "==" + match[1], match[2]
    version, _, build = tail.partition(" ")
    if build and version[:1].isdigit():
        version = "==" + version
    return version, build.strip()


def pip_version(version: str) -> str:
    """The same versions in pip's words: `=1.20` and `1.20.*` are `==1.20.*`; "" allows all.

    Raises ValueError for what pip cannot say.
    """
    if "|" in version:
        raise ValueError("alternatives with | cannot be told to pip: expected one range, like >=1.2,<2")
    clauses = [
        _clause(part.strip()) for part in version.split(",") if part.strip() not in {"", "*", "=*", "==*"}
    ]
    return ",".join(clauses)


def _clause(text: str) -> str:
    match = _CLAUSE.fullmatch(text)
    assert match is not None
    operator, number = match[1], match[2].strip()
    open_end = number.endswith("*")
    number = number.rstrip("*").rstrip(".") if open_end else number
    if not _VERSION.fullmatch(number):
        raise ValueError(f"{text!r} is no version: expected one like 1.2, 1.2.* or >=1.2,<2")
    if operator in {">=", "<=", ">", "<", "~="}:
        return operator + number
    release = _RELEASE.fullmatch(number) is not None
    star = ".*" if release and (open_end or operator == "=") else ""
    return f"{'!=' if operator == '!=' else '=='}{number}{star}"
