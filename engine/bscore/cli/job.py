"""`bscore job`: look at jobs and act on them."""

from __future__ import annotations

from bscore.cli import LazyGroup

job = LazyGroup(
    name="job",
    commands_at={
        "list": ("bscore.cli.job_list:list_jobs", "All jobs, the newest first."),
        "show": ("bscore.cli.job_show:show", "One job: status, counts, workers, errors."),
        "stream": ("bscore.cli.job_stream:stream", "Follow a job's log to its end."),
        "cancel": ("bscore.cli.job_cancel:cancel", "End a run; what is committed is kept."),
        "resume": (
            "bscore.cli.job_resume:resume",
            "Go on with a job whose master died, or that ended early.",
        ),
        "debug": ("bscore.cli.job_debug:debug", "Score one mini-batch again, by itself."),
        "abandon": ("bscore.cli.job_abandon:abandon", "Give some or all open mini-batches up."),
        "restart-worker": (
            "bscore.cli.job_restart_worker:restart_worker",
            "End a worker; a new one follows.",
        ),
        "stack": ("bscore.cli.job_stack:stack", "Where the workers are just now, as Python stacks."),
        "delete": ("bscore.cli.job_delete:delete", "Remove a job's directory and its part files."),
    },
    help="Look at jobs and act on them. JOB is a name, a unique beginning of one, 'last', or a directory.",
)
