"""Texts with `${{…}}` in them: which names they hold, and what becomes of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_REFERENCE = re.compile(r"\$\{\{\s*([^{}]*?)\s*\}\}")
_NAME = r"(?:parent\.)?(?:inputs|outputs)\.[A-Za-z_]\w*"
#: A name between other brackets than the right ones.
_MISSPELLED = re.compile(rf"\$?\{{{{1,2}}\s*({_NAME})\s*\}}{{1,2}}|\$\(\(?\s*({_NAME})\s*\)\)?|\$({_NAME})")

#: Says what a name such as `inputs.x` stands for; None: nothing here does.
Lookup = Callable[[str], str | None]


def references(text: str) -> list[str]:
    """The names in a text's `${{…}}`."""
    return _REFERENCE.findall(text)


def only_reference(text: str) -> str:
    """The name, where a text is one `${{…}}` and nothing else; else empty."""
    found = _REFERENCE.fullmatch(text.strip())
    return found[1] if found else ""


def written(name: str) -> str:
    """A name as an expression."""
    return f"${{{{{name}}}}}"


def expand(text: str, lookup: Lookup) -> tuple[str, list[str]]:
    """The text with its names replaced, and the names that nothing stands for."""
    missing: list[str] = []

    def value(found: re.Match[str]) -> str:
        known = lookup(found[1])
        if known is None:
            missing.append(found[1])
            return found[0]
        return known

    return _REFERENCE.sub(value, text), missing


def misspelled(text: str) -> list[tuple[str, str]]:
    """What looks like an expression and is none, such as `${inputs.x}`, each with the right spelling."""
    rest = _REFERENCE.sub(" ", text)
    return [(found[0], written(next(filter(None, found.groups())))) for found in _MISSPELLED.finditer(rest)]


def split_words(text: str, is_absent: Callable[[str], bool]) -> list[str]:
    """A line of arguments as words, like a shell; `${{…}}` stays, for `expand`.

    `$[[--opt ${{inputs.x}}]]` is dropped when one of its names is absent: known, and given no value.
    Raises ValueError when a quote is not closed.
    """

    def optional(found: re.Match[str]) -> str:
        return " " if any(map(is_absent, _REFERENCE.findall(found[1]))) else found[1]

    kept = _OPTIONAL.sub(optional, text)
    return shlex.split(_REFERENCE.sub(lambda found: written(found[1]), kept))
