"""What can be done with a job: why it stands, what goes on with it, where its rows are or will be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from bscore.core.events import Outcome
from bscore.core.lasting_failure import fails_again
from bscore.core.state import Run
from bscore.errors import BscoreError, stranger
from bscore.logtree import paths
from bscore.logtree.lost_parts import lost_parts
from bscore.logtree.reports import START_ANEW, resume_command
from bscore.logtree.trees import in_commands
from bscore.master.job import load_job
from bscore.master.place import original_of

if TYPE_CHECKING:
    from bscore.cli.job_facts import Facts

NOT_RESPONDING = "NotResponding"
UNKNOWN = "Unknown"
#: There is a journal, and it cannot be read.
DAMAGED = "Damaged"


def obstacle(tree: Path) -> str:
    """Why nothing can go on with a job's directory; empty where something can."""
    if not (tree / paths.JOB_FILE).exists():
        return f"it has no {paths.JOB_FILE}"
    if not os.access(tree / paths.JOB_FILE, os.R_OK):
        owner = stranger(tree / paths.JOB_FILE)
        return f"it belongs to {owner}" if owner else f"its {paths.JOB_FILE} may not be read"
    try:
        original = original_of(tree)
    except BscoreError as error:
        return error.message
    try:
        elsewhere = load_job(tree).writes_elsewhere
    except BscoreError as error:
        mistakes = "; ".join(error.message.split("\n"))
        return f"its {paths.JOB_FILE} cannot be read ({mistakes})"
    return f"it is a copy of {original}, which has the same output" if original and elsewhere else ""


def reason_of(facts: Facts) -> str:
    """Why a job stands where it stands, and the ways out where nobody works on it."""
    if facts.damaged:
        return facts.problem.replace("\n", " ")
    if facts.run is None:
        return f"{facts.problem} It never began, or has just been started. {ways_out(facts)}"
    if facts.status != NOT_RESPONDING:
        return facts.run.reason + _what_else(facts.tree, facts.run)
    if facts.last_words:
        return f"Its master gave up. {facts.last_words} {ways_out(facts)}"
    return f"Its master was {facts.master_words}. {ways_out(facts)}"


def _what_else(tree: Path, run: Run) -> str:
    """What to do with an ended run where no command goes on with it; empty where one does, or need not."""
    if fails_again(run):
        return f" {START_ANEW}"
    lost = lost_rows(tree, run) if run.outcome in (Outcome.FAILED, Outcome.CANCELED) else ""
    return f" Nothing can go on with it: {lost}." if lost else ""


def lost_rows(tree: Path, run: Run) -> str:
    """Which committed rows a resume would not find; empty for none."""
    try:
        job = load_job(tree)
    except BscoreError:
        return ""
    if job.final.exists():
        return ""
    for path, _, _ in lost_parts(run, job.part):
        return f"the rows in {path} were removed or cut; put the file back, or run the job anew"
    return ""


def ways_out(facts: Facts) -> str:
    """What to do with a job that nobody works on."""
    if facts.damaged:
        return facts.problem.replace("\n", " ")
    name = in_commands(facts.tree)
    remove = f"bscore job delete {name}"
    why_not = obstacle(facts.tree) or (lost_rows(facts.tree, facts.run) if facts.run else "")
    if why_not:
        look = f"Look at it with: bscore-tui {name}" if facts.run else f"Remove it with: {remove}"
        return f"Nothing can go on with it: {why_not}. {look}"
    if facts.run is None:
        return f"Begin it with: bscore job resume {name}, or remove it with: {remove}"
    go_on = f"bscore job resume {name}"
    signals = signals_for(facts)
    return f"{signals}; then go on with: {go_on}" if signals else f"Go on with: {go_on}"


def signals_for(facts: Facts) -> str:
    """How a frozen master is woken or ended; empty where it is not frozen."""
    if facts.lease is None or not facts.is_frozen:
        return ""
    pid = facts.lease.pid
    return f"Let it go on with: kill -CONT {pid}, or end it with: kill -KILL {pid}"


def command_of(facts: Facts) -> str | None:
    """The command that goes on with a job; None where none does."""
    if facts.is_alive or facts.is_frozen or facts.damaged:
        return None
    if facts.status == Outcome.COMPLETED or obstacle(facts.tree):
        return None
    if facts.run is not None and (fails_again(facts.run) or lost_rows(facts.tree, facts.run)):
        return None
    given_up = len(facts.run.abandoned) if facts.run else 0
    return resume_command(in_commands(facts.tree), facts.status, given_up)


def output_of(facts: Facts) -> str | None:
    """Where the rows are, in the end or as far as they were kept; None for none."""
    if facts.run is not None and facts.run.outcome is not None:
        return facts.run.output or None
    try:
        job = load_job(facts.tree)
    except BscoreError:
        return None
    return str(job.final if job.config.append_row else job.config.output)
