"""The last lines that workers printed: read in a thread for those on the screen, while the job is live."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from bscore.logtree.source import Source
from bscore_tui.reading.stories import last_output
from bscore_tui.screens.desk import Desk
from bscore_tui.views.model import Mode, Model

#: They are read again at most so often, and of so many workers.
AGAIN_S = 2.0
MOST = 60
Outputs = Mapping[str, tuple[str, int | None]]


class LastOutputs:
    """What a page knows of the last outputs; none is known of the past."""

    def __init__(self, desk: Desk, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._monotonic_s = monotonic_s
        self._known: Outputs = {}
        self._asked: tuple[str, ...] = ()
        self._asked_s = float("-inf")
        self._busy = False

    def add_to(self, model: Model, workers: Iterable[str]) -> Model:
        """The model with the last outputs of these workers, as far as they are known; asks for new ones."""
        if model.mode not in (Mode.LIVE, Mode.SILENT):
            return model
        self._ask(tuple(workers)[:MOST])
        return with_outputs(model, self._known) if self._known else model

    def _ask(self, workers: tuple[str, ...]) -> None:
        now_s = self._monotonic_s()
        if self._busy or not workers or (workers == self._asked and now_s - self._asked_s < AGAIN_S):
            return
        self._asked, self._asked_s, self._busy = workers, now_s, True
        self._desk.fetch(partial(read_outputs, self._desk.feed.source, workers), self._take)

    def _take(self, outputs: Outputs | None) -> None:
        self._busy = False
        self._known = outputs or {}


def read_outputs(source: Source, workers: Iterable[str]) -> Outputs:
    """(line, when it was written) of those workers that printed anything."""
    found = {worker: last_output(source, worker) for worker in workers}
    return {worker: output for worker, output in found.items() if output is not None}


def with_outputs(model: Model, outputs: Outputs) -> Model:
    """The model with these last outputs."""
    nodes = tuple(
        replace(
            node,
            workers=tuple(
                replace(worker, last_output=outputs[worker.id][0], last_output_at=outputs[worker.id][1])
                if worker.id in outputs
                else worker
                for worker in node.workers
            ),
        )
        if any(worker.id in outputs for worker in node.workers)
        else node
        for node in model.nodes
    )
    return replace(model, nodes=nodes)
