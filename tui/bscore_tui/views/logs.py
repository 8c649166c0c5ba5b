"""Logs: the master's journal in words, and the files of the tree."""

from __future__ import annotations

from collections.abc import Sequence

from bscore_tui.views.batches import matches
from bscore_tui.views.cells import mark
from bscore_tui.views.layout import crop, ends, left, middle, note_in, right
from bscore_tui.views.model import Model, Note
from bscore_tui.views.pages import FileRow
from bscore_tui.views.styles import Body, Line, Options
from bscore_tui.views.words import clock, count

VARIANTS = ("notable", "every mini-batch", "everything")


def notes(
    _model: Model,
    rows: Sequence[Note],
    width: int,
    _height: int,
    options: Options,
    *,
    total: int | None = None,
    records: int | None = None,
    follow: bool = False,
) -> Body:
    """Records in words, oldest first. `total` of a level out of `records`; `follow`: at the end."""
    variant = options.variant or VARIANTS[0]
    shown = variant if total is None else f"{count(total, options)} {variant}"
    facts = f" master   {shown} of {count(records, options)} records"
    facts += ", v more   f other file"
    lines: list[Line] = [
        ends([(facts, "dim")], [("FOLLOW " if follow else "", "accent")], width, options),
        [],
    ]
    targets: dict[int, str] = {}
    for note in rows:
        if not matches(note.text, options.filter):
            continue
        target = f"log:{note.path}@{note.offset}"
        targets[len(lines)] = target
        sign, style = mark(target, "", options)
        level = {"E": "error", "W": "warn"}.get(note.level, "text")
        head: Line = [(sign, style), (clock(note.at, options) + " ", "dim"), (f"{note.level or ' '} ", level)]
        lines.append([*head, *_marked(_cut(note.text, width - 12, options), options.filter)])
    if len(lines) == 2:
        lines.append(
            [("   nothing that holds the filter" if options.filter else "   no record so far", "dim")]
        )
    return Body(lines, targets, 2)


def _cut(text: str, width: int, options: Options) -> str:
    """The text in its width, with what the filter found in it."""
    short, word = note_in(text, width, options), options.filter.casefold()
    at = text.casefold().find(word)
    if not word or at < 0 or word in short.casefold():
        return short
    start = crop(text, width, options)
    return start if word in start.casefold() else crop(options.glyphs.ellipsis + text[at:], width, options)


def _marked(text: str, wanted: str, style: str = "text") -> Line:
    """The text with what the filter found marked."""
    if not wanted or wanted.startswith("!"):
        return [(text, style)]
    line: Line = []
    folded, needle = text.casefold(), wanted.casefold()
    if len(folded) != len(text):
        return [(text, style)]
    position = 0
    while (hit := folded.find(needle, position)) >= 0:
        line += [(text[position:hit], style), (text[hit : hit + len(needle)], "match")]
        position = hit + len(needle)
    return [*line, (text[position:], style)]


def files(rows: Sequence[FileRow], width: int, _height: int, options: Options) -> Body:
    """The files of the tree with their sizes."""
    lines: list[Line] = [[(" files", "dim"), ("   enter opens", "dim")]]
    targets: dict[int, str] = {}
    for row in rows:
        if options.filter and (row.is_dir or not matches(row.path, options.filter)):
            continue
        if row.is_dir:
            lines.append([("   " + "  " * row.depth + row.name + "/", "dim")])
            continue
        target = f"file:{row.path}"
        targets[len(lines)] = target
        sign, style = mark(target, "", options)
        name = ("  " * row.depth + row.name) if not options.filter else row.name
        room = max(width - 40, 12)
        text = left(middle(name, room, options), room, options)
        line: Line = [(f" {sign} ", style), (text, "text" if row.size else "dim")]
        line.append((right(size(row.size), 10, options), "text"))
        line.append((right(clock(row.mtime, options), 11, options), "dim"))
        found = f"x {row.errors:,} err" if row.errors else ""
        lines.append([*line, (right(found, 12, options), "error")])
    return Body(lines, targets, 1)


def size(nbytes: int) -> str:
    """`0 B`, `12 kB`, `3.4 MB`, `1.2 GB`."""
    if nbytes < 1000:
        return f"{nbytes} B"
    for unit, scale in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if nbytes < scale * 1000:
            value = nbytes / scale
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{nbytes / 1e12:.1f} TB"
