"""The commands behind `a`: for each thing, exactly what `bscore` would be asked on a command line."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from bscore.logtree.paths import split_worker

_ALIVE = ("Preparing", "Running", "Finalizing")
_RESUMABLE = ("Failed", "Canceled", "NotResponding")


@dataclass(frozen=True, slots=True)
class Command:
    """One entry: `argv` is what runs; `harm` says what cannot be undone ("" for nothing)."""

    name: str
    help: str
    argv: tuple[str, ...]
    harm: str = ""
    #: It runs in the terminal itself, because it talks to the person.
    foreground: bool = False

    @property
    def line(self) -> str:
        """The command as a person would type it."""
        return shlex.join(self.argv)


def commands_for(target: str, job: str, *, worker: str = "", read_only: bool, state: str) -> list[Command]:
    """What can be done with a target of a job in a state. `worker`: who runs the mini-batch now, or ""."""
    kind, _, name = target.partition(":")
    found: list[Command] = []
    may_act = state in _ALIVE and not read_only
    if kind == "mb":
        who = worker
        if may_act and who:
            found += _of_worker(who, job)
        if may_act:
            harm = "its items count as failed and are not tried again"
            argv = ("bscore", "job", "abandon", job, "--mini-batch", name)
            found.append(Command("abandon", "give this one up", argv, harm))
        argv = ("bscore", "job", "debug", job, "--mini-batch", name)
        found.append(Command("debug", "run it here", argv, foreground=True))
    elif kind == "worker" and may_act:
        found += _of_worker(name, job)
    if may_act and not found:
        harm = "the job ends as Canceled; finished mini-batches are kept for resume"
        found.append(Command("cancel", "stop the job", ("bscore", "job", "cancel", job), harm))
    if state in _RESUMABLE and not read_only:
        found.append(Command("resume", "go on where it ended", ("bscore", "job", "resume", job)))
    if not found:
        found.append(Command("show", "the job as text", ("bscore", "job", "show", job), foreground=True))
    return found


def _of_worker(worker: str, job: str) -> list[Command]:
    argv = ("bscore", "job", "restart-worker", job, worker)
    return [
        Command("stack", "where is it now", ("bscore", "job", "stack", job, "--worker", worker)),
        Command("restart", "kill this worker now", argv, "its mini-batch is tried again by another one"),
    ]


def title_of(target: str, worker: str = "") -> str:
    """What a target is, in words."""
    kind, _, name = target.partition(":")
    if kind == "mb":
        return f"mini-batch {int(name):,}" + (f" on {' '.join(split_worker(worker))}" if worker else "")
    if kind == "worker":
        return "worker " + " ".join(split_worker(name))
    return {"node": f"node {name}", "error": "error group", "file": name}.get(kind, "the job")
