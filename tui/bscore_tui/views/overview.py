"""The Overview in its five faces; the state of the job chooses which."""

from __future__ import annotations

from bscore_tui.views import overview_ended, overview_prepare, overview_still
from bscore_tui.views import overview_parts as parts
from bscore_tui.views.layout import beside, block
from bscore_tui.views.model import Face, Model
from bscore_tui.views.overview_nodes import nodes
from bscore_tui.views.styles import Body, Line, Options

#: On a lower screen they stand where so many rows would be empty.
_SPARE_ROWS = 3
KEYS: tuple[tuple[str, str], ...] = (
    ("enter", "open"),
    ("/", "filter"),
    ("e", "error"),
    ("a", "actions"),
    ("space", "freeze"),
    (":", "go to"),
    ("q", "quit"),
)


def overview(model: Model, width: int, height: int, options: Options) -> Body:
    """The body of the screen, without head, strip and footer; exactly `height` lines."""
    faces = {
        Face.PREPARING: overview_prepare.preparing,
        Face.STANDING: overview_still.standing,
        Face.ENDED: overview_ended.ended,
        Face.NOT_RESPONDING: overview_ended.ended,
    }
    draw = faces.get(model.face)
    page = draw(model, width, height, options) if draw else _running(model, width, height, options)
    targets = {row: target for row, target in page.targets.items() if row < height}
    return Body(block(page.lines, width, height, options), targets)


def _running(model: Model, width: int, height: int, options: Options) -> Body:
    page = parts.Page(width, options)
    page.add([])
    page.add(parts.progress(model, width, options))
    if width >= 100:
        page.add([])
    column = width if width < 112 else 80 if width < 160 else 110
    facts: list[Line] = [
        parts.batches(model, options),
        parts.items(model, options),
        *parts.ends(model, column, 1 if height < parts.TALL_ROWS else 2, options),
    ]
    facts += parts.next_lines(model, options, 1)
    if column < width:
        right = parts.speeds(model, options)
        for line in beside(facts, right, column, width, options):
            page.add(line)
    else:
        for line in facts:
            page.add(line)
    page.gap()
    model = parts.filtered(model, options)
    parts.findings(page, model, 4 if height < parts.TALL_ROWS else 6)
    parts.errors(page, model, 3 if height < parts.TALL_ROWS else 5)
    notes = min(6, len(model.notes)) if height >= parts.TALL_ROWS else 0
    rest = height - len(page.lines) - (notes + 1 if notes else 0) - 1
    nodes(page, model, max(rest, 1))
    spare = height - len(page.lines) - 2
    if notes or spare >= _SPARE_ROWS:
        page.gap()
        parts.master(page, model, max(spare, notes))
    return Body(page.lines, page.targets)
