"""The warnings of one node: what its workers counted and what its own logs say, merged into a few events.

Each group is reported at its first warning, whenever its number has doubled since, and when a worker ends; so
a job that warns a million times costs the journal some twenty records per group and node. When the node
itself is lost, at most half of the number is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bscore.core.events import WarningsSeen
from bscore.core.groups import MAX_WARNING_GROUPS
from bscore.node.clock import Clock
from bscore_worker.shapes import MAX_SHAPES_OF_PLACE, OTHER_MESSAGE, OTHER_SHAPE, message_shape

_Key = tuple[str, str, str, str]
_OTHER: _Key = ("other", "", "", "")


class _Group:
    """What a group has to say that was not reported yet."""

    __slots__ = ("count", "first_at", "last_at", "message", "mini_batch", "reported", "worker")

    def __init__(self, worker: str, message: str, mini_batch: int) -> None:
        self.worker, self.message, self.mini_batch = worker, message, mini_batch
        self.count = self.reported = self.first_at = self.last_at = 0


class NodeWarnings:
    """Counts; `report` takes the events."""

    def __init__(self, node: str, clock: Clock, report: Callable[[WarningsSeen], None]) -> None:
        self._node, self._clock, self._report = node, clock, report
        self._groups: dict[_Key, _Group] = {}

    def count(self, worker: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take what a worker counted. Raises ValueError or TypeError where it is not of that form."""
        for row in rows:
            source, category, shape, place, message, mini_batch, count, first_ns, last_ns = row
            if not all(type(part) is str for part in row[:5]) or count <= 0:
                raise ValueError(f"no warnings: {row!r:.200}")
            key = (source, category, shape, place)
            self._add(
                key, worker, message, mini_batch, count, self._clock.at(first_ns), self._clock.at(last_ns)
            )

    def own(self, log: str, text: str) -> None:
        """Take a WARNING line of one of the node's own logs."""
        at = self._clock.now()
        self._add(("agent", log, message_shape(text), ""), f"{self._node}/{log}", text, -1, 1, at, at)

    def flush(self) -> None:
        """Report everything that was not."""
        for key, group in self._groups.items():
            if group.count:
                self._tell(key, group)

    def _add(
        self, key: _Key, worker: str, message: str, mini_batch: int, count: int, first_at: int, last_at: int
    ) -> None:
        source, category, _, place = key
        if key not in self._groups and place and self._shapes(source, category, place) >= MAX_SHAPES_OF_PLACE:
            key, message = (source, category, OTHER_SHAPE, place), OTHER_MESSAGE
        if key not in self._groups and len(self._groups) >= MAX_WARNING_GROUPS:
            key, message, mini_batch = _OTHER, "", -1
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(worker, message, mini_batch)
        if group.count:
            first_at, last_at = min(group.first_at, first_at), max(group.last_at, last_at)
        group.first_at, group.last_at = first_at, last_at
        group.count += count
        if group.count >= group.reported:
            self._tell(key, group)

    def _shapes(self, source: str, category: str, place: str) -> int:
        """How many shapes of messages one place has."""
        return sum(key[0] == source and key[1] == category and key[3] == place for key in self._groups)

    def _tell(self, key: _Key, group: _Group) -> None:
        source, category, shape, place = key
        self._report(
            WarningsSeen(
                self._clock.now(), group.worker, source, category, shape, place, group.message,
                group.mini_batch, group.count, group.first_at, group.last_at,
            )
        )  # fmt: skip
        group.reported += group.count
        group.count = 0
