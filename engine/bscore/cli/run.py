"""`bscore run`: a scoring script over files, in the foreground or detached."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from bscore.cli.foreground import go, manner_of, manner_options
from bscore.cli.home import bscore_home, jobs_root
from bscore.cli.job_options import JobCommand, check_before, config_of, job_options
from bscore.cli.lasting import narrate
from bscore.environments.resolve import find_interpreter
from bscore.master.job import create_job, discarded_unless_begun

_EPILOG = """\b
Examples:
  bscore run --script score.py --input images/ --output results --workers 4
  bscore run --script score.py --input 'data/**/*.csv' --output out --set error_threshold=5
  bscore run deployment.yml --input images/ --output results --model model/
  bscore run --script score.py --input @files.txt --output out -- --threshold 0.5
  bscore run --script score.py --input images/ --output try --limit 20 --echo
  bscore run deployment.yml --input images/ --output results --detach --on-end 'mail -s "$BSCORE_OUTCOME" me'
"""


@click.command(cls=JobCommand, epilog=_EPILOG)
@job_options
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Score the first N items only.")
@manner_options
def run(**given: Any) -> int:
    """Run a scoring script over files and wait for its end.

    JOB_FILE is a batch deployment or parallel job YAML; without one give --script. What stands behind --
    goes to the script.
    """
    manner = manner_of(given)
    config, notes = config_of(given)
    config = replace(config, item_limit=given["limit"])
    for note in notes:
        narrate(f"note: {note}")
    check_before(config)
    interpreter = find_interpreter(config, bscore_home(), narrate)
    for note in interpreter.notes:
        narrate(f"note: {note}")
    job = create_job(jobs_root(), config)
    with discarded_unless_begun(job):
        return go(job, manner)
