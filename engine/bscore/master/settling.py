"""A job that is gone on with where it stands: as it was, moved, or as a copy in place of its original."""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import sha256

from bscore.errors import in_words
from bscore.logtree import paths
from bscore.logtree.place import Place
from bscore.master.job import Job
from bscore.master.place import read_place, write_place


def settled(job: Job) -> Job:
    """The job with its place written down; nobody else may have it. Raises StorageError, TreeError.

    A directory that was copied gets a mark of its own, and the part files of the job that it was copied from
    go with it: should that one turn up again, neither touches what the other writes.
    """
    place, here, inode = read_place(job.tree), str(job.tree.resolve()), os.stat(job.tree).st_ino
    if place is not None and place.tree == here:
        return job
    mark = job.mark
    if place is not None and mark and place.inode not in (0, inode):
        # Always the same for this copy, so that whoever is killed half way finds the rest.
        mark = sha256(f"{mark} {inode} {here}".encode()).hexdigest()[: len(mark)]
    moved = replace(job, mark=mark)
    try:
        if mark != job.mark:
            _take_along(job, moved)
        write_place(job.tree, Place(here, mark, inode))
    except OSError as error:
        raise in_words(error, job.tree / paths.PLACE) from error
    return moved


def _take_along(job: Job, moved: Job) -> None:
    """Raises OSError. What was taken along before stands under its new name already."""
    kept = [(job.part(term), moved.part(term)) for term in job.claimed()]
    for old, new in [*kept, (job.aside, moved.aside)]:
        if os.path.lexists(old) and not os.path.lexists(new):
            old.rename(new)
