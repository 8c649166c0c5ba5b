"""Sets of mini-batch ids as sorted, disjoint ranges: memory follows the gaps, not the count."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """A set of non-negative integers, stored as sorted half-open ranges [start, stop).

    Adding next to an existing range is O(log n) in the number of ranges.
    """

    __slots__ = ("_count", "_starts", "_stops")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []
        self._count = 0
        for start, stop in ranges:
            self.add_range(start, stop)

    def __len__(self) -> int:
        return self._count

    def __bool__(self) -> bool:
        return self._count > 0

    def __contains__(self, value: int) -> bool:
        index = bisect_right(self._starts, value) - 1
        return index >= 0 and value < self._stops[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ranges):
            return NotImplemented
        return self._starts == other._starts and self._stops == other._stops

    __hash__ = None  # type: ignore[assignment]  # a mutable set, as with the built-in one

    def __repr__(self) -> str:
        return f"Ranges({self.pairs()!r})"

    def __iter__(self) -> Iterator[int]:
        for start, stop in zip(self._starts, self._stops, strict=True):
            yield from range(start, stop)

    def pairs(self) -> list[tuple[int, int]]:
        """The ranges as (start, stop) pairs, in order."""
        return list(zip(self._starts, self._stops, strict=True))

    def add(self, value: int) -> bool:
        """Add one id; say whether it was new."""
        starts, stops = self._starts, self._stops
        index = bisect_right(starts, value) - 1
        if index >= 0:
            stop = stops[index]
            if value < stop:
                return False
            if value == stop:
                self._count += 1
                if index + 1 < len(starts) and starts[index + 1] == value + 1:
                    stops[index] = stops.pop(index + 1)
                    starts.pop(index + 1)
                else:
                    stops[index] = value + 1
                return True
        self._count += 1
        following = index + 1
        if following < len(starts) and starts[following] == value + 1:
            starts[following] = value
        else:
            starts.insert(following, value)
            stops.insert(following, value + 1)
        return True

    def add_range(self, start: int, stop: int) -> None:
        """Add every id in [start, stop)."""
        if stop <= start:
            return
        low = bisect_right(self._starts, start) - 1
        if low < 0 or self._stops[low] < start:
            low += 1
        high = bisect_right(self._starts, stop)
        if low < high:
            start = min(start, self._starts[low])
            stop = max(stop, self._stops[high - 1])
        removed = sum(self._stops[i] - self._starts[i] for i in range(low, high))
        self._starts[low:high] = [start]
        self._stops[low:high] = [stop]
        self._count += stop - start - removed

    def remove(self, value: int) -> bool:
        """Remove one id; say whether it was there."""
        index = bisect_right(self._starts, value) - 1
        if index < 0 or value >= self._stops[index]:
            return False
        start, stop = self._starts[index], self._stops[index]
        pieces = [(a, b) for a, b in ((start, value), (value + 1, stop)) if a < b]
        self._starts[index : index + 1] = [a for a, _ in pieces]
        self._stops[index : index + 1] = [b for _, b in pieces]
        self._count -= 1
        return True


def as_pairs(values: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Group ids, in the order given, into (first, count) pairs of consecutive ones."""
    pairs: list[tuple[int, int]] = []
    first = count = 0
    for value in values:
        if count and value == first + count:
            count += 1
            continue
        if count:
            pairs.append((first, count))
        first, count = value, 1
    if count:
        pairs.append((first, count))
    return tuple(pairs)


def from_pairs(pairs: Iterable[tuple[int, int]]) -> Iterator[int]:
    """The ids that `as_pairs` grouped, in the same order."""
    for first, count in pairs:
        yield from range(first, first + count)
