"""Screen 3: what is late, silent or gone comes first and open; the rest folds to a row."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from bscore_tui.screens.desk import Desk
from bscore_tui.screens.outputs import LastOutputs
from bscore_tui.screens.page import Entry, Page
from bscore_tui.views.model import Model
from bscore_tui.views.node_order import Steady, node_of, worker_of
from bscore_tui.views.nodes import ORDERS, VARIANTS, blocks_of, nodes
from bscore_tui.views.styles import Body

#: Seconds of the past that resources can show; what the model keeps of most jobs is the longest.
SPANS_S = (60, 120, 300, 600)


def usual_span_s(model: Model) -> int:
    """The shortest span that goes back to the start of the job, if there is one."""
    passed_s = (model.at - (model.started or model.at)) / 1e6
    return next((known for known in SPANS_S if known >= passed_s), SPANS_S[-1])


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
        "open", ("view", "", "workers"), ("longer", "+ -", "span"), "sort", "filter", "actions",
        "freeze", "palette", "back",
    )  # fmt: skip

    def __init__(
        self, desk: Desk, subject: str = "", monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(desk, subject)
        self.steady = Steady()
        self.outputs = LastOutputs(desk)
        self.monotonic_s = monotonic_s
        #: Chosen by a person; 0: the shortest that shows all there is.
        self.span_s = 0

    def draw(self, width: int, height: int) -> Body:
        """Workers or resources, in an order that keeps still."""
        model = self.desk.model
        options = replace(self.options(), span_s=self.span_s or usual_span_s(model))
        key = (width, height, self.filter, self.sort, self.reverse, self.variant, self.toggled)
        wanted = blocks_of(model, height, options)
        blocks = self.steady.settle(wanted, model, options, key, self.monotonic_s())
        if self.variant != "resources":
            rows = [row for block in blocks for row in block.rows if row]
            model = self.outputs.add_to(model, rows if width >= 100 else filter(None, [self.chosen()]))
        return nodes(model, width, height, options, blocks)

    def chosen(self) -> str:
        """The selected worker."""
        return worker_of(self.selected)

    def entries(self) -> tuple[Entry, ...]:
        """Resources are not folded and have no logs."""
        return self._resources if self.variant == "resources" else self.footer

    def do_fold(self) -> None:
        """Fold the node of the selected row, or open it."""
        node = node_of(self.target())
        if not node:
            return
        is_open = any(block.is_open for block in self.steady.blocks if block.node == node)
        others = self.toggled - {f"open:{node}", f"fold:{node}"}
        self.toggled = others | {f"fold:{node}" if is_open else f"open:{node}"}
        self.selected = f"node:{node}"

    def do_longer(self) -> None:
        """A longer span of the resources; workers have none, there the past plays faster."""
        self._change_span(1)

    def do_shorter(self) -> None:
        """A shorter span of the resources."""
        self._change_span(-1)

    def _change_span(self, steps: int) -> None:
        if self.variant != "resources":
            self.desk.open("do:faster" if steps > 0 else "do:slower")
            return
        place = SPANS_S.index(self.span_s or usual_span_s(self.desk.model)) + steps
        self.span_s = SPANS_S[max(0, min(place, len(SPANS_S) - 1))]

    def do_open(self) -> None:
        """A worker's page; a node is folded or opened."""
        if self.target().startswith("node:") and self.variant != "resources":
            self.do_fold()
        else:
            self.desk.open(self.target() or "none:")
