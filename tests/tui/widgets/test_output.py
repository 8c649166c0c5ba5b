"""What the diff layer sends leaves the same screen as painting everything."""

import io
import random

import pyte
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from bscore_tui.output import Mirror

WIDTH, HEIGHT = 40, 8
STYLES = [Style.parse(text) for text in ("none", "bold", "red", "white on blue", "reverse")]
# No combining marks: pyte wraps the line before one in the last column, which terminals do not.
WORDS = ["a", "running 12", "  ", "█░▒", "日本語", "é", "0.9 ms", "🚀x", "┃·"]


class Twin:
    """A terminal painted whole beside one that gets only the changes."""

    def __init__(self) -> None:
        self.console = Console(
            file=io.StringIO(), force_terminal=True, color_system="truecolor", width=WIDTH, height=HEIGHT
        )
        self.mirror = Mirror()
        self.whole, self.changed = (pyte.Screen(WIDTH, HEIGHT) for _ in range(2))
        self.streams = pyte.Stream(self.whole), pyte.Stream(self.changed)
        self.sent = [0, 0]

    def show(self, update: LayoutUpdate | ChopsUpdate) -> None:
        changes = self.mirror.changes(update, self.console)
        assert changes is not None
        for number, sequence in enumerate((update.render_segments(self.console), changes)):
            self.streams[number].feed(sequence.replace("\n", "\r\n"))
            self.sent[number] += len(sequence)

    def same(self) -> bool:
        return all(
            self.whole.buffer[y][x] == self.changed.buffer[y][x] for y in range(HEIGHT) for x in range(WIDTH)
        )


def _strip(draw: random.Random, width: int) -> Strip:
    segments = [Segment(draw.choice(WORDS), draw.choice(STYLES)) for _ in range(draw.randint(1, 6))]
    return Strip(segments).adjust_cell_length(width, STYLES[0])


def _layout(draw: random.Random) -> LayoutUpdate:
    return LayoutUpdate([[_strip(draw, WIDTH)] for _ in range(HEIGHT)], Region(0, 0, WIDTH, HEIGHT))


def _chops(draw: random.Random) -> ChopsUpdate:
    cut = draw.randint(5, WIDTH - 5)
    rows = sorted(draw.sample(range(HEIGHT), draw.randint(1, HEIGHT)))
    chops: list[dict[int, Strip | None]] = [{0: None, cut: None} for _ in range(HEIGHT)]
    for row in rows:
        chops[row] = {0: _strip(draw, cut), cut: _strip(draw, WIDTH - cut)}
    return ChopsUpdate(chops, [(row, 0, WIDTH) for row in rows], [[cut, WIDTH]] * HEIGHT)


@pytest.mark.parametrize("seed", range(25))
def test_any_sequence_of_updates_leaves_the_same_screen(seed: int) -> None:
    draw = random.Random(seed)
    twin = Twin()
    twin.show(_layout(draw))
    for _ in range(25):
        twin.show(draw.choice([_layout, _chops])(draw))
        assert twin.same()


def test_what_is_shown_already_is_not_sent() -> None:
    draw = random.Random(1)
    twin = Twin()
    update = _layout(draw)
    twin.show(update)
    again = LayoutUpdate([[Strip(list(strip)) for strip in line] for line in update.strips], update.region)
    assert twin.mirror.changes(again, twin.console) == ""


def test_a_changed_digit_costs_a_few_bytes() -> None:
    twin = Twin()

    def rows(text: str) -> LayoutUpdate:
        lines = [[Strip([Segment(text.ljust(WIDTH), STYLES[2])])] for _ in range(HEIGHT)]
        return LayoutUpdate(lines, Region(0, 0, WIDTH, HEIGHT))

    twin.show(rows("batches 6,211 done"))
    twin.sent[:] = [0, 0]
    twin.show(rows("batches 6,212 done"))
    assert twin.same()
    assert twin.sent[1] < HEIGHT * 24 < twin.sent[0]


def test_after_forgetting_everything_is_sent() -> None:
    draw = random.Random(2)
    twin = Twin()
    update = _layout(draw)
    twin.show(update)
    twin.mirror.forget()
    twin.changed.reset()
    twin.show(update)
    assert twin.same()
