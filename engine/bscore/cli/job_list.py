"""`bscore job list`: all jobs, the newest first."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from bscore.cli.home import jobs_root
from bscore.cli.job_facts import brief, read_facts
from bscore.cli.job_ways import DAMAGED, NOT_RESPONDING, UNKNOWN
from bscore.cli.lasting import narrate
from bscore.cli.output import output_options, print_value
from bscore.core.events import Outcome
from bscore.core.state import Phase
from bscore.errors import stranger
from bscore.logtree.catalog import Jobs, look_for_jobs

_AGE = re.compile(r"(\d+)([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
#: Entries that may not be read, of which so many are named.
_NAMED = 5
#: What --status alive stands for.
_ALIVE = ("preparing", "running", "finalizing")
_STATUSES = {
    name.lower(): name
    for name in (
        *(phase.value for phase in Phase if phase is not Phase.ENDED),
        *(outcome.value for outcome in Outcome),
        NOT_RESPONDING,
        UNKNOWN,
        DAMAGED,
        "alive",
    )
}


@click.command("list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    metavar="STATUS",
    help="Only jobs with this status; 'alive' for all that run. Repeatable, or failed,canceled.",
)
@click.option("--name", "part", help="Only jobs whose name contains this.")
@click.option(
    "--since", metavar="AGE|TIME", help="Only jobs started since: 2h, 3d, 2026-04-12, with a time (UTC)."
)
@click.option("-r", "--max-results", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--all-results", is_flag=True, help="All of them, however many.")
@output_options(default="table")
def list_jobs(
    statuses: tuple[str, ...],
    part: str | None,
    since: str | None,
    max_results: int,
    *,
    all_results: bool,
    form: str,
    query: str | None,
) -> None:
    """All jobs below the jobs root, the newest first."""
    wanted = _wanted(statuses)
    after = _moment(since) if since else ""
    rows: list[dict[str, Any]] = []
    more = False
    jobs = look_for_jobs(jobs_root())
    for tree in jobs.trees:
        if part and part not in tree.name:
            continue
        row = brief(read_facts(tree))
        if (not wanted or row["status"].lower() in wanted) and (row["started"] or "") >= after:
            more = len(rows) >= max_results and not all_results
            if more:
                break
            rows.append(row)
    if form == "table":
        # A zone in every row tells a person nothing: all times are UTC.
        rows = [row | {"started": row["started"] and row["started"][:19]} for row in rows]
        rows = [_ran(row) for row in rows]
    print_value(rows, form, query)
    if more:
        narrate(f"There are more than these {len(rows)}: --all-results shows all.")
    if not rows and (jobs.trees or not jobs.unreadable):
        narrate("No job is like that." if wanted or part or since else "There are no jobs yet.")
    _say_unreadable(jobs)


def _say_unreadable(jobs: Jobs) -> None:
    if not jobs.unreadable:
        return
    first = [f"{path.name} ({stranger(path) or 'your own'})" for path in jobs.unreadable[:_NAMED]]
    more = len(jobs.unreadable) - len(first)
    others = f" and {more} more" if more else ""
    narrate(f"Left out, for this user may not read them: {', '.join(first)}{others}.")


def _ran(row: dict[str, Any]) -> dict[str, Any]:
    """The row with how long it ran and in how many terms as one column."""
    terms = row["terms"] or 0
    ran = f"{row['duration']} in {terms} terms" if terms > 1 else row["duration"]
    return {name: value for name, value in row.items() if name != "terms"} | {"duration": ran}


def _wanted(statuses: tuple[str, ...]) -> set[str]:
    """The statuses that are asked for, in small letters. Raises click.BadParameter for unknown ones."""
    wanted = {word.strip().lower() for text in statuses for word in text.split(",")}
    for word in sorted(wanted - _STATUSES.keys()):
        near = difflib.get_close_matches(word, _STATUSES, n=1)
        hint = (
            f"Did you mean {_STATUSES[near[0]]}?" if near else f"There are {', '.join(_STATUSES.values())}."
        )
        raise click.BadParameter(f"There is no status {word!r}. {hint}", param_hint="--status")
    return wanted.union(_ALIVE) if "alive" in wanted else wanted


def _moment(text: str) -> str:
    """The earliest start, as `brief` spells it. Raises click.BadParameter."""
    age = _AGE.fullmatch(text)
    if age:
        moment = datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise click.BadParameter(
                f"{text!r} is neither an age such as 2h nor a time such as 2026-04-12.", param_hint="--since"
            ) from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="seconds")
