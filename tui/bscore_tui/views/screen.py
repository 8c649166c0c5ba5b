"""A whole screen as text: head, tabs, body, strip, footer. What `--once` prints and text snapshots hold."""

from __future__ import annotations

from collections.abc import Sequence

from bscore_tui.views import head
from bscore_tui.views.layout import MIN_HEIGHT, MIN_WIDTH, block, fit
from bscore_tui.views.model import Model
from bscore_tui.views.overview import KEYS, overview
from bscore_tui.views.strip import strip
from bscore_tui.views.styles import Body, Line, Options


def assemble(
    model: Model,
    body: Body,
    top: Sequence[Line],
    keys: Sequence[tuple[str, str]],
    width: int,
    height: int,
    options: Options,
) -> list[Line]:
    """Exactly `height` lines of `width` cells; a body that is longer is cut."""
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return block([[("too small", "warn")]], width, height, options)
    below = [*strip(model, width, height, options), head.footer(keys, width, options)]
    room = height - len(top) - len(below)
    return [*(fit(line, width, options) for line in top), *block(body.lines, width, room, options), *below]


def overview_screen(model: Model, width: int, height: int, options: Options) -> list[Line]:
    """The whole Overview."""
    room = body_height(model, height, options, width)
    top = [head.head(model, width, options), head.tabs(model, "Overview", width, options)]
    return assemble(model, overview(model, width, room, options), top, KEYS, width, height, options)


def body_height(model: Model, height: int, options: Options, width: int) -> int:
    """How many rows a body has between two rows of head, the strip and the footer."""
    return max(height - 3 - len(strip(model, width, height, options)), 0)
