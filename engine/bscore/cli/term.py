"""One term of a job on the interpreter that was found or built for its script."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bscore.cli.home import bscore_home
from bscore.cli.job_facts import read_facts
from bscore.cli.job_ways import ways_out
from bscore.cli.lasting import narrate
from bscore.core.events import RunEnded
from bscore.environments.resolve import find_interpreter
from bscore.errors import HeldError
from bscore.master.job import Job
from bscore.master.observers import Observer
from bscore.master.run import run_job
from bscore.master.term import Step
from bscore.outputs.publish import no_step


def run_term(
    job: Job,
    observers: Sequence[Observer] = (),
    *,
    take_over: bool = False,
    retry_failed: bool = False,
    step: Step = no_step,
) -> RunEnded:
    """Run a job's next term until it ends. Raises what `run_job` raises."""
    interpreter = find_interpreter(job.config, bscore_home(), narrate)
    with interpreter.hold():
        job = with_interpreter(job, interpreter.path)
        try:
            return run_job(
                job, observers, take_over=take_over, retry_failed=retry_failed, step=step, say=narrate
            )
        except HeldError as error:
            facts = read_facts(job.tree)
            if facts.is_frozen:
                raise HeldError(error.message, remedy=ways_out(facts)) from None
            raise


def with_interpreter(job: Job, path: Path) -> Job:
    """The job with the interpreter that was found or built for its script; None stays bscore's own."""
    if str(path) == sys.executable:
        return job
    return replace(job, config=replace(job.config, interpreter=path))
