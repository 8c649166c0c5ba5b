"""The jobs in a folder, and what to say of a folder that is none or may not be read."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from bscore.errors import NotFoundError, UsageError, not_readable
from bscore.logtree.identity import is_job
from bscore.logtree.trees import begun


@dataclass(frozen=True, slots=True)
class Jobs:
    """The directories of all jobs, the newest first, and the entries that may not be read."""

    trees: list[Path]
    unreadable: list[Path]


def look_for_jobs(root: Path) -> Jobs:
    """Look at every entry of a folder of jobs. Raises UsageError where it cannot be read itself."""
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
    unreadable = [path for name in entries if (path := root / name) not in known and is_closed(path)]
    return Jobs(sorted(found, key=begun, reverse=True), unreadable)


def job_folder(folder: Path) -> Path:
    """The folder, where it is a job's. Raises NotFoundError where none is, UsageError for any other one."""
    if is_job(folder):
        return folder
    try:
        os.stat(folder)
    except FileNotFoundError:
        raise NotFoundError(f"There is no folder {folder}.", remedy="See 'bscore job list'.") from None
    except OSError as error:
        raise not_readable(folder, error.strerror or "it is damaged") from None
    if is_closed(folder):
        raise not_readable(folder, "Permission denied")
    raise UsageError(
        f"{folder} is no job of bscore: it holds none of the files that tell one.",
        remedy="Give a job's name or its directory; see 'bscore job list'.",
    )


def is_closed(path: Path) -> bool:
    """Whether a folder is there that this user may not look into."""
    try:
        status = os.stat(path)
    except PermissionError:
        return True
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and not os.access(path, os.R_OK | os.X_OK)
