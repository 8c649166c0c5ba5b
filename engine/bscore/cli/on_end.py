"""`--on-end CMD`: a command of the user's for the end of a job, with the outcome in its environment."""

from __future__ import annotations

import os
import subprocess

from bscore.cli.lasting import narrate
from bscore.core.events import Outcome
from bscore.core.state import Run
from bscore.errors import BscoreError
from bscore.logtree.history import read_history
from bscore.logtree.source import LocalSource
from bscore.master.job import Job

NOT_ENDED = "NotResponding"


class OnEnd:
    """The command for the end of one term. One that was refused has none, and nobody is to be alarmed."""

    def __init__(self, command: str, job: Job) -> None:
        self._command = command
        self._job = job
        self.begun = False

    def step(self, name: str) -> None:
        """Told the steps of the term."""
        self.begun = self.begun or name == "term started"

    def run(self, exit_code: int) -> None:
        """Run it in a shell and wait; what it makes of that changes nothing about the job."""
        if self._command and self.begun:
            _run_command(self._command, self._job, exit_code)


def _run_command(command: str, job: Job, exit_code: int) -> None:
    run = _run(job)
    outcome = run.outcome.value if run and run.outcome else NOT_ENDED
    told = {
        "BSCORE_JOB": job.name,
        "BSCORE_OUTCOME": outcome,
        "BSCORE_EXIT_CODE": str(exit_code),
        "BSCORE_OUTPUT": run.output if run and run.outcome is Outcome.COMPLETED else "",
        "BSCORE_TREE": str(job.tree),
    }
    try:
        ended = subprocess.run(["/bin/sh", "-c", command], env=os.environ | told, check=False)
    except OSError as error:
        narrate(f"The command of --on-end could not be started: {error.strerror}.")
        return
    if ended.returncode:
        narrate(f"The command of --on-end ended with exit code {ended.returncode}.")


def _run(job: Job) -> Run | None:
    try:
        return read_history(LocalSource(job.tree)).run
    except BscoreError:
        return None
