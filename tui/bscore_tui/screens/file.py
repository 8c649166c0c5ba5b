"""Any file of the log tree: read by offset, followed, filtered, searched; a gigabyte opens at once."""

from __future__ import annotations

import re
from typing import ClassVar

from bscore_tui.screens.desk import Desk
from bscore_tui.screens.page import Entry, Page
from bscore_tui.views.layout import ends, wrap
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Body, Line
from bscore_tui.widgets.line_view import LineView
from bscore_tui.widgets.text_file import ERROR, SEARCH_BYTES, WARNING, TextFile, TextLine, Wanted

_SIDE = 16
_MAX_WRAPPED = 12


class File(Page):
    """A window of lines around an offset; `subject` is `file:<path>` or `log:<path>@<offset>`."""

    name = "file"
    footer: ClassVar[tuple[Entry, ...]] = (
        "filter", ("next_match", "n/N", "match"), ("next_error", "e/E", ""), ("next_warning", "w/W", ""),
        "follow", "wrap", "copy", "pager", "files", ("back", "", "back"),
    )  # fmt: skip

    def __init__(self, desk: Desk, subject: str = "") -> None:
        super().__init__(desk, subject)
        kind, _, path = subject.partition(":")
        at = -1
        if kind == "log":
            path, _, offset = path.rpartition("@")
            at = int(offset) if offset.isdecimal() else 0
        self.file = TextFile(desk.feed.source, path)
        self.following = at < 0
        self.wrapping = False
        self.column = 0
        self.first = max(at, 0)
        self.cursor = at if at >= 0 else -1
        self._lines: list[TextLine] = []
        self._height = 1
        self._seen = self.file.size()

    @property
    def crumb(self) -> str:
        """The file's name; its path stands below."""
        return safe_text(self.file.path.rpartition("/")[2], 60)

    def hint(self) -> str:
        """Whether the end is followed, or how much came since."""
        if self.following:
            return "FOLLOW"
        grown = self.file.size() - self._seen
        return f"{grown:,} bytes new" if grown > 0 else ""

    def draw(self, width: int, height: int) -> Body:
        """A line of facts, an empty one, then the window."""
        self._height = max(1, height - 2)
        size = self.file.size()
        if self.following:
            self._seen = size
            self._to_end(size)
        lines: list[Line] = [self._facts(size, width), []]
        targets: dict[int, str] = {}
        self._lines = self._window(width)
        for line in self._lines:
            if line.offset == self.cursor:
                self.row, self.selected = len(lines), self._target(line.offset)
            for part in self._drawn(line, width):
                if len(lines) < height:
                    targets.setdefault(len(lines), self._target(line.offset))
                    lines.append(part)
        if not self._lines:
            lines.append([(" nothing here" if not self.filter else " no line holds this", "dim")])
        return Body(lines, targets, 2)

    def _settle(self, body: Body) -> bool:
        return False

    def _target(self, offset: int) -> str:
        return f"log:{self.file.path}@{offset}"

    def _facts(self, size: int, width: int) -> Line:
        last = self._lines[-1].end if self._lines else 0
        share = f"{100 * last // size} %" if size else "empty"
        found: Line = [(f" {safe_text(self.file.path, 300)}", "strong"), (f"   {size:,} bytes", "dim")]
        if self.filter:
            found += [("   / ", "key"), (self.filter, "match")]
        return ends(
            found, [(f"{'FOLLOW  ' if self.following else ''}{share} ", "dim")], width, self.options()
        )

    def _window(self, width: int) -> list[TextLine]:
        found: list[TextLine] = []
        rows = 0
        begun = self.first
        for line in self.file.forward(self.first):
            if line.end - begun > SEARCH_BYTES:
                break
            if not self._shows(line.data):
                continue
            found.append(line)
            rows += len(self._drawn(line, width)) if self.wrapping else 1
            if rows >= self._height:
                break
        return found

    def _shows(self, data: bytes) -> bool:
        if not self.filter:
            return True
        word = self.filter.removeprefix("!").encode("utf-8", "surrogateescape").lower()
        return (word in data.lower()) is not self.filter.startswith("!")

    def _drawn(self, line: TextLine, width: int) -> list[Line]:
        text = safe_text(line.data)
        chosen = line.offset == self.cursor
        sign = (
            ">" if chosen else "!" if WARNING.search(line.data) else "x" if ERROR.search(line.data) else " "
        )
        if ERROR.search(line.data) and not chosen:
            sign = "x"
        style = {"x": "error", "!": "warn"}.get(sign, "text")
        plain = "selected" if chosen else "text" if line.begins or sign == " " else "dim"
        if self.wrapping:
            pieces = wrap(text, max(8, width - 3), _MAX_WRAPPED, self.options())
        else:
            pieces = [text[self.column :]]
        rows: list[Line] = []
        for number, piece in enumerate(pieces):
            head = (f" {sign if number == 0 else ' '}", "selected" if chosen else style)
            rows.append([head, *self._marked(f" {piece}", plain)])
        return rows

    def _sign(self, line: TextLine) -> str:
        """Errors and warnings are marked once, at the beginning of their record."""
        if not line.begins and any(other.begins for other in self._lines):
            return " "
        return "x" if ERROR.search(line.data) else "!" if WARNING.search(line.data) else " "

    def _marked(self, text: str, style: str) -> Line:
        word = self.filter
        if not word or word.startswith("!"):
            return [(text, style)]
        pieces = re.split(f"({re.escape(word)})", text, flags=re.IGNORECASE)
        return [(piece, "match" if number % 2 else style) for number, piece in enumerate(pieces) if piece]

    def _to_end(self, size: int) -> None:
        rows = 0
        self.first = size
        for line in self.file.backward(size):
            if size - line.offset > SEARCH_BYTES:
                break
            if self._shows(line.data):
                self.first = line.offset
                rows += 1
                if rows >= self._height:
                    break

    def move(self, rows: int) -> bool:
        """The cursor to another line; at the edges the window moves."""
        if abs(rows) >= 1_000_000_000:
            self._to_edge(rows)
            return True
        if rows > 0 or not self.following:
            self._leave_end()
        steps = self._passed(rows)
        if steps:
            self.cursor = steps[-1].offset
            self._reveal()
        self._leave_end()
        return True

    def _leave_end(self) -> None:
        if self.cursor < 0 and self._lines:
            self.cursor = self._lines[-1].offset if self.following else self._lines[0].offset
        self.following = False
        self._seen = max(self._seen, self.file.size())

    def _passed(self, rows: int) -> list[TextLine]:
        """The shown lines between the cursor and where it goes, the last one there."""
        if self.cursor < 0:
            self._leave_end()
        source = self.file.forward(self.cursor) if rows > 0 else self.file.backward(self.cursor)
        found: list[TextLine] = []
        for line in source:
            if abs(line.offset - self.cursor) > SEARCH_BYTES:
                break
            if line.offset != self.cursor and self._shows(line.data):
                found.append(line)
                if len(found) >= abs(rows):
                    break
        return found

    def _to_edge(self, rows: int) -> None:
        self.following = False
        if rows < 0:
            self.first = 0
            self.cursor = next((line.offset for line in self.file.forward(0) if self._shows(line.data)), 0)
        else:
            self._to_end(self.file.size())
            self.cursor = next((line.offset for line in self.file.backward(self.file.size())), -1)

    def _reveal(self) -> None:
        """Bring the cursor into the window, with as little movement as possible."""
        known = [line.offset for line in self._lines]
        if self.cursor < self.first:
            self.first = self.cursor
        elif known and self.cursor > known[-1]:
            rows = 0
            self.first = self.cursor
            for line in self.file.backward(self.cursor):
                rows += self._shows(line.data)
                if rows >= self._height:
                    break
                self.first = line.offset

    def wheel(self, rows: int, view: LineView) -> None:
        """Scroll the window; the cursor stays on its line."""
        self.following = False
        if rows < 0:
            shown = (line for line in self.file.backward(self.first) if self._shows(line.data))
            for _, line in zip(range(-rows), shown, strict=False):
                self.first = line.offset
        elif len(self._lines) > rows and len(self._lines) >= self._height:
            self.first = self._lines[rows].offset

    def select(self, row: int) -> None:
        """The clicked line."""
        target = self.shown.targets[row]
        self.cursor = int(target.rpartition("@")[2])
        self.row, self.selected, self.following = row, target, False

    def sideways(self, steps: int) -> None:
        """Long lines, sixteen columns at a time."""
        self.column = max(0, self.column + steps * _SIDE)

    def do_follow(self) -> None:
        """Follow the end, or stay."""
        self.following = not self.following
        self.cursor, self.selected = -1, ""

    def do_live(self) -> None:
        """The end of the file is its present."""
        self.following, self.cursor, self.selected = True, -1, ""
        if self.desk.model.at != self.desk.model.now:
            self.desk.feed.look_at(None)

    def do_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.wrapping = not self.wrapping

    def do_open(self) -> None:
        """A line has nothing behind it but itself, whole."""
        self.wrapping = True

    def _seek(self, steps: int, wanted: Wanted, what: str) -> None:
        self._leave_end()
        start = self.cursor if self.cursor >= 0 else self.first
        if steps > 0:
            start = next((line.end for line in self.file.forward(start)), start)
        found, reached = self.file.find(start, steps, lambda data: wanted(data) and self._shows(data))
        if found is None:
            ended = reached in (0, self.file.size()) or abs(reached - start) < SEARCH_BYTES
            self.desk.say(
                f"no other {what} that way" if ended else f"no {what} within {SEARCH_BYTES >> 20} MB"
            )
            return
        self.cursor = self.file.record_start(found)
        self._reveal()

    def do_next_error(self) -> None:
        """The next record with an error."""
        self._seek(1, lambda data: bool(ERROR.search(data)), "error")

    def do_previous_error(self) -> None:
        """The record with an error before."""
        self._seek(-1, lambda data: bool(ERROR.search(data)), "error")

    def do_next_warning(self) -> None:
        """The next record with a warning."""
        self._seek(1, lambda data: bool(WARNING.search(data)), "warning")

    def do_previous_warning(self) -> None:
        """The record with a warning before."""
        self._seek(-1, lambda data: bool(WARNING.search(data)), "warning")

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
