"""`bscore demo`: the main job on real input, from nothing, in one command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from bscore import demo_data
from bscore.cli.foreground import go, manner_of, manner_options
from bscore.cli.home import bscore_home, check_name, free_name, jobs_root
from bscore.cli.job_options import check_before
from bscore.core import events as e
from bscore.core.error_words import error_words
from bscore.core.limits import Limits
from bscore.logtree.journal import read_events
from bscore.logtree.source import LocalSource
from bscore.master.job import Job, create_job, discarded_unless_begun
from bscore.spec.config import JobConfig

MINI_BATCH_SIZE = 10
#: With --chaos a mini-batch hangs: run() of the demo takes milliseconds, so that little patience will do.
_CHAOS_RUN_S = 2.0
_CHAOS_OVERHEAD_S = 1.0


@click.command()
@click.option("-n", "--name", help="Name of the job; demo-MMDD-HHMM by default.")
@click.option("--workers", type=click.IntRange(1, 512), help="Processes that score; one per core by default.")
@click.option(
    "--seconds", type=click.FloatRange(min=0), help="Stretch the run to about so long, to watch it."
)
@click.option(
    "--chaos", is_flag=True, help="A script that raises once, hangs once, is killed once and exits once."
)
@manner_options
def demo(name: str | None, workers: int | None, seconds: float | None, *, chaos: bool, **given: Any) -> int:
    """Score the 1,797 handwritten digits of the UCI data set with a small trained model."""
    manner = manner_of(given)
    root = jobs_root()
    name = check_name(name) if name else free_name(root, "demo")
    images = bscore_home() / "demo" / "digits"
    count = demo_data.write_images(images)
    workers = workers or os.cpu_count() or 1
    pause_s = _pause_s(seconds, workers, count)
    config = JobConfig(
        name=name,
        code=demo_data.FOLDER,
        script="score_chaos.py" if chaos else "score.py",
        inputs=(str(images),),
        output=root / name / "outputs" / "score",
        mini_batch_size=MINI_BATCH_SIZE,
        workers=workers,
        model=demo_data.MODEL_FOLDER,
        arguments=_arguments(pause_s, root / name / "chaos" if chaos else None),
        limits=_patience(pause_s) if chaos else Limits(),
    )
    check_before(config)
    job = create_job(root, config)
    with discarded_unless_begun(job):
        code = go(job, manner)
    if code == 0 and not manner.detach:
        if chaos:
            _print_chaos(job)
        _print_accuracy(job.final)
        click.echo(f"Rows:     {job.final}\nLog tree: {job.tree}/logs\nMonitor:  bscore-tui {job.name}")
    return code


def _pause_s(seconds: float | None, workers: int, items: int) -> float:
    """How long each mini-batch has to last, so that the whole takes about `seconds`."""
    return (seconds or 0.0) / max(items / MINI_BATCH_SIZE / workers, 1)


def _arguments(pause_s: float, chaos_folder: Path | None) -> tuple[str, ...]:
    pause = ("--seconds-per-batch", f"{pause_s:.4f}") if pause_s else ()
    return (*pause, "--chaos-dir", str(chaos_folder)) if chaos_folder else pause


def _patience(pause_s: float) -> Limits:
    """Limits that notice a hanging mini-batch soon, and a stretched one never."""
    run_s = _CHAOS_RUN_S + round(3 * pause_s)
    return Limits(run_invocation_timeout_s=run_s, task_overhead_timeout_s=_CHAOS_OVERHEAD_S)


def _print_chaos(job: Job) -> None:
    """Say what the script was brought into, and what became of it."""
    click.echo("What happened on the way:")
    failed = [event for event in read_events(LocalSource(job.tree)) if isinstance(event, e.AttemptFailed)]
    for event in failed:
        where = f" ({event.place})" if event.place else ""
        click.echo(f"  mini-batch {event.mini_batch:>3}  {_trouble(event)}{where}")
    click.echo(
        f"Each of these {len(failed)} was tried again; all {demo_data.IMAGES:,} digits are in the output, "
        "each exactly once."
    )


def _trouble(event: e.AttemptFailed) -> str:
    match event.kind:
        case e.FailureKind.TIMEOUT:
            return f"hung: {event.message}"
        case e.FailureKind.DIED if event.signal is not None:
            return f"its worker was killed by signal {event.signal}"
        case e.FailureKind.DIED:
            return f"its worker exited with code {event.exit_code}"
        case _:
            return f"raised {error_words(event.error_type, event.message)}"


def _print_accuracy(predictions: Path) -> None:
    found = demo_data.accuracy(predictions, demo_data.labels())
    click.echo(
        f"Accuracy: {found.right / found.total:.1%} of all {found.total:,} digits, "
        f"{found.held_out_right / found.held_out_total:.1%} of the {found.held_out_total} "
        "that the model was not trained on"
    )
