"""`bscore validate`: everything that can be known of a job without running it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from select import select
from typing import Any

import click

from bscore.cli.home import bscore_home
from bscore.cli.job_options import JobCommand, check_place, config_of, job_options
from bscore.core.counted import counted
from bscore.environments.build import plan
from bscore.environments.resolve import Interpreter, find_interpreter, look_for_interpreter
from bscore.errors import BscoreError
from bscore.inputs.check import check_inputs
from bscore.inputs.listing import Listing, ListingProgress, ListingState
from bscore.node.script_probe import probe_script
from bscore.spec.config import JobConfig
from bscore.spec.script_check import check_files_script, check_script

_IMPORT_LIMIT_S = 120.0
#: More mini-batches than this are worth a word: each costs a call, a record and a row of a report.
_MANY = 10_000_000


@dataclass(frozen=True, slots=True)
class _Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    text: str


@click.command(cls=JobCommand)
@job_options
@click.option("--build", is_flag=True, help="Build the environment too, where it is not built yet.")
@click.option("-o", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def validate(form: str, *, build: bool, **given: Any) -> int:
    """Check a job without running it: options, script, environment, inputs, output, limits.

    Takes what `bscore run` takes. The script is imported in its interpreter, where that is there already.
    With -o json one line per check, as soon as it is done; the last one says how many mini-batches there
    would be. Exit code 2 when something is wrong.
    """
    failed = 0

    def say(check: _Check) -> None:
        nonlocal failed
        failed += not check.ok
        if form == "json":
            click.echo(json.dumps({"check": check.name, "ok": check.ok, "text": check.text}))
        else:
            click.echo(f"{'ok    ' if check.ok else 'wrong '}  {check.name}: {check.text}")

    try:
        config, notes = config_of(given)
    except BscoreError as error:
        say(_Check("options", ok=False, text=str(error)))
        return 2
    say(_Check("options", ok=True, text="; ".join(notes) or "every option is known and in its range"))
    for name, look in _looks(config, build=build):
        try:
            say(_Check(name, ok=True, text=look()))
        except BscoreError as error:
            say(_Check(name, ok=False, text=str(error)))
    return 2 if failed else 0


def _looks(config: JobConfig, *, build: bool) -> list[tuple[str, Callable[[], str]]]:
    return [
        ("script", lambda: _script(config)),
        ("environment", lambda: _environment(config, build=build)),
        ("output", lambda: _output(config)),
        ("limits", lambda: _limits(config)),
        ("inputs", lambda: _inputs(config)),
    ]


def _script(config: JobConfig) -> str:
    check_script(config.code, config.script)
    check_files_script(config.code, config.script)
    return f"{config.script} in {config.code}"


def _environment(config: JobConfig, *, build: bool) -> str:
    interpreter = look_for_interpreter(config, bscore_home())
    if not isinstance(interpreter, Interpreter):
        if not build:
            return (
                f"{interpreter.source} can be built: {plan(interpreter, _narrate)}. Not built yet, so the "
                "script was not imported; --build does both"
            )
        interpreter = find_interpreter(config, bscore_home(), _narrate)
    facts = probe_script(
        interpreter.path,
        config.code,
        config.script,
        config.arguments,
        config.environment_variables,
        _IMPORT_LIMIT_S,
    )
    has = ", ".join(f"{name}()" for name in facts.functions)
    return f"{interpreter.path} (Python {facts.python}) imports the script; it has {has}"


def _narrate(line: str) -> None:
    click.echo(line, err=True)


def _output(config: JobConfig) -> str:
    check_place(config)
    return str(config.output / config.output_file_name if config.append_row else config.output)


def _limits(config: JobConfig) -> str:
    limits = config.limits
    words = [f"{limits.attempt_s:g} s per attempt, {limits.tries} tries"]
    progress = limits.progress_update_timeout_s
    if progress is not None and progress < limits.attempt_s:
        words.append(
            f"progress_update_timeout {progress:g} s is shorter than one attempt may take: a slow mini-batch "
            "ends the job"
        )
    if (
        limits.error_threshold < 0
        and limits.allowed_failed_count < 0
        and limits.allowed_failed_percent >= 100
    ):
        words.append("no threshold is set: failures never fail the job unless nothing succeeds")
    if config.workers > 4 * (os.cpu_count() or 1):
        words.append(f"{config.workers} workers on {os.cpu_count()} cores")
    return "; ".join(words)


def _inputs(config: JobConfig) -> str:
    check_inputs(config.inputs)
    with tempfile.TemporaryDirectory(prefix="bscore-validate-") as folder:
        listing = Listing.start(config.inputs, config.mini_batch_size, folder)
        try:
            found = _count(listing)
        finally:
            listing.stop()
    many = "; that is many: a larger mini_batch_size costs less" if found.mini_batches > _MANY else ""
    left_out = f"; left out, {'; '.join(map(str, found.skipped))}" if found.skipped else ""
    size = config.mini_batch_size
    items, batches = counted(found.items, "item"), counted(found.mini_batches, "mini-batch")
    return f"{items} would be {batches} of {size}{many}{left_out}"


def _count(listing: Listing) -> ListingProgress:
    while listing.fileno() >= 0:
        select([listing.fileno()], [], [])
        for progress in listing.poll():
            if progress.state is ListingState.FAILED:
                raise BscoreError(progress.reason)
            if progress.state is ListingState.FINISHED:
                return progress
    raise BscoreError("The listing ended without a result.")
