"""`bscore job stack`: where the workers are just now, as Python stacks of all their threads."""

from __future__ import annotations

import time
from typing import Any

import click

from bscore.cli.asking import Ear, ask_master, print_answer
from bscore.cli.home import find_job
from bscore.cli.job_argument import NamedJobCommand, complete_workers, job_argument
from bscore.cli.output import output_options, print_value, terminal_text
from bscore.core import asking
from bscore.core.events import RequestTaken, StacksTaken
from bscore.errors import BscoreError
from bscore.observe import read_trace

#: A worker answers within a second, or shows nothing within two.
_STACKS_S = 15.0
#: Log bytes of another node may come a moment after the event that names them.
_TEXT_S = 2.0
_LOOK_S = 0.05


@click.command(cls=NamedJobCommand)
@job_argument
@click.option(
    "--worker", metavar="NODE/WORKER", default="", help="Only this one.", shell_complete=complete_workers
)
@output_options(default="text", more=("text",))
def stack(job_name: str, worker: str, form: str, query: str | None) -> None:
    """Print the Python stacks of the job's workers; they are kept below logs/user/error too."""
    tree = find_job(job_name)
    ear = Ear(tree)
    answer = ask_master(ear, tree, asking.STACK, worker)
    print_answer(answer)
    wanted = _wanted(ear, worker)
    taken = _collect(ear, answer, wanted)
    values = [_value(ear, taken[name]) for name in sorted(taken)]
    if form == "text":
        for value in values:
            _print(value)
    else:
        print_value(values, form, query)
    silent = sorted((wanted & ear.run.workers.keys()) - taken.keys()) if taken else sorted(wanted)
    if silent:
        raise BscoreError(
            f"No stacks came from {', '.join(silent[:5])}{' and others' if len(silent) > 5 else ''}.",
            remedy="They have ended meanwhile, or their agent does not answer.",
        )


def _wanted(ear: Ear, worker: str) -> set[str]:
    if worker:
        return {asking.find_worker(ear.run, worker)[0] or worker}
    return set(ear.run.workers)


def _collect(ear: Ear, answer: RequestTaken, wanted: set[str]) -> dict[str, StacksTaken]:
    """The stacks that were taken for this request; workers that end meanwhile are waited for no more."""
    taken: dict[str, StacksTaken] = {}
    for name, (at, mini_batch, place, trace) in ear.run.stacks.items():
        if at >= answer.at and name in wanted:
            taken[name] = StacksTaken(at, name, mini_batch, place, trace)
    deadline = time.monotonic() + _STACKS_S
    while time.monotonic() < deadline and not ear.is_dead():
        for event in ear.new_events():
            if isinstance(event, StacksTaken) and event.at >= answer.at and event.worker in wanted:
                taken[event.worker] = event
        if not (wanted & ear.run.workers.keys()) - taken.keys():
            break
        time.sleep(_LOOK_S)
    return taken


def _value(ear: Ear, event: StacksTaken) -> dict[str, Any]:
    deadline = time.monotonic() + (_TEXT_S if event.trace else 0.0)
    text = read_trace(ear.source, event.trace)
    while not text and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
        text = read_trace(ear.source, event.trace)
    return {
        "worker": event.worker,
        "mini_batch": event.mini_batch if event.mini_batch >= 0 else None,
        "place": event.place,
        "trace": event.trace,
        "stacks": text.decode("utf-8", "replace"),
    }


def _print(value: dict[str, Any]) -> None:
    running = "idle" if value["mini_batch"] is None else f"mini-batch {value['mini_batch']}"
    place = f"  at {value['place']}" if value["place"] else ""
    click.echo(terminal_text(f"{value['worker']}  {running}{place}"))
    body = value["stacks"].partition("\n")[2]
    empty = "No stacks came: it is stopped, or inside native code that answers no signal."
    for line in (body or empty).splitlines():
        click.echo(terminal_text(f"    {line}"))
    click.echo()
