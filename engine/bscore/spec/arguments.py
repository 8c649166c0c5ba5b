"""Arguments: which are the runtime's, and which are the script's.

The runtime reads them as argparse does: `--name value`, `--name=value`, unambiguous beginnings of
a name from its first word on. Everything else reaches the script untouched and in order
(reference 1.15, 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bscore.spec.given import Given, read_value
from bscore.spec.option_table import BY_ARGUMENT
from bscore.spec.options import Option
from bscore.spec.problems import Place, Problem, problem_at

_NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")


@dataclass(slots=True)
class Split:
    """Arguments, split: the script's in order, and the runtime's own.

    `open` holds values of the runtime's options that are not known yet.
    """

    script: list[str] = field(default_factory=list)
    runtime: list[Given] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def split_arguments(
    tokens: Sequence[str],
    locate: Callable[[str], Place],
    base: Path,
    overridden: Container[str] = (),
    is_open: Callable[[str], bool] = lambda _value: False,
) -> Split:
    """Take the runtime's arguments out; `locate` says where a token was written.

    The values of `overridden` options are not looked at; those that `is_open` are kept apart.
    """
    split = Split()
    rest = list(reversed(tokens))
    while rest:
        word = rest.pop()
        if word == "--":  # argparse reads no options behind it
            split.script += [word, *reversed(rest)]
            break
        name, equals, value = word.removeprefix("--").partition("=")
        option, full = _runtime_option(word, name, split)
        if option is None:
            if word.startswith("--amlbi_"):
                split.notes.append(f"--{name} is none of the options that bscore knows: left to the script")
            split.script.append(word)
            continue
        has_value = bool(equals) or (bool(rest) and not _looks_like_option(rest[-1]))
        if has_value and not equals:
            value = rest.pop()
        if option.name in overridden:
            continue
        place = locate(word)
        if not has_value:
            expected = f"a value: {option.kind.expected}"
            split.problems.append(problem_at(place, f"--{full}", what="has no value", expected=expected))
        elif is_open(value):
            split.open.append(value)
        elif given := read_value(option, f"--{full}", value, place, base, split.problems):
            split.runtime.append(given)
    return split


def _runtime_option(word: str, name: str, split: Split) -> tuple[Option | None, str]:
    if not word.startswith("--") or not name or " " in word.partition("=")[0]:
        return None, ""
    matches = [name] if name in BY_ARGUMENT else [full for full in BY_ARGUMENT if full.startswith(name)]
    if not matches:
        return None, ""
    written = f"--{name}"
    # The original's parser knows more names than are documented, so that what is shorter than the
    # first word of a name (`--t`) may well be ambiguous there: a script's own short option.
    too_short = len(matches) == 1 and len(name) < len(matches[0].partition("_")[0])
    if len(matches) > 1 or too_short:
        some = ", ".join(f"--{full}" for full in matches)
        split.notes.append(f"{written} could be {some}: left to the script")
        return None, ""
    full = matches[0]
    if BY_ARGUMENT[full].for_script:
        return None, ""
    if full != name:
        split.notes.append(f"{written} is taken as the runtime's --{full}, as argparse does")
    return BY_ARGUMENT[full], full


def _looks_like_option(word: str) -> bool:
    return word.startswith("-") and word != "-" and " " not in word and not _NEGATIVE.fullmatch(word)


def runtime_arguments(level: str, given: Sequence[Given]) -> tuple[str, ...]:
    """The runtime's own arguments as the script sees them, in front of its own (reference 1.15)."""
    shown = {"logging_level": level}
    for one in given:
        if one.option.driver[0] != "logging_level":
            shown[one.option.driver[0]] = one.text
    return tuple(word for name, value in shown.items() for word in (f"--{name}", value))
