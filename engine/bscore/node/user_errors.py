"""`logs/user/error/<node>/processNNN.txt`: whole traces of the script, for the people who wrote it."""

from __future__ import annotations

import re

from bscore.logtree import paths
from bscore.node.lines import Stamps, append, one_line

_LIKE_NEXT = re.compile(r"\n\n(?=\d{4}-\d\d-\d\dT)")


class UserErrors:
    """Writes the traces of all workers of a node; one file per worker."""

    def __init__(self, tree: str, node: str, stamps: Stamps) -> None:
        self._tree, self._node, self._stamps = tree, node, stamps

    def write(self, at: int, process: str, headline: str, trace: str) -> str:
        """Append a headline and a trace; returns where they stand (`logs/…@1234`). Raises OSError."""
        path = paths.user_error(self._node, process)
        text = f"{self._stamps.iso(at)} {one_line(headline)}\n{_shown(trace)}\n\n"
        offset = append(self._tree, path, text.encode("utf-8", "backslashreplace"))
        return f"{path}@{offset}"


def _shown(trace: str) -> str:
    """Control characters of a foreign text escaped, its lines kept."""
    text = "\n".join(
        line if line.isprintable() else _escaped(line) for line in trace.rstrip("\n").split("\n")
    )
    # An empty line and a time begin the next text.
    return _LIKE_NEXT.sub("\n\n ", text)


def _escaped(line: str) -> str:
    return "\t".join(one_line(part) for part in line.split("\t"))
