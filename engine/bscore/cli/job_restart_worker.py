"""`bscore job restart-worker`: end a worker and have a new one started in its place."""

from __future__ import annotations

import click

from bscore.cli.asking import Ear, ask_master, print_answer
from bscore.cli.home import find_job
from bscore.cli.job_argument import NamedJobCommand, complete_workers, job_argument
from bscore.core import asking


@click.command("restart-worker", cls=NamedJobCommand)
@job_argument
@click.argument("worker", metavar="NODE/WORKER", shell_complete=complete_workers)
def restart_worker(job_name: str, worker: str) -> None:
    """End a worker now, with all that it started; a new one follows.

    What it was running goes back to the queue, uncharged. process003 is enough where one node has it.
    """
    tree = find_job(job_name)
    print_answer(ask_master(Ear(tree), tree, asking.RESTART_WORKER, worker))
