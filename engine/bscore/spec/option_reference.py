"""The option table as text: Markdown for the README, plain for `--help`."""

from __future__ import annotations

import textwrap

from bscore.spec.option_table import OPTIONS, OWN
from bscore.spec.options import Default, Dialect, Option, Outcome
from bscore.spec.values import ANY, NODE, Size

_SHORT = {
    Dialect.COMMAND: "",
    Dialect.DEPLOYMENT: "deployment",
    Dialect.PARALLEL: "parallel",
    Dialect.V1: "v1",
}


def option_reference() -> str:
    """A Markdown table of every option: its names, values, defaults, meaning and outcome."""
    head = "| option | deployment YAML | parallel YAML | v1 | argument | values | default | meaning | here |"
    lines = [head, "|" + "---|" * 9]
    for option in OPTIONS:
        cells = (
            f"`{option.name}`",
            _keys(option.deployment),
            _keys(option.parallel),
            _keys(option.v1),
            _keys(tuple(f"--{name}" for name in option.driver)),
            "" if option.kind in {ANY, NODE} else option.kind.expected,
            default_text(option),
            option.meaning,
            outcome_text(option),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _keys(keys: tuple[str, ...]) -> str:
    return ", ".join(f"`{key}`" for key in keys) or "–"


def default_text(option: Option) -> str:
    """The default in words, per dialect where they differ."""
    words = _value_text(option.default)
    differing = [f"{_SHORT[dialect]} {_value_text(value)}" for dialect, value in option.default_in]
    return ", ".join(filter(None, [words, *differing]))


def _value_text(value: object) -> str:
    match value:
        case None | () | "":
            return ""
        case Default():
            return str(value.value)
        case Size(count):
            return str(count)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def outcome_text(option: Option) -> str:
    """The outcome, with its reason."""
    if option.outcome is Outcome.EFFECTIVE:
        return str(option.outcome)
    return f"{option.outcome}: {option.reason}" if option.reason else str(option.outcome)


def option_help() -> str:
    """The options that `--set` takes and that do something here, for `--help`."""
    lines: list[str] = []
    for option in OPTIONS:
        if option.kind in {ANY, NODE} or option.outcome is not Outcome.EFFECTIVE or option.structural:
            continue
        if not option.driver and option not in OWN:
            continue
        default = default_text(option)
        lines.append(f"  {option.name}")
        text = f"{option.meaning}: {option.kind.expected}" + (f" (default {default})" if default else "")
        lines += textwrap.wrap(text, 90, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines) + "\n"
