"""`bscore job list`: all jobs, the newest first."""

from __future__ import annotations

from typing import Any

import click

from bscore.cli.home import all_jobs
from bscore.cli.job_facts import brief, read_facts
from bscore.cli.output import output_options, print_value


@click.command("list")
@click.option("--status", help="Only jobs with this status, for instance Failed.")
@click.option("--name", "part", help="Only jobs whose name contains this.")
@click.option("-r", "--max-results", type=click.IntRange(min=1), default=50, show_default=True)
@output_options(default="table")
def list_jobs(status: str | None, part: str | None, max_results: int, form: str, query: str | None) -> None:
    """All jobs below the jobs root, the newest first."""
    rows: list[dict[str, Any]] = []
    for tree in all_jobs():
        if len(rows) >= max_results:
            break
        if part and part not in tree.name:
            continue
        row = brief(read_facts(tree))
        if status is None or row["status"].lower() == status.lower():
            rows.append(row)
    print_value(rows, form, query)
