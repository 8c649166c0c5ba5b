"""What the peers run: in a module of its own, so that pickling names it and does not copy it."""

from __future__ import annotations

from time import monotonic, process_time

Answer = list[str]


def no_op(mini_batch: list[str]) -> Answer:
    return mini_batch


class Busy:
    """Burns processor time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self, mini_batch: list[str]) -> Answer:
        begin, cpu = monotonic(), process_time()
        until = cpu + self.seconds
        while process_time() < until:
            pass
        return [f"{begin!r} {monotonic()!r} {process_time() - cpu!r}"]
