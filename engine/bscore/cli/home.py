"""Where jobs live, how a job is named and how it is found again."""

from __future__ import annotations

import difflib
import os
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

from bscore.errors import NotFoundError, UsageError
from bscore.logtree import trees
from bscore.logtree.catalog import job_folder, look_for_jobs
from bscore.logtree.identity import is_job

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def bscore_home() -> Path:
    """$BSCORE_HOME, or ~/.bscore."""
    return jobs_root().parent


def jobs_root() -> Path:
    """The folder of all jobs."""
    return trees.jobs_root(os.environ)


def check_name(name: str) -> str:
    """The name itself. Raises UsageError for one that is no plain file name."""
    if not _NAME.fullmatch(name) or name == "last":
        raise UsageError(
            f"{name!r} cannot be the name of a job.",
            remedy="Give letters, digits, '.', '_' and '-', beginning with a letter or digit, 100 at most.",
        )
    return name


def free_name(root: Path, stem: str, now: datetime | None = None) -> str:
    """A short name that is not taken: `score-0412-0200`, from a script's stem and the local time."""
    moment = now or datetime.now(UTC).astimezone()
    word = re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-").lower()[:24] or "job"
    base = f"{word}-{moment:%m%d-%H%M}"
    name, number = base, 1
    while os.path.lexists(root / name):
        number += 1
        name = f"{base}-{number}"
    return name


def all_jobs(root: Path | None = None) -> list[Path]:
    """The directories of all jobs, the newest first. Raises UsageError as `look_for_jobs` does."""
    return look_for_jobs(root or jobs_root()).trees


def find_job(job: str) -> Path:
    """A job's directory: by path, name, unique beginning of its name, or `last`.

    Raises NotFoundError with a near match, UsageError when a beginning fits several, or for a directory that
    is no job's or may not be read.
    """
    as_path = Path(os.path.expanduser(job))  # noqa: PTH111  # pathlib raises for an unknown user
    if "/" in job or job in (".", ".."):
        return job_folder(as_path.absolute())
    jobs = all_jobs()
    last = trees.newest(jobs) if job == "last" else None
    if last is not None:
        return last
    names = {tree.name: tree for tree in jobs}
    if job in names:
        return names[job]
    close = [name for name in names if job and name.startswith(job)]
    if len(close) == 1:
        return names[close[0]]
    if close:
        shown = ", ".join(sorted(close)[:5])
        raise UsageError(f"'{job}' fits {len(close)} jobs: {shown}.", remedy="Give more of the name.")
    if job and os.path.lexists(jobs_root() / job):
        return job_folder(jobs_root() / job)
    near = difflib.get_close_matches(job, names, n=1)
    if is_job(as_path):
        remedy = f"A job's directory of this name is here: give it as {shlex.quote(f'./{job}')}."
    else:
        remedy = f"Did you mean '{near[0]}'?" if near else "See 'bscore job list'."
    raise NotFoundError(f"There is no job '{job}' in {jobs_root()}.", remedy=remedy)
