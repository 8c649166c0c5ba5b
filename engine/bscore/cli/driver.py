"""The driver of a detached job: one term, no terminal. Started by `detached`; its stdio is the driver log."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bscore.cli.on_end import run_on_end
from bscore.cli.outcome import exit_code
from bscore.cli.term import run_term
from bscore.errors import BscoreError
from bscore.master.job import load_job


@click.command()
@click.argument("tree", type=click.Path(path_type=Path))
@click.option("--on-end", default="")
@click.option("--take-over", is_flag=True)
@click.option("--retry-failed", is_flag=True)
def main(tree: Path, on_end: str, *, take_over: bool, retry_failed: bool) -> None:
    """Run a job's next term; the exit code says how it ended."""
    job = load_job(tree)
    try:
        code = exit_code(run_term(job, take_over=take_over, retry_failed=retry_failed).outcome)
    except BscoreError as error:
        click.echo(f"Error: {error}", err=True)
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    run_on_end(on_end, job, code)
    sys.exit(code)


if __name__ == "__main__":
    main()
