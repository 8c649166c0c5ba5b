"""How a run ended: its exit code, and what is printed for a tired person."""

from __future__ import annotations

from bscore.cli.lasting import narrate
from bscore.core.events import Outcome
from bscore.logtree import paths
from bscore.master.job import Job
from bscore.spec.regular import read_regular

EXIT_CODES = {Outcome.COMPLETED: 0, Outcome.FAILED: 1, Outcome.CANCELED: 3}
EXIT_NOT_RESPONDING = 4
#: No report is that long.
MAX_REPORT_BYTES = 1 << 20


def exit_code(outcome: Outcome) -> int:
    """The exit code of the command that ran or followed the job."""
    return EXIT_CODES[outcome]


def print_summary(job: Job) -> None:
    """Print what job_result.txt says, on stderr; nothing where there is none."""
    try:
        text = read_regular(job.tree / paths.JOB_RESULT, MAX_REPORT_BYTES).decode("utf-8", "replace")
    except OSError:
        return
    narrate(text.rstrip("\n"))
