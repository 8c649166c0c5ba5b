"""What a job's directory says of its place and its mark. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bscore.spec.documents import flat, read_json

_MARK = re.compile(r"[0-9a-f]{0,32}")


@dataclass(frozen=True, slots=True)
class Place:
    """The path of a job's directory, and a mark that no other job has; empty for one without.

    `inode` is the directory's number in its file system: it stays when the directory is moved there, and
    a copy has another one.
    """

    tree: str
    mark: str
    inode: int = 0


def decode_place(text: str | bytes) -> Place:
    """The place that a file holds. Raises ValueError where it is damaged."""
    place = flat(Place, read_json(text))
    if not _MARK.fullmatch(place.mark):
        raise ValueError(text)
    return place
