"""What this machine lets a process do, looked at before a job is made: it would break in the middle."""

from __future__ import annotations

import resource

from bscore.errors import UsageError

#: Descriptors of the master, its files and what it starts for moments; and of each worker.
_MASTER, _WORKER = 32, 6


def check_descriptors(workers: int) -> None:
    """Raise UsageError where a process may not open so many files as a job with so many workers needs."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _MASTER + _WORKER * workers
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise UsageError(
            f"A process may open {hard} files here (ulimit -n); a job with {workers} "
            f"{'worker' if workers == 1 else 'workers'} needs {needed}.",
            remedy="Raise the limit, or give fewer --workers.",
        )
