"""Removing a job's directory: what bscore made and nothing else, and what makes it a job at last."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from bscore.errors import UsageError, stranger
from bscore.logtree import paths
from bscore.logtree.inventory import is_own_file, is_own_folder

_SHOWN = 5


@dataclass(slots=True)
class Contents:
    """What stands in a job's directory, the innermost first; links are files, wherever they lead."""

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    #: Folders that belong to the job with all that they hold.
    whole: list[Path] = field(default_factory=list)
    #: What bscore did not make: files, and folders with all that they hold.
    foreign: list[Path] = field(default_factory=list)
    #: Folders of bscore's that somebody replaced by links: these are removed, and not what they lead to.
    links: list[Path] = field(default_factory=list)


def contents(tree: Path, output: Path, own: Collection[Path] = ()) -> Contents:
    """Look at everything in a job's directory.

    `own` are files and folders that the job left in the folder `output`, which may lie in the directory.
    """
    found = Contents()
    _look(tree, "", output, frozenset(own), found)
    return found


def _look(folder: Path, name: str, output: Path, own: Collection[Path], found: Contents) -> None:
    prefix = f"{name}/" if name else ""
    with os.scandir(folder) as entries:
        listed = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    for entry, is_folder in listed:
        path, within = folder / entry, prefix + entry
        own_folder = is_own_folder(within) or output.is_relative_to(path)
        if path in own:
            (found.whole if is_folder else found.files).append(path)
        elif is_folder and own_folder:
            _look(path, within, output, own, found)
            found.folders.append(path)
        elif not is_folder and (own_folder or is_own_file(within)):
            found.files.append(path)
            found.links += [path] * (path.is_symlink() and not is_own_file(within))
        else:
            found.foreign.append(path)


def named(tree: Path, foreign: list[Path]) -> str:
    """The first of some paths, relative to the job's directory."""
    first = ", ".join(f"{path.relative_to(tree)}" for path in foreign[:_SHOWN])
    more = len(foreign) - _SHOWN
    return f"{first} and {more} more" if more > 0 else first


def refuse_closed(tree: Path, found: Contents) -> None:
    """Raise UsageError, before anything is removed, where this user may not remove it all."""
    within = [Path(folder) for whole in found.whole for folder, _, _ in os.walk(whole)]
    folders = {path.parent for path in (*found.files, *found.folders)}.union({tree.parent}, within)
    closed = min((folder for folder in folders if not os.access(folder, os.W_OK | os.X_OK)), default=None)
    if closed is None:
        return
    owner = stranger(closed)
    if owner:
        raise UsageError(
            f"Job {tree.name} cannot be removed: {closed} belongs to {owner}.",
            remedy=f"Ask {owner} to remove it.",
        )
    if os.statvfs(closed).f_flag & os.ST_RDONLY:
        raise UsageError(
            f"Job {tree.name} cannot be removed: the file system of {closed} is read-only.",
            remedy="Mount it writable, then ask again.",
        )
    chmod = "chmod -R u+w" if closed.is_relative_to(tree) else "chmod u+w"
    raise UsageError(
        f"Job {tree.name} cannot be removed: {closed} is not writable. Nothing was removed.",
        remedy=f"Make it writable, as with: {chmod} {shlex.quote(str(closed))}; then ask again.",
    )


def remove_contents(tree: Path, found: Contents, kept: Path | None) -> None:
    """Remove what bscore made but for `kept`, and the directory where nothing is left. Raises OSError."""
    # What makes it a job goes last: a removal that was interrupted can be repeated.
    for path in sorted({*found.files, *found.whole} - {kept}, key=_last):
        remove(path)
    for path in found.folders:
        if not os.listdir(path):
            path.rmdir()
    if not os.listdir(tree):
        tree.rmdir()


_MARKS = ("/logs/sys/master_role", f"/{paths.PLACE}", f"/{paths.JOB_FILE}")


def _last(path: Path) -> int:
    return next((number for number, mark in enumerate(_MARKS) if mark in str(path)), -1)


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that it holds. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
