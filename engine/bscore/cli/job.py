"""`bscore job`: look at jobs and act on them."""

from __future__ import annotations

from bscore.cli import LazyGroup

job = LazyGroup(
    name="job",
    commands_at={
        "list": ("bscore.cli.job_list:list_jobs", "All jobs, the newest first."),
        "show": ("bscore.cli.job_show:show", "One job: status, counts, workers, errors."),
        "resume": (
            "bscore.cli.job_resume:resume",
            "Go on with a job whose master died, or that ended early.",
        ),
    },
    help="Look at jobs and act on them. JOB is a name, a unique beginning of one, 'last', or a directory.",
)
