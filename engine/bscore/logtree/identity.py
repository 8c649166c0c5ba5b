"""Whether a directory is a job of bscore's: only its own marks count, never names that others use as well."""

from __future__ import annotations

import os
import re

from bscore.logtree import paths
from bscore.logtree.journal import terms
from bscore.logtree.place import decode_place
from bscore.logtree.source import LocalSource, Source

_PLACE_BYTES = 64 * 1024
_JOB_FILE_BYTES = 64 * 1024
#: The first key of a job.yml that bscore wrote; the cloud's own job files have none like it.
_OWN_JOB_FILE = re.compile(rb"^bscore_job:", re.MULTILINE)


def is_job(folder: str | os.PathLike[str]) -> bool:
    """Whether a directory holds one of bscore's marks: its place, its job.yml, or a journal that it began.

    False too for one that may not be read.
    """
    source = LocalSource(folder)
    return _has_place(source) or _has_job_file(source) or any(term.term for term in terms(source))


def _has_place(source: Source) -> bool:
    try:
        decode_place(source.read(paths.PLACE, 0, _PLACE_BYTES))
    except (ValueError, TypeError, RecursionError):
        return False
    return True


def _has_job_file(source: Source) -> bool:
    logs = source.stat("logs")
    if logs is None or not logs.is_dir:
        return False
    return _OWN_JOB_FILE.search(source.read(paths.JOB_FILE, 0, _JOB_FILE_BYTES)) is not None
