"""Finding a job's tree by what a person types; looks at folders and nothing else."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path

from bscore.errors import NotFoundError, UsageError
from bscore.logtree.catalog import job_folder, look_for_jobs
from bscore.logtree.identity import is_job
from bscore.logtree.trees import jobs_root, newest


def all_trees(root: Path) -> list[Path]:
    """The trees in a folder, the newest first; none where it cannot be read."""
    try:
        return look_for_jobs(root).trees
    except UsageError:
        return []


def _check_folder(job: str, folder: Path, root: Path) -> None:
    """Raises NotFoundError where no job is; among the jobs one may just begin in an empty folder."""
    remedy = "Give a job's name or its directory; 'bscore job list' shows the jobs."
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        raise NotFoundError(f"There is no folder {job}.", remedy=remedy) from None
    except OSError as error:
        raise NotFoundError(f"{job} cannot be read: {error.strerror}.", remedy=remedy) from None
    begins = not names and folder.absolute().parent == root.absolute()
    if begins or is_job(folder):
        return
    around = next((parent for parent in folder.absolute().parents if is_job(parent)), None)
    if around is not None:
        remedy = f"It is part of the job in {around}."
    elif within := all_trees(folder)[:3]:
        remedy = f"It holds jobs: {', '.join(str(tree) for tree in within)}."
    raise NotFoundError(f"{job} is no job's directory.", remedy=remedy)


def find_tree(job: str, environ: Mapping[str, str]) -> Path:
    """A tree by folder, name, unique beginning of its name, or `last`.

    Raises NotFoundError with a near match, UsageError where a beginning fits several.
    """
    root = jobs_root(environ)
    as_path = Path(os.path.expanduser(job))  # noqa: PTH111  # pathlib raises for an unknown user
    if "/" in job or job in (".", ".."):
        _check_folder(job, as_path, root)
        return as_path.absolute()
    trees = look_for_jobs(root).trees
    last = newest(trees) if job == "last" else None
    if last is not None:
        return last
    if not trees and not is_job(as_path):
        remedy = "Start one with 'bscore run' or 'bscore demo', or give a job's directory."
        raise NotFoundError(f"There are no jobs yet in {root}.", remedy=remedy)
    names = {tree.name: tree for tree in trees}
    if job in names:
        return names[job]
    close = sorted(name for name in names if job and name.startswith(job))
    if len(close) == 1:
        return names[close[0]]
    if close:
        raise UsageError(
            f"'{job}' fits {len(close)} jobs: {', '.join(close[:5])}.", remedy="Give more of the name."
        )
    if is_job(as_path):
        return as_path.absolute()
    if job and os.path.lexists(root / job):
        return job_folder(root / job)
    near = difflib.get_close_matches(job, names, n=1)
    remedy = f"Did you mean '{near[0]}'?" if near else "See 'bscore job list', or give a directory."
    raise NotFoundError(f"There is no job '{job}' in {root}.", remedy=remedy)
