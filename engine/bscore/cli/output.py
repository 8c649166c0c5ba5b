"""Values on stdout: json, yaml, table or tsv, after a JMESPath query where one is given."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

FORMATS = ("json", "table", "tsv", "yaml")


def output_options(default: str = "json") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options `-o/--output FORMAT` and `--query JMESPATH`, passed on as `form` and `query`."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        form = click.option(
            "-o", "--output", "form", type=click.Choice(FORMATS), default=default, show_default=True,
            help="How to print.",
        )  # fmt: skip
        query = click.option("--query", help="JMESPath of what to print, for instance status.")
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
            click.echo(json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace"))
        case "yaml":
            import yaml

            click.echo(yaml.safe_dump(value, sort_keys=False, allow_unicode=True).rstrip("\n"))
        case "tsv":
            for row in _rows(value):
                click.echo(
                    "\t".join(_cell(item).replace("\t", " ").replace("\n", " ") for item in row.values())
                )
        case _:
            _print_table(_rows(value))


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
    cells = [[_cell(row.get(name)).split("\n")[0] for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    for line in [names, ["-" * width for width in widths], *cells]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
