"""`bscore job stream`: follow a job's log as `az ml job stream` does (reference 7), to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import click

from bscore.cli.asking import Ear, not_responding
from bscore.cli.home import find_job
from bscore.cli.job_argument import NamedJobCommand, job_argument
from bscore.cli.lasting import narrate
from bscore.cli.outcome import EXIT_NOT_RESPONDING, exit_code
from bscore.cli.output import terminal_text
from bscore.core.events import Outcome
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.overview import iso
from bscore.logtree.reader import Tail
from bscore.logtree.source import LocalSource
from bscore.logtree.trees import in_commands
from bscore.observe import last_words

#: What is streamed, in this order: what the driver says, then how far it is.
STREAMED = (paths.DRIVER_LOG, paths.OVERVIEW)
_LOOK_S = 0.2
#: The last lines of the logs come a moment after the record that ends the run.
_LAST_WORDS_S = 2.0
_SUMMARY = "Execution Summary"


@click.command(cls=NamedJobCommand)
@job_argument
def stream(job_name: str) -> int:
    """Print a job's log as it grows, then how it ended; the exit code says the same.

    0 Completed, 1 Failed, 3 Canceled, 4 NotResponding. Ctrl-C ends the streaming, the job goes on.
    """
    tree = find_job(job_name)
    click.echo(_head(tree))
    ear = Ear(tree)
    logs = _Logs(LocalSource(tree), click.echo)
    try:
        while ear.run.outcome is None:
            logs.print_new()
            if ear.is_dead():
                ear.new_events()
                break
            time.sleep(_LOOK_S)
            ear.new_events()
    except KeyboardInterrupt:
        narrate(f"\nThe job goes on; follow it again with: bscore job stream {in_commands(tree)}")
        raise
    return _end(tree, ear.run, logs)


def _head(tree: Path) -> str:
    return f"RunId: {terminal_text(tree.name)}\nWeb View: {tree.as_uri()}"


class _Logs:
    """The streamed files: a headline when one begins to be printed, later only what was appended."""

    def __init__(self, source: LocalSource, echo: Callable[[str], None]) -> None:
        self._echo = echo
        self._tails = {path: Tail(source, path) for path in STREAMED}
        self._begun: set[str] = set()

    def print_new(self) -> int:
        """Print whole new lines; how many."""
        count = 0
        for path, tail in self._tails.items():
            while True:
                batch = tail.poll()
                if batch.lines and path not in self._begun:
                    self._begun.add(path)
                    self._echo(f"\nStreaming {path}\n{'=' * (len(path) + 10)}\n")
                for line in batch.lines:
                    self._echo(terminal_text(line.text))
                count += len(batch.lines)
                if not batch.more:
                    break
        return count

    def print_last(self) -> None:
        """Print the rest of a run that has ended, as soon as it stands there."""
        deadline = time.monotonic() + _LAST_WORDS_S
        idle = 0
        while idle < 2 and time.monotonic() < deadline:
            idle = 0 if self.print_new() else idle + 1
            time.sleep(_LOOK_S / 2)


def _end(tree: Path, run: Run, logs: _Logs) -> int:
    if run.outcome is None:
        logs.print_new()
        why = last_words(LocalSource(tree), run.term)
        narrate(f"Error: {not_responding(tree, 'no more will come', why)}")
        return EXIT_NOT_RESPONDING
    logs.print_last()
    click.echo(f"\n{_SUMMARY}\n{'=' * len(_SUMMARY)}\n{_head(tree)}")
    if run.findings:
        click.echo("Warnings:")
        for finding in run.findings.values():
            click.echo(terminal_text(finding))
    click.echo()
    if run.outcome is Outcome.FAILED:
        click.echo(f"Exception : \n {json.dumps(_error(tree, run), indent=4)}", err=True)
    return exit_code(run.outcome)


def _error(tree: Path, run: Run) -> dict[str, object]:
    causes = sorted(run.errors.values(), key=lambda group: -group.count)
    details = [
        {"code": group.error_type or group.kind.value, "message": group.message, "target": group.place}
        for group in causes[:5]
    ]
    error = {"code": "UserError", "message": run.reason, "details": details}
    return {"error": error, "time": f"{iso(run.last)}+00:00", "component_name": tree.name}
