"""Where jobs live, how a job is named and how it is found again."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bscore.errors import NotFoundError, UsageError
from bscore.logtree import trees
from bscore.logtree.identity import is_job
from bscore.logtree.owners import not_readable

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


@dataclass(frozen=True, slots=True)
class Jobs:
    """The directories of all jobs, the newest first, and the entries that may not be read."""

    trees: list[Path]
    unreadable: list[Path]


def look_for_jobs(root: Path | None = None) -> Jobs:
    """Look at every entry of the jobs root. Raises UsageError where the root itself cannot be read."""
    root = root or jobs_root()
    try:
        entries = sorted(name for name in os.listdir(root) if not name.startswith("."))
    except FileNotFoundError:
        return Jobs([], [])
    except NotADirectoryError:
        raise UsageError(
            f"{root} is no folder, so no job can be there.",
            remedy="Move it away, or set BSCORE_HOME to another folder.",
        ) from None
    except OSError as error:
        raise not_readable(root, error.strerror or "it is damaged") from None
    found = [tree for name in entries if is_job(tree := root / name)]
    known = set(found)
    unreadable = [path for name in entries if (path := root / name) not in known and _is_closed(path)]
    return Jobs(sorted(found, key=trees.begun, reverse=True), unreadable)


def _is_closed(path: Path) -> bool:
    """Whether a folder is there that this user may not look into."""
    try:
        status = os.stat(path)
    except PermissionError:
        return True
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and not os.access(path, os.R_OK | os.X_OK)


def all_jobs(root: Path | None = None) -> list[Path]:
    """The directories of all jobs, the newest first. Raises UsageError as `look_for_jobs` does."""
    return look_for_jobs(root).trees


def find_job(job: str) -> Path:
    """A job's directory: by path, name, unique beginning of its name, or `last`.

    Raises NotFoundError with a near match, UsageError when a beginning fits several, or for a directory that
    is no job's or may not be read.
    """
    as_path = Path(os.path.expanduser(job))  # noqa: PTH111  # pathlib raises for an unknown user
    if "/" in job or job in (".", ".."):
        return _checked(as_path.absolute())
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
        return _checked(jobs_root() / job)
    near = difflib.get_close_matches(job, names, n=1)
    if is_job(as_path):
        remedy = f"A job's directory of this name is here: give it as {shlex.quote(f'./{job}')}."
    else:
        remedy = f"Did you mean '{near[0]}'?" if near else "See 'bscore job list'."
    raise NotFoundError(f"There is no job '{job}' in {jobs_root()}.", remedy=remedy)


def _checked(folder: Path) -> Path:
    """The folder, where it is a job's. Raises UsageError otherwise."""
    if is_job(folder):
        return folder
    try:
        os.stat(folder)
    except FileNotFoundError:
        raise NotFoundError(f"There is no folder {folder}.", remedy="See 'bscore job list'.") from None
    except OSError as error:
        raise not_readable(folder, error.strerror or "it is damaged") from None
    if _is_closed(folder):
        raise not_readable(folder, "Permission denied")
    raise UsageError(
        f"{folder} is no job of bscore: it holds none of the files that tell one.",
        remedy="Give a job's name or its directory; see 'bscore job list'.",
    )
