"""bscore environment: the interpreters that were built for scripts, listed and removed."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from bscore.cli.home import bscore_home
from bscore.cli.lasting import narrate
from bscore.cli.output import output_options, print_value
from bscore.environments.cache import Cache, Listed


@click.group()
def environment() -> None:
    """Environments built from conda and requirements files: list, delete, prune."""


@environment.command("list")
@output_options("table")
def list_command(form: str, query: str | None) -> None:
    """List what was built, last used first."""
    listed = Cache(bscore_home()).listed()
    print_value([_shown(line, form) for line in listed], form, query)
    if not listed:
        narrate("No environment was built here yet.")


@environment.command("delete")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def delete_command(names: tuple[str, ...]) -> None:
    """Delete environments, each by its key, a beginning of it, or its name."""
    cache = Cache(bscore_home())
    # All are looked up first, so that a misspelt name deletes nothing.
    for entry in dict.fromkeys([cache.find(name) for name in names]):
        cache.delete(entry)
        narrate(f"deleted {entry.key}")


@environment.command("prune")
@click.option(
    "--days", type=click.FloatRange(min=0), default=30.0, show_default=True, help="Unused for so long."
)
def prune_command(days: float) -> int:
    """Delete what no job used for some days, and what was left half built."""
    gone, errors = Cache(bscore_home()).prune(days, time.time())
    for line in gone:
        narrate(f"deleted {line.key} {line.name}".rstrip())
    for error in errors:
        narrate(str(error))
    narrate(f"{len(gone)} deleted, {size_text(sum(line.size_bytes for line in gone))} freed")
    return 1 if errors else 0


def _shown(line: Listed, form: str) -> dict[str, Any]:
    moment = datetime.fromtimestamp(line.last_used_s, UTC)
    if form == "table":
        return {
            "Key": line.key,
            "Name": line.name,
            "Python": line.python,
            "Packages": line.packages,
            "Size": size_text(line.size_bytes),
            "Last used": f"{moment.astimezone():%Y-%m-%d %H:%M}",
            "State": line.state,
        }
    values = asdict(line)
    del values["last_used_s"]
    return {**values, "last_used": moment.isoformat(timespec="seconds")}


def size_text(size: float) -> str:
    """Bytes as people say them: 8.1 MiB."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
