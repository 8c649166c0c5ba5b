"""Values on stdout: json, yaml, table or tsv, after a JMESPath query where one is given."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import click

FORMATS = ("json", "table", "tsv", "yaml")


def output_options(
    default: str = "json", more: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options `-o/--output FORMAT` and `--query JMESPATH`, passed on as `form` and `query`.

    `default` counts on a terminal and without a query; a pipe gets json, as `az` gives it, unless asked
    for otherwise. `more` are formats that only this command knows.
    """

    def choose(_ctx: click.Context, _parameter: click.Parameter, chosen: str | None) -> str:
        return chosen or (default if sys.stdout.isatty() and not _ctx.params.get("query") else "json")

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        form = click.option(
            "-o", "--output", "form", type=click.Choice((*more, *FORMATS)), callback=choose,
            help=f"How to print; {default} on a terminal, else json.",
        )  # fmt: skip
        query = click.option("--query", is_eager=True, help="JMESPath of what to print, for instance status.")
        return form(query(command))

    return add


def print_value(value: Any, form: str, query: str | None = None) -> None:
    """Print plain values (dicts, lists, texts, numbers, None) to stdout.

    Raises click.BadParameter for a query that is no JMESPath.
    """
    if query:
        value = _search(query, value)
    match form:
        case "json":
            click.echo(_escaped(json.dumps(value, indent=2, ensure_ascii=False)))
        case "yaml":
            click.echo(_yaml(value))
        case "tsv":
            # A program gets the text as it is; a terminal must not obey it.
            shown = terminal_text if sys.stdout.isatty() else str
            for row in _rows(value):
                cells = (_cell(item).replace("\t", " ").replace("\n", " ") for item in row.values())
                click.echo("\t".join(map(shown, cells)))
        case _:
            _print_table(_rows(value))


def terminal_text(text: str) -> str:
    """Foreign text of one line, safe for a terminal: nothing in it moves a cursor or turns the writing."""
    text = text.expandtabs(8)
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def _is_plain(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


def _escaped(text: str) -> str:
    """JSON or the quoted texts of YAML, with what is not printable as escapes that both know."""
    if _is_plain(text):
        return text
    return "".join(c if _is_plain(c) else json.dumps(c)[1:-1] for c in text)


def _yaml(value: Any) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes texts that are not plain: only there an escape means what it stands for."""

    def quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = None if _is_plain(text) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, quoted)
    text = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True)
    return _escaped(text.rstrip("\n"))


def _search(query: str, value: Any) -> Any:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(query, value)
    except JMESPathError as error:
        raise click.BadParameter(str(error), param_hint="--query") from error


def _rows(value: Any) -> list[dict[str, Any]]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [item if isinstance(item, dict) else {"Result": item} for item in items]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _print_table(rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    names = [name for name, value in rows[0].items() if not isinstance(value, dict | list)]
    cells = [[terminal_text(_cell(row.get(name)).split("\n")[0]) for name in names] for row in rows]
    heads = list(map(terminal_text, names))
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for line in [heads, ["-" * width for width in widths], *cells]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
