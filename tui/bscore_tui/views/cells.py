"""Rows that several screens share: worker cells, the errors table, labelled rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bscore_tui.views.layout import left, middle, right
from bscore_tui.views.model import ErrorRow, NodeRow, WorkerRow
from bscore_tui.views.styles import GONE_SIGN, Glyphs, Line, Options
from bscore_tui.views.words import clock, count

LABEL = 11


def labelled(label: str, line: Line, options: Options, width: int = LABEL) -> Line:
    """A dim label of the label column, and what belongs to it."""
    return [(" " + left(label, width - 1, options), "dim"), *line]


def state_text(worker: WorkerRow) -> str:
    """`busy`, `busy slow`."""
    return f"{worker.state} slow" if worker.slow else worker.state


def worker_cell(worker: WorkerRow, glyphs: Glyphs) -> tuple[str, str]:
    """One character for a worker, with its style."""
    if worker.sign:
        return worker.sign, {"!": "warn", "x": "error"}.get(worker.sign, "unknown")
    return {
        "busy": (glyphs.busy, "busy"),
        "idle": (glyphs.idle, "idle"),
        "starting": (glyphs.moving, "starting"),
        "stopping": (glyphs.moving, "starting"),
    }.get(worker.state, ("?", "unknown"))


def worker_cells(node: NodeRow, most: int, glyphs: Glyphs) -> Line:
    """One cell per worker, in their order; `x` for each that is missing, a dash once the run has ended."""
    missing = max(node.wanted - len(node.workers), 0) if not node.live or node.gone else 0
    cells = [worker_cell(worker, glyphs) for worker in node.workers]
    cells += [(GONE_SIGN, "error")] * missing
    if not cells and not node.wanted:
        return [(glyphs.dash, "text")]
    line: Line = []
    for text, style in cells[:most] if len(cells) <= most else cells[: most - 1]:
        if line and line[-1][1] == style:
            line[-1] = (line[-1][0] + text, style)
        else:
            line.append((text, style))
    if len(cells) > most:
        line.append(("+", "dim"))
    return line


def sign_style(sign: str) -> str:
    """The style of a sign."""
    return {"!": "warn", "x": "error", "?": "unknown", ">": "selected"}.get(sign, "text")


def mark(target: str, sign: str, options: Options) -> tuple[str, str]:
    """The first cell of a row: `>` where it is selected, else its sign."""
    if target and target == options.selected:
        return ">", "selected"
    return sign or " ", sign_style(sign)


def error_line(row: ErrorRow, width: int, options: Options, *, first: str = "", what: int = 0) -> Line:
    """A group of errors in one row; `what` is the width of the column that says what."""
    where = 14 if width < 100 else 16
    nodes = nodes_of(row, options) + (" node" if len(row.nodes) == 1 else " nodes")
    room = what or width - 11 - 2 - where - 2 - 9 - 2 - 9 - 4
    return [
        (first or " ", "selected" if first == ">" else "text"),
        (right(attempts_of(row, options), 6, options) + "  ", "strong"),
        (left(brief(row.what, options), room, options) + "  ", "text"),
        (left(middle(short_place(row.place), where, options), where, options) + " ", "dim"),
        (left(nodes, 9, options), "dim"),
        (right(clock(row.last_at, options), 9, options), "text"),
    ]


def attempts_of(row: ErrorRow, options: Options) -> str:
    """How many attempts failed so; a dash where it was none."""
    return count(row.count if row.counts != "item" else None, options)


def nodes_of(row: ErrorRow, options: Options) -> str:
    """On how many nodes; a dash where that is not known."""
    return count(len(row.nodes) or None, options)


_FOLDERS = re.compile(r"(?<![\w.])(?:/[^\s/:'\"]+)+(?=/[^\s/:'\"])")


def brief(text: str, options: Options) -> str:
    """The text with the folders of long paths left out: in a narrow column the rest says more."""
    return _FOLDERS.sub(options.glyphs.ellipsis, text)


def short_place(place: str) -> str:
    """`score.py:47` of `score.py:47 in price_of`; a dash where there is none."""
    return place.partition(" in ")[0] or "-"


def columns(parts: Sequence[tuple[str, int, bool]], options: Options) -> str:
    """Texts in columns of fixed widths; True for right-aligned ones."""
    return " ".join((right if is_right else left)(text, width, options) for text, width, is_right in parts)
