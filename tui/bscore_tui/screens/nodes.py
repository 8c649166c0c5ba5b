"""Screen 3: what is late, silent or gone comes first and open; the rest folds to a row."""

from __future__ import annotations

from typing import ClassVar

from bscore_tui.screens.page import Entry, Page
from bscore_tui.views.nodes import ORDERS, VARIANTS, nodes
from bscore_tui.views.styles import Body


class Nodes(Page):
    """Workers by node, or the nodes' resources."""

    name = "nodes"
    variants = VARIANTS
    orders = ORDERS
    footer: ClassVar[tuple[Entry, ...]] = (
        "open", ("log", "", "log"), ("view", "", "resources"), "sort", "fold", "filter", "actions",
        "its_time", "freeze", "palette", "back",
    )  # fmt: skip
    _resources: ClassVar[tuple[Entry, ...]] = (
        "open", ("view", "", "workers"), "sort", "filter", "actions", "freeze", "palette", "back",
    )  # fmt: skip

    def draw(self, width: int, height: int) -> Body:
        """Workers or resources."""
        return nodes(self.desk.model, width, height, self.options())

    def entries(self) -> tuple[Entry, ...]:
        """Resources are not folded and have no logs."""
        return self._resources if self.variant == "resources" else self.footer

    def do_fold(self) -> None:
        """Fold the node of the selected row, or open it."""
        kind, _, name = self.target().partition(":")
        node = name if kind == "node" else name.rpartition("/")[0]
        if node:
            self.toggled ^= {f"node:{node}"}
            self.selected = f"node:{node}"

    def do_open(self) -> None:
        """A worker's page; a node is folded or opened."""
        if self.target().startswith("node:") and self.variant != "resources":
            self.do_fold()
        else:
            self.desk.open(self.target() or "none:")
