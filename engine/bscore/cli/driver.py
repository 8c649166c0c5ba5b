"""The driver of a detached job: one term, no terminal. Started by `detached`, which hears why none began.

Its stderr is the driver log; its stdout leads to whoever started it and gets the reason, where there is one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from bscore.cli.lasting import narrate
from bscore.cli.on_end import OnEnd
from bscore.cli.outcome import exit_code
from bscore.cli.term import run_term
from bscore.errors import BscoreError
from bscore.master.job import load_job

#: What a pipe takes without a reader.
_REASON_BYTES = 32 * 1024


@click.command()
@click.argument("tree", type=click.Path(path_type=Path))
@click.option("--on-end", default="")
@click.option("--take-over", is_flag=True)
@click.option("--retry-failed", is_flag=True)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def main(tree: Path, on_end: str, command: tuple[str, ...], *, take_over: bool, retry_failed: bool) -> None:
    """Run a job's next term; the exit code says how it ended. `command` is what the user typed."""
    # The driver log says what was asked for, not how the driver was started.
    sys.argv = list(command) or sys.argv
    job = load_job(tree, checked=False)
    ear = _take_stdout()
    end = OnEnd(on_end, job)
    try:
        ended = run_term(job, take_over=take_over, retry_failed=retry_failed, step=end.step)
        code = exit_code(ended.outcome)
    except BscoreError as error:
        # Once the term has begun, the driver log has it. Whoever left in the belief that it would is to hear.
        end.begun = end.begun or not _tell(ear, str(error))
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    end.run(code)
    sys.exit(code)


def _take_stdout() -> int:
    """The pipe to whoever started this; what is printed from now on goes to the driver log as well."""
    ear = os.dup(1)
    os.dup2(2, 1)
    return ear


def _tell(ear: int, reason: str) -> bool:
    """Tell why no term began; where nobody listens any more it goes to the driver log: False."""
    try:
        os.write(ear, reason.encode("utf-8", "backslashreplace")[:_REASON_BYTES])
    except OSError:
        narrate(f"Error: {reason}")
        return False
    return True


if __name__ == "__main__":
    main()
