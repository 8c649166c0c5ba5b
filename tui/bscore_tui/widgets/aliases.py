"""Names of nodes instead of their addresses, in the width of the address, so that no column moves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rich.cells import cell_len, set_cell_size

from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Line


class Aliases:
    """Rewrites lines; a name longer than its address is cut."""

    def __init__(self, names: Mapping[str, str], mark: str = "…") -> None:
        self._names = {
            node: _fitted(safe_text(name, 100), cell_len(node), mark) for node, name in names.items()
        }
        words = "|".join(re.escape(node) for node in sorted(names, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![\w.])(?:{words})(?![\w]|\.\w)") if names else None

    def apply(self, lines: Sequence[Line]) -> Sequence[Line]:
        """The lines with names; the same object where there are none."""
        if self._pattern is None:
            return lines
        return [[(self._pattern.sub(self._name, text), style) for text, style in line] for line in lines]

    def _name(self, match: re.Match[str]) -> str:
        return self._names[match[0]]


def _fitted(name: str, width: int, mark: str) -> str:
    if cell_len(name) <= width:
        return set_cell_size(name, width)
    return set_cell_size(name, max(0, width - cell_len(mark))) + mark[:width]
