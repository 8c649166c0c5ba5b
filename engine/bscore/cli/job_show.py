"""`bscore job show`: one job, from its tree alone."""

from __future__ import annotations

import click

from bscore.cli.home import find_job
from bscore.cli.job_argument import NamedJobCommand, job_argument
from bscore.cli.job_facts import read_facts, whole
from bscore.cli.job_words import words
from bscore.cli.output import output_options, print_value


@click.command(cls=NamedJobCommand)
@job_argument
@output_options(default="text", more=("text",))
def show(job_name: str, form: str, query: str | None) -> None:
    """Why a job stands where it stands: status, counts, end, limits, workers, the most frequent errors."""
    value = whole(read_facts(find_job(job_name)))
    if form == "text" and not query:
        click.echo(words(value))
    else:
        print_value(value, "table" if form == "text" else form, query)
