"""Any file of the log tree: read by offset, followed, filtered, searched; a gigabyte opens at once."""

from __future__ import annotations

import re
from typing import ClassVar

from bscore_tui.reading.text_file import (
    ERROR,
    ERROR_WORDS,
    WARNING,
    WARNING_WORDS,
    Holds,
    TextFile,
    TextLine,
    text_in,
    words_in,
)
from bscore_tui.screens.desk import Desk
from bscore_tui.screens.page import Entry
from bscore_tui.screens.window import Window
from bscore_tui.views.layout import ends, middle, wrap
from bscore_tui.views.model import Mode
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Body, Line
from bscore_tui.views.wholes import Whole

_MAX_WRAPPED = 12
_SIDE = 16


class File(Window):
    """A window of lines around an offset; `subject` is `file:<path>` or `log:<path>@<offset>`."""

    name = "file"
    footer: ClassVar[tuple[Entry, ...]] = (
        "filter", ("next_match", "n/N", "match"), ("next_error", "e/E", ""), ("next_warning", "w/W", ""),
        "follow", "wrap", "copy", "pager", "files", "back",
    )  # fmt: skip

    def __init__(self, desk: Desk, subject: str = "") -> None:
        super().__init__(desk, subject)
        kind, _, path = subject.partition(":")
        at = -1
        if kind == "log":
            path, _, offset = path.rpartition("@")
            at = int(offset) if offset.isdecimal() else 0
        self._file = TextFile(desk.feed.source, path, desk.feed.index)
        self._moment = desk.model.at if kind == "log" else -1
        self.reset_window(at)

    @property
    def file(self) -> TextFile:
        """What is read."""
        return self._file

    @property
    def crumb(self) -> str:
        """The file's name; its path stands below."""
        return safe_text(self.file.path.rpartition("/")[2], 60)

    def draw(self, width: int, height: int) -> Body:
        """A line of facts, an empty one, then the window."""
        self._go_to_moment()
        self.settle_window(height - 2)
        self.window_lines = self.window(width)
        lines: list[Line] = [self._facts(width), []]
        targets: dict[int, str] = {}
        for line in self.window_lines:
            if line.offset == self.cursor:
                self.row, self.selected = len(lines), self._target(line.offset)
            for part in self._drawn(line, width):
                if len(lines) < height:
                    targets.setdefault(len(lines), self._target(line.offset))
                    lines.append(part)
        if not self.window_lines:
            lines.append([(" nothing here" if not self.filter else " no line holds this", "dim")])
        return Body(lines, targets, 2)

    def _go_to_moment(self) -> None:
        """In the past, show the last line up to the moment shown, whenever that is another one."""
        model = self.desk.model
        if model.mode not in (Mode.FROZEN, Mode.REPLAY) or model.at == self._moment:
            return
        self._moment = model.at
        place = self.file.place_of(model.at)
        if place is not None:
            self.following, self.cursor, self.selected = False, place, self._target(place)
            self._reveal()

    def _target(self, offset: int) -> str:
        return f"log:{self.file.path}@{offset}" if offset >= 0 else ""

    def _facts(self, width: int) -> Line:
        size = self.file.size()
        last = self.window_lines[-1].end if self.window_lines else 0
        share = f"{100 * last // size} %" if size else "empty"
        facts = f"   {size:,} bytes{self._number()}"
        room = max(width - len(facts) - len(share) - 4, 20)
        path = middle(safe_text(self.file.path, 300), room, self.options())
        return ends([(f" {path}", "strong"), (facts, "dim")], [(f"{share} ", "dim")], width, self.options())

    def _number(self) -> str:
        """The number of the cursor's line, or of the first one, once it is indexed."""
        index = self.file.index
        number = self.file.line_number(max(self.cursor if self.cursor >= 0 else self.first, 0))
        if index is None or number is None:
            return ""
        return f"   line {number + 1:,} of {index.lines:,}"

    def shown_in(self) -> Holds | None:
        """Pieces without the word of the filter are passed over."""
        word = self.filter.encode("utf-8", "surrogateescape").lower()
        return text_in(word) if word and not word.startswith(b"!") else None

    def trouble_in(self, levels: str) -> Holds:
        """Pieces without a word of errors (or warnings) are passed over."""
        return words_in(ERROR_WORDS + WARNING_WORDS if "W" in levels else ERROR_WORDS)

    def _drawn(self, line: TextLine, width: int) -> list[Line]:
        text = safe_text(line.data)
        chosen = line.offset == self.cursor
        sign = ">" if chosen else self._sign(line)
        style = {"x": "error", "!": "warn"}.get(sign, "text")
        plain = "selected" if chosen else "text"
        if self.wrapping:
            pieces = wrap(text, max(8, width - 3), _MAX_WRAPPED, self.options())
        else:
            pieces = [text[self.column :]]
        rows: list[Line] = []
        for number, piece in enumerate(pieces):
            head = (f" {sign if number == 0 else ' '}", "selected" if chosen else style)
            rows.append([head, *self._marked(f" {piece}", plain)])
        return rows

    def rows_of_line(self, line: TextLine, width: int) -> int:
        """Wrapped lines take several rows."""
        return len(self._drawn(line, width)) if self.wrapping else 1

    def _sign(self, line: TextLine) -> str:
        """Errors and warnings are marked once, at the beginning of their record."""
        if not line.begins and any(other.begins for other in self.window_lines):
            return " "
        return "x" if ERROR.search(line.data) else "!" if WARNING.search(line.data) else " "

    def _marked(self, text: str, style: str) -> Line:
        word = self.filter
        if not word or word.startswith("!"):
            return [(text, style)]
        pieces = re.split(f"({re.escape(word)})", text, flags=re.IGNORECASE)
        return [(piece, "match" if number % 2 else style) for number, piece in enumerate(pieces) if piece]

    def do_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.wrapping = not self.wrapping

    def do_open(self) -> None:
        """A line has nothing behind it but itself, whole."""
        self.wrapping = True

    def do_left(self) -> None:
        """Long lines, sixteen columns back."""
        self.column = max(0, self.column - _SIDE)

    def do_right(self) -> None:
        """Long lines, sixteen columns on."""
        self.column += _SIDE

    def wholes(self) -> list[Whole]:
        """The record of the cursor, and where it stands."""
        path, offset = self.place()
        record = [("record", self.copied().replace("\n", " "))] if self.copied() else []
        return [*record, ("file", path), ("place", f"{path}@{offset}")]

    def copied(self) -> str:
        """The whole record of the cursor."""
        if self.cursor < 0:
            return ""
        return "\n".join(safe_text(line.data) for line in self.file.record(self.cursor))

    def place(self) -> tuple[str, int]:
        """The file at the cursor."""
        return self.file.path, max(self.cursor, self.first)

    def do_files(self) -> None:
        """Back to the tree of files."""
        self.desk.open(f"files:{self.file.path.rpartition('/')[0]}")
