"""Which moments the cells of the time strip stand for; time without a master is folded to a few cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bscore_tui.views.model import TermGap

#: Cells that a folded gap puts between the cells before and behind it; they share none.
GAP_CELLS = 3
#: A gap of fewer cells than this is no trouble as it is.
_WORTH_CELLS = 6
#: More folded gaps than this share of the strip would leave no room for what happened.
_MOST_SHARE = 4


@dataclass(frozen=True, slots=True)
class Scale:
    """Cells of the strip, and the gaps between terms that are folded."""

    start: int
    end: int
    left: int
    cells: int
    gaps: tuple[TermGap, ...] = ()

    @property
    def _room(self) -> int:
        return self.cells - GAP_CELLS * len(self.gaps)

    @property
    def _worked(self) -> int:
        return max(self.end - self.start - sum(gap.until - gap.since for gap in self.gaps), 1)

    @property
    def cell_s(self) -> float:
        """Seconds that one cell stands for."""
        return self._worked / self._room / 1e6

    def column(self, at: int) -> int:
        """The cell of a moment, within the strip; of one in a folded gap a cell of the gap."""
        before, passed = at - self.start, 0
        for gap in self.gaps:
            if at <= gap.since:
                break
            before -= min(at, gap.until) - gap.since
            passed += GAP_CELLS if at >= gap.until else 1
        return max(0, min(self.cells - 1, before * self._room // self._worked + passed))

    def at(self, cell: int) -> int:
        """The moment in the middle of a cell; of a folded gap's the middle of the gap."""
        idle = passed = 0
        earliest, latest = self.start, self.end
        for gap in self.gaps:
            if cell <= self.column(gap.since):
                latest = gap.since
                break
            if cell < self.column(gap.until):
                return (gap.since + gap.until) // 2
            idle += gap.until - gap.since
            passed, earliest = passed + GAP_CELLS, gap.until
        middle = self.start + idle + (2 * (cell - passed) + 1) * self._worked // (2 * self._room)
        return max(earliest, min(middle, latest))

    def gap_cells(self) -> Iterator[int]:
        """The cells between two terms."""
        for gap in self.gaps:
            yield from range(self.column(gap.since) + 1, self.column(gap.until))


def folded(start: int, end: int, cells: int, gaps: tuple[TermGap, ...]) -> tuple[TermGap, ...]:
    """Those gaps that would take more of so many cells than they are worth."""
    inside = [gap for gap in gaps if start <= gap.since < gap.until <= end]
    inside.sort(key=lambda gap: gap.since - gap.until)
    left, found = max(end - start, 1), []
    for gap in inside[: cells // (GAP_CELLS * _MOST_SHARE)]:
        if (gap.until - gap.since) * cells < _WORTH_CELLS * left:
            break
        found.append(gap)
        left -= gap.until - gap.since
    return tuple(sorted(found, key=lambda gap: gap.since))
