"""Lines of a fixed width: cut and filled by terminal cells, so that wide characters move nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells, set_cell_size

from bscore_tui.views.styles import Glyphs, Line, Options

#: The smallest screen that is drawn.
MIN_WIDTH, MIN_HEIGHT = 40, 10


def crop(text: str, width: int, options: Options) -> str:
    """The text in at most `width` cells, its end marked where something is missing."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    mark = options.glyphs.ellipsis[:width]
    return set_cell_size(text, width - cell_len(mark)).rstrip() + mark


def middle(text: str, width: int, options: Options, first: float = 1 / 2) -> str:
    """The text in at most `width` cells, cut in its middle: of paths and places the end says most.

    `first`: how much of what is kept is of the beginning.
    """
    if cell_len(text) <= width:
        return text
    mark = options.glyphs.ellipsis
    room = width - cell_len(mark)
    if room < 2:
        return crop(text, width, options)
    begin = set_cell_size(text, int(room * first))
    wanted = room - cell_len(begin)
    start = len(text)
    while start > 0 and cell_len(text[start - 1 :]) <= wanted:
        start -= 1
    return begin + mark + text[start:]


def note_in(text: str, width: int, options: Options) -> str:
    """A record in words in at most `width` cells: what happened, and the place that stands at its end."""
    return middle(text, width, options, 2 / 3)


def left(text: str, width: int, options: Options) -> str:
    """The text at the left of `width` cells."""
    return set_cell_size(crop(text, width, options), width)


def right(text: str, width: int, options: Options) -> str:
    """The text at the right of `width` cells."""
    short = crop(text, width, options)
    return " " * (width - cell_len(short)) + short


def width_of(line: Line) -> int:
    """Cells of a line."""
    return sum(cell_len(text) for text, _ in line)


def fit(line: Iterable[tuple[str, str]], width: int, options: Options) -> Line:
    """The line in exactly `width` cells; where it is longer its end is marked."""
    fitted: Line = []
    room = width
    rest = [(text, style) for text, style in line if text]
    for number, (text, style) in enumerate(rest):
        size = cell_len(text)
        if size > room:
            return _marked_end(fitted, rest[number:], width, options)
        fitted.append((text, style))
        room -= size
    if room > 0:
        fitted.append((" " * room, "text"))
    return fitted


def _marked_end(fitted: Line, rest: Line, width: int, options: Options) -> Line:
    """What fits of a line that is too long, the mark in its last cells; blanks are not missed."""
    mark = options.glyphs.ellipsis[:width]
    missing = any(text.strip() for text, _ in rest)
    kept: Line = []
    room = width - (cell_len(mark) if missing else 0)
    for text, style in [*fitted, *rest]:
        part = set_cell_size(text, min(cell_len(text), room))
        kept += [(part, style)] if part else []
        room -= cell_len(part)
        if not room:
            break
    if missing:
        text, style = kept.pop() if kept else ("", "dim")
        bare = text.rstrip()
        kept.append((bare + mark + " " * (cell_len(text) - cell_len(bare)), style))
    return kept


def shortened(line: Line, width: int, options: Options) -> Line:
    """The line as it is; where it is longer than `width` cells, cut so that the last one stays free."""
    return line if width_of(line) <= width else fit(line, width - 1, options)


def ends(start: Line, end: Line, width: int, options: Options) -> Line:
    """One part at the left, one at the right of a line; the left gives way."""
    tail = width_of(end)
    if tail >= width:
        return fit(end, width, options)
    if end and width_of(start) >= width - tail:
        return [*fit(start, width - tail - 1, options), (" ", "text"), *end]
    return [*fit(start, width - tail, options), *end]


def beside(lines: Sequence[Line], more: Sequence[Line], at: int, width: int, options: Options) -> list[Line]:
    """Two columns, the second beginning at cell `at`."""
    rows: list[Line] = []
    for number in range(max(len(lines), len(more))):
        first = lines[number] if number < len(lines) else []
        second = more[number] if number < len(more) else []
        rows.append([*fit(first, at, options), *fit(second, width - at, options)])
    return rows


def block(lines: Sequence[Line], width: int, height: int, options: Options) -> list[Line]:
    """Exactly `height` lines of exactly `width` cells."""
    rows = [fit(line, width, options) for line in lines[:height]]
    return rows + [fit([], width, options) for _ in range(height - len(rows))]


def bar(counts: tuple[int, int, int] | None, cells: int, glyphs: Glyphs) -> Line:
    """A progress bar of (done, abandoned, all); None is unknown.

    Whatever is abandoned or left has a cell at least.
    """
    cells = max(cells, 0)
    done, lost, total = counts or (0, 0, 1)
    left = min(1, total - done - lost, cells)
    gone = min(max(lost * cells // total, 1), cells - left) if lost else 0
    filled = min(done * cells // total, cells - gone - left) if done + lost < total else cells - gone
    return [
        (glyphs.full * filled, "bar"),
        ("x" * gone, "bar_lost"),
        (glyphs.empty * (cells - filled - gone), "bar_empty"),
    ]


def spark(values: Sequence[float | None], cells: int, most: float, glyphs: Glyphs) -> str:
    """The last `cells` values as blocks from 0 to `most`; unknown ones stay open."""
    top = len(glyphs.levels) - 1
    text = "".join(
        " " if value is None else glyphs.levels[max(1, min(top, round(value * top / most)))]
        if most > 0
        else glyphs.levels[1]
        for value in values[-cells:]
    )  # fmt: skip
    return " " * (cells - len(text)) + text


def wrap(text: str, width: int, most: int, options: Options, *, ends: bool = False) -> list[str]:
    """The text in lines of at most `width` cells, broken at blanks where there are some; at most `most`.

    `ends`: of what does not fit the end is kept, and not the beginning alone.
    """
    rows: list[str] = []
    row = ""
    for word in text.split(" "):
        candidate = f"{row} {word}" if row else word
        if cell_len(candidate) <= width:
            row = candidate
            continue
        if row:
            rows.append(row)
        pieces = chop_cells(word, max(width, 1)) or [""]
        rows += pieces[:-1]
        row = pieces[-1]
    rows.append(row)
    if len(rows) > most:
        begin = 0
        for row in rows[: most - 1]:
            begin = text.index(row, begin) + len(row)
        rest = text[begin:].lstrip(" ")
        rows = [*rows[: most - 1], middle(rest, width, options) if ends else crop(rest, width, options)]
    return rows
