"""`bscore job show`: one job, from its tree alone."""

from __future__ import annotations

import click

from bscore.cli.home import find_job
from bscore.cli.job_facts import read_facts, whole
from bscore.cli.output import output_options, print_value


@click.command()
@click.argument("job_name", metavar="JOB")
@output_options()
def show(job_name: str, form: str, query: str | None) -> None:
    """Status, counts, rate, workers and the most frequent errors of a job."""
    print_value(whole(read_facts(find_job(job_name))), form, query)
