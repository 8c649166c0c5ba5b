"""`bscore demo`: the main job on real input, from nothing, in one command."""

from __future__ import annotations

import os
from pathlib import Path

import click

from bscore import demo_data
from bscore.cli.home import bscore_home, check_name, free_name, jobs_root
from bscore.cli.job_options import check_before
from bscore.cli.run import run_in_foreground
from bscore.master.job import create_job
from bscore.spec.config import JobConfig

MINI_BATCH_SIZE = 10


@click.command()
@click.option("-n", "--name", help="Name of the job; demo-MMDD-HHMM by default.")
@click.option("--workers", type=click.IntRange(1, 512), help="Processes that score; one per core by default.")
@click.option(
    "--seconds", type=click.FloatRange(min=0), help="Stretch the run to about so long, to watch it."
)
def demo(name: str | None, workers: int | None, seconds: float | None) -> int:
    """Score the 1,797 handwritten digits of the UCI data set with a small trained model."""
    root = jobs_root()
    name = check_name(name) if name else free_name(root, "demo")
    images = bscore_home() / "demo" / "digits"
    count = demo_data.write_images(images)
    workers = workers or os.cpu_count() or 1
    config = JobConfig(
        name=name,
        code=demo_data.FOLDER,
        script="score.py",
        inputs=(str(images),),
        output=root / name / "outputs" / "score",
        mini_batch_size=MINI_BATCH_SIZE,
        workers=workers,
        model=demo_data.MODEL_FOLDER,
        arguments=_stretch(seconds, workers, count),
    )
    check_before(config)
    job = create_job(root, config)
    code = run_in_foreground(job)
    if code == 0:
        _print_accuracy(job.final)
        click.echo(f"Rows:     {job.final}\nLog tree: {job.tree}/logs\nMonitor:  bscore-tui {job.name}")
    return code


def _stretch(seconds: float | None, workers: int, items: int) -> tuple[str, ...]:
    """Script arguments that make each mini-batch last, so that the whole takes about `seconds`."""
    if not seconds:
        return ()
    rounds = max(items / MINI_BATCH_SIZE / workers, 1)
    return ("--seconds-per-batch", f"{seconds / rounds:.4f}")


def _print_accuracy(predictions: Path) -> None:
    found = demo_data.accuracy(predictions, demo_data.labels())
    click.echo(
        f"Accuracy: {found.right / found.total:.1%} of all {found.total:,} digits, "
        f"{found.held_out_right / found.held_out_total:.1%} of the {found.held_out_total} "
        "that the model was not trained on"
    )
