"""The part files that keep the rows of a run without an output, as one text of the journal and back. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def join_kept(parts: Sequence[str]) -> str:
    """A single path as it is; several as a shell would need them, so that blanks part nothing else."""
    return parts[0] if len(parts) == 1 else shlex.join(parts)


def split_kept(text: str) -> list[str]:
    """The paths that `join_kept` joined; what cannot be told apart stays one."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    several = len(words) > 1 and all(word.startswith("/") and word.endswith(".part") for word in words)
    return words if several else [text]
