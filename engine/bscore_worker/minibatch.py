"""What run() is handed."""

from __future__ import annotations

from typing import Any, Dict, List


class MiniBatch(List[str]):
    """The paths of a mini-batch; a list in every respect (reference 1.5)."""


class MiniBatchContext:
    """The second argument of run(), where it takes one (reference 1.4)."""

    def __init__(self, minibatch_index: int, dataset: Any) -> None:
        self.minibatch_index = minibatch_index
        self.dataset = dataset
        self.partition_key_value: Dict[str, Any] = {}

    def __repr__(self) -> str:
        return "MiniBatchContext(minibatch_index=%r)" % (self.minibatch_index,)
