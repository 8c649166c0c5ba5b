"""`bscore job debug`: one mini-batch of a job again, by itself, with what the script prints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from bscore.cli.foreground import run_in_foreground
from bscore.cli.home import find_job, free_name, jobs_root
from bscore.cli.job_argument import NamedJobCommand, job_argument
from bscore.cli.lasting import narrate
from bscore.errors import NotFoundError, UsageError
from bscore.inputs.manifest import Manifest
from bscore.logtree import paths
from bscore.logtree.history import read_history
from bscore.logtree.source import LocalSource
from bscore.master.job import Job, create_job, discarded_unless_begun, load_job


@click.command(cls=NamedJobCommand)
@job_argument
@click.option(
    "--mini-batch", type=click.IntRange(min=0), help="Its number; the first that failed by default."
)
def debug(job_name: str, mini_batch: int | None) -> int:
    """Score one mini-batch of a job again: one worker, one try, the script's output on this terminal.

    It is a small job of its own; the job that it comes from stays as it is.
    """
    job = load_job(find_job(job_name))
    if job.config.function or job.config.blocks:
        raise UsageError(
            f"Job {job.name} was made from Python; its functions and values can only be debugged there.",
            remedy="Call the function on the items that failed; 'bscore job show' names them.",
        )
    number = _first_failed(job) if mini_batch is None else mini_batch
    small = _small_job(job, number)
    narrate(f"Mini-batch {number} of job {job.name}, by itself: what is called mini-batch 0 below")
    with discarded_unless_begun(small):
        return run_in_foreground(small, echo=True)


def _first_failed(job: Job) -> int:
    run = read_history(LocalSource(job.tree)).run
    failed = [group.first_mini_batch for group in run.errors.values() if group.first_mini_batch >= 0]
    return min(failed, default=0)


def _small_job(job: Job, mini_batch: int) -> Job:
    with Manifest(job.tree / paths.CHECKPOINT) as manifest:
        known = manifest.extent().mini_batches
        if mini_batch >= known:
            raise NotFoundError(f"Job {job.name} has no mini-batch {mini_batch}; it has {known}, from 0 on.")
        items = manifest.items(mini_batch)
    name = free_name(jobs_root(), f"{job.name}-{mini_batch}")
    tree = jobs_root() / name
    listed = tree / paths.DEBUGGED
    config = replace(
        job.config,
        name=name,
        inputs=(f"@{listed}",),
        output=tree / paths.OUTPUT,
        mini_batch_size=max(len(items), 1),
        workers=1,
        item_limit=None,
        limits=replace(job.config.limits, tries=1),
    )
    small = create_job(jobs_root(), config)
    _write_list(listed, [item.path for item in items])
    return small


def _write_list(path: Path, items: list[bytes]) -> None:
    """Names end with NUL, as `find -print0` writes them: a name may hold a line break."""
    path.write_bytes(b"".join(item + b"\0" for item in items))
