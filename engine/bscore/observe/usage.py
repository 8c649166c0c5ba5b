"""Resources of nodes and workers: the latest, a history, or as they were at a moment.

The end of each file comes first, because that is what is shown first; what is earlier is read backwards,
a slice at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bscore.logtree import paths
from bscore.logtree.reader import Tail
from bscore.logtree.source import Source
from bscore.observe.usage_tables import (
    MAX_SAMPLES,
    NODE_ROW,
    NodeUsage,
    ProcessUsage,
    Sample,
    fields_of,
    moment_of,
)

__all__ = ["NodeUsage", "ProcessUsage", "Sample", "UsageReader", "heartbeat_of"]

#: What is read of a file's end at first: the latest rows of all processes of a node.
_FIRST_BYTES = 8 * 1024
#: How far back heartbeats are read at most, and how much in one go.
_EARLIER_BYTES = 512 * 1024
_SLICE_BYTES = 64 * 1024
_HEAD_BYTES = 4096
_NODE_ROWS = re.compile(rb"^[^,\n]*,%b,[^\n]*$" % NODE_ROW.encode(), re.MULTILINE)


def heartbeat_of(source: Source, node: str) -> str:
    """Where the heartbeats of a node are, or will be."""
    usual, lone = paths.heartbeat(node), paths.lone_heartbeat(node)
    return lone if source.stat(usual) is None and source.stat(lone) is not None else usual


class UsageReader:
    """Follows the tables of all nodes of a tree."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.nodes: dict[str, NodeUsage] = {}
        self._tails: dict[str, Tail] = {}
        self._heads: dict[str, list[str]] = {}
        #: Where the heartbeats of each node are.
        self._beats: dict[str, str] = {}
        #: Nodes of which earlier heartbeats are not read yet: where those known begin, and where to stop.
        self._earlier: dict[str, tuple[int, int]] = {}

    def poll(self, nodes: Iterable[str]) -> bool:
        """Read what is new of these nodes; whether anything was."""
        changed = False
        for node in nodes:
            usage = self.nodes.get(node) or self.nodes.setdefault(node, NodeUsage(node))
            path = self._beats.get(node) or heartbeat_of(self._source, node)
            for lines in self._new(path, node):
                self._beats[node] = path
                changed |= usage.take_heartbeats(self._heads[path], lines)
            path = paths.node_resources(node)
            for lines in self._new(path):
                changed |= usage.take_resources(self._heads[path], lines)
        return changed

    @property
    def earlier(self) -> bool:
        """Whether there are earlier rows to be read."""
        return bool(self._earlier)

    def poll_earlier(self, budget: int) -> bool:
        """Read on backwards, about so many bytes at most; whether there is more."""
        while self._earlier and budget > 0:
            node, (end, stop) = next(iter(self._earlier.items()))
            path, usage = self._beats[node], self.nodes[node]
            start = max(stop, end - _SLICE_BYTES)
            data = self._source.read(path, start, end - start)
            begin = data.find(b"\n") + 1
            usage.take_earlier(self._heads[path], reversed(_NODE_ROWS.findall(data, begin)))
            budget -= max(len(data), 1)
            if start > stop and 0 < begin < len(data) and len(usage.samples) < MAX_SAMPLES:
                self._earlier[node] = start + begin, stop
            else:
                del self._earlier[node]
        return bool(self._earlier)

    def _new(self, path: str, node: str = "") -> Iterator[list[bytes]]:
        """What came to a file; `node`: what stands before its first piece is to be read later."""
        tail = self._tails.get(path)
        if tail is None:
            entry = self._source.stat(path)
            if entry is None:
                return
            head, start = self._head(path), max(0, entry.size - _FIRST_BYTES)
            if start:
                start += self._source.read(path, start, _HEAD_BYTES).find(b"\n") + 1
            self._heads[path] = head
            tail = self._tails[path] = Tail(self._source, path, start)
            if node and start:
                self._earlier[node] = start, max(0, start - _EARLIER_BYTES)
        while True:
            batch = tail.poll()
            if batch.lines:
                yield [line.data for line in batch.lines]
            if not batch.more:
                return

    def _head(self, path: str) -> list[str]:
        return fields_of(self._source.read(path, 0, _HEAD_BYTES).partition(b"\n")[0].removesuffix(b"\r"))

    def at(self, nodes: Iterable[str], at: int) -> dict[str, NodeUsage]:
        """These nodes as they were at a moment (microseconds UTC), with what came shortly before it."""
        found: dict[str, NodeUsage] = {}
        for node in nodes:
            usage = found[node] = NodeUsage(node)
            path = heartbeat_of(self._source, node)
            usage.take_heartbeats(self._head(path), self._before(path, at))
            path = paths.node_resources(node)
            usage.take_resources(self._head(path), self._before(path, at))
        return found

    def _before(self, path: str, at: int) -> list[bytes]:
        """The last rows of a file that are not later than a moment, found by halving."""
        entry = self._source.stat(path)
        if entry is None:
            return []
        low, high = 0, entry.size
        while high - low > _HEAD_BYTES:
            middle = (low + high) // 2
            row = self._source.read(path, middle, _HEAD_BYTES).partition(b"\n")[2]
            low, high = (middle, high) if _is_upto(row, at) else (low, middle)
        start = max(0, high - _FIRST_BYTES)
        lines = self._source.read(path, start, high - start + _HEAD_BYTES).split(b"\n")[1:-1]
        while lines and not _is_upto(lines[-1], at):
            lines.pop()
        return lines


def _is_upto(row: bytes, at: int) -> bool:
    """Whether a row is not later than a moment."""
    moment = moment_of(row.partition(b",")[0].decode("utf-8", "replace"))
    return moment is not None and moment <= at
