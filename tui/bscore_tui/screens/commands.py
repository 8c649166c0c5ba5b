"""The commands behind `a`: for each thing, exactly what `bscore` would be asked on a command line."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import PurePath

from bscore_tui.reading.present import Present
from bscore_tui.views.words import plural

_RESUMABLE = ("Failed", "Canceled", "NotResponding")


@dataclass(frozen=True, slots=True)
class Command:
    """One entry: `argv` is what runs; `harm` says what cannot be undone ("" for nothing)."""

    name: str
    help: str
    argv: tuple[str, ...]
    harm: str = ""
    #: What any key but `y` does where there is harm.
    keep: str = "leave it as it is"
    #: It runs in the terminal itself, because it talks to the person.
    foreground: bool = False

    @property
    def line(self) -> str:
        """The command as a person would type it."""
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True)
class Offer:
    """Commands for one thing; `title` says which, for they act on nothing else."""

    title: str
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected thing as it is now; no thing where there are neither worker nor mini-batch."""

    title: str = ""
    #: The living worker that it is, or that runs it.
    worker: str = ""
    mini_batch: int | None = None
    #: The mini-batch is meant itself, and is not over.
    is_open: bool = False


def offers_for(selection: Selection, job: str, now: Present, *, read_only: bool) -> list[Offer]:
    """What can be done with the selected thing, if anything, and apart from it with the whole job.

    `job` is how commands name the job.
    """
    own = _of_selection(selection, job, may_act=now.is_alive and not read_only)
    found = [Offer(selection.title, tuple(own))] if own else []
    return [
        *found,
        Offer(f"the whole job {PurePath(job).name}", tuple(_of_job(job, now, read_only=read_only))),
    ]


def _of_selection(selection: Selection, job: str, *, may_act: bool) -> list[Command]:
    found: list[Command] = []
    if may_act and selection.worker:
        found += _of_worker(selection.worker, job)
    if selection.mini_batch is None:
        return found
    number = str(selection.mini_batch)
    if may_act and selection.is_open:
        argv = ("bscore", "job", "abandon", job, "--mini-batch", number)
        harm = "Its items count as failed and get no rows; it is not tried again."
        found.append(Command("abandon", "no more tries for it", argv, harm, "leave it"))
    argv = ("bscore", "job", "debug", job, "--mini-batch", number)
    return [*found, Command("debug", "run it here", argv, foreground=True)]


def _of_worker(worker: str, job: str) -> list[Command]:
    harm = "The worker is killed; another one takes its mini-batch, which is not charged."
    argv = ("bscore", "job", "restart-worker", job, worker)
    return [
        Command("stack", "where is it now", ("bscore", "job", "stack", job, "--worker", worker)),
        Command("restart", "kill this worker now", argv, harm, "leave it running"),
    ]


def _of_job(job: str, now: Present, *, read_only: bool) -> list[Command]:
    found: list[Command] = []
    if not read_only and now.is_alive:
        found.append(Command("stacks", "where are all workers now", ("bscore", "job", "stack", job)))
        if now.left and now.state == "Running":
            what = plural(now.left, "mini-batch", "mini-batches")
            harm = f"{what} get no rows. The job then ends: Completed, or Failed where its thresholds say so."
            argv = ("bscore", "job", "abandon", job, "--remaining")
            found.append(Command("finish", "abandon what is left", argv, harm, "keep it running"))
        harm = "The job ends as Canceled; finished mini-batches are kept for a resume."
        cancel = ("bscore", "job", "cancel", job)
        found.append(Command("cancel", "cancel the job", cancel, harm, "keep it running"))
    elif not read_only and now.state in _RESUMABLE and not now.hopeless:
        found += _resumes(job, now)
    return [*found, Command("show", "the job as text", ("bscore", "job", "show", job), foreground=True)]


def _resumes(job: str, now: Present) -> list[Command]:
    """What goes on with a job, the one that helps first.

    One that failed has failed by what was abandoned: without trying that again it would fail at once.
    """
    plain = ("bscore", "job", "resume", job, "--detach")
    left = plural(now.left, "mini-batch", "mini-batches")
    again = plural(now.left + now.abandoned, "mini-batch", "mini-batches")
    harm = "The script as it is now runs on {}. Cancel ends it again."
    without = "Nothing is left to score; the output is published."
    resume = Command("resume", "score what is left", plain, harm.format(left) if now.left else without)
    failed_too = (*plain, "--retry-failed")
    retry = Command("retry", "what is left and what failed", failed_too, harm.format(again))
    if not now.abandoned:
        return [resume]
    return [retry] if now.state == "Failed" else [resume, retry]
