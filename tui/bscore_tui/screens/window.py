"""A window of lines around an offset: cursor, scrolling, following, filter, search; whatever the lines are.

Nothing is counted or kept: every step reads what it needs, within a budget.
"""

from __future__ import annotations

from bscore_tui.reading.text_file import ERROR, SEARCH_BYTES, WARNING, Holds, TextFile, TextLine
from bscore_tui.screens.page import Page
from bscore_tui.views.styles import Body
from bscore_tui.widgets.line_view import LineView

#: Steps at least so long go to an end.
_TO_THE_END = 1_000_000_000


class Window(Page):
    """What a file and the journal share; `file` says what is read, `rows_of_line` how high a line is."""

    @property
    def file(self) -> TextFile:
        """What is read."""
        raise NotImplementedError

    def rows_of_line(self, line: TextLine, width: int) -> int:
        """How many rows a line takes."""
        return 1

    def shown_in(self) -> Holds | None:
        """Tells pieces of the file without any line that the filter shows; None: every piece is read."""
        return None

    def trouble_in(self, levels: str) -> Holds | None:
        """Tells pieces of the file without any line of these levels; None: every piece is read."""
        return None

    def reset_window(self, at: int) -> None:
        """Show the line at an offset; -1: the end, followed."""
        self.following = at < 0
        self.wrapping = False
        self.column = 0
        self.first = max(at, 0)
        self.cursor = at
        self.window_lines: list[TextLine] = []
        self._height = 1
        self._seen = 0

    def settle_window(self, rows: int) -> None:
        """The window for so many rows; at the end of the file where that is followed."""
        self._height = max(1, rows)
        if self.following:
            self._seen = self.file.size()
            self._to_end(self._seen)

    def _settle(self, body: Body) -> bool:
        self.row = next((row for row, name in body.targets.items() if name == self.selected), self.row)
        return False

    def hint(self) -> str:
        """Whether the end is followed, or how much came since."""
        if self.following:
            return "FOLLOW"
        grown = self.file.size() - self._seen
        return f"{grown:,} bytes new" if grown > 0 else ""

    def offset_of(self, target: str) -> int:
        """The offset of a row."""
        offset = target.rpartition("@")[2]
        return int(offset) if offset.isdecimal() else -1

    def window(self, width: int) -> list[TextLine]:
        """The lines that are shown."""
        found: list[TextLine] = []
        rows = 0
        for line in self.file.forward(self.first, self.shown_in()):
            if line.end - self.first > SEARCH_BYTES:
                break
            if not self.shows(line):
                continue
            found.append(line)
            rows += self.rows_of_line(line, width)
            if rows >= self._height:
                break
        return found

    def shows(self, line: TextLine) -> bool:
        """Whether the filter lets a line through."""
        word = self.filter.removeprefix("!").encode("utf-8", "surrogateescape").lower()
        return not word or (word in line.data.lower()) is not self.filter.startswith("!")

    def _to_end(self, size: int) -> None:
        rows = 0
        self.first = size
        for line in self.file.backward(size, self.shown_in()):
            if size - line.offset > SEARCH_BYTES:
                break
            if self.shows(line):
                self.first = line.offset
                rows += 1
                if rows >= self._height:
                    break

    def move(self, rows: int) -> bool:
        """The cursor to another line; at the edges the window moves."""
        if abs(rows) >= _TO_THE_END:
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
        if self.cursor < 0 and self.window_lines:
            self.cursor = self.window_lines[-1].offset if self.following else self.window_lines[0].offset
        self.following = False
        self._seen = max(self._seen, self.file.size())

    def _passed(self, rows: int) -> list[TextLine]:
        """The shown lines between the cursor and where it goes, the last one there."""
        if self.cursor < 0:
            self._leave_end()
        read = self.file.forward if rows > 0 else self.file.backward
        source = read(self.cursor, self.shown_in())
        found: list[TextLine] = []
        for line in source:
            if abs(line.offset - self.cursor) > SEARCH_BYTES:
                break
            if line.offset != self.cursor and self.shows(line):
                found.append(line)
                if len(found) >= abs(rows):
                    break
        return found

    def _to_edge(self, rows: int) -> None:
        self.following = False
        if rows < 0:
            self.first = 0
            lines = self.file.forward(0, self.shown_in())
            self.cursor = next((line.offset for line in lines if self.shows(line)), 0)
        else:
            self._to_end(self.file.size())
            self.cursor = next((line.offset for line in self.file.backward(self.file.size())), -1)

    def _reveal(self) -> None:
        """Bring the cursor into the window, with as little movement as possible."""
        known = [line.offset for line in self.window_lines]
        if self.cursor < self.first:
            self.first = self.cursor
        elif known and self.cursor > known[-1]:
            rows = 0
            self.first = self.cursor
            for line in self.file.backward(self.cursor):
                rows += self.shows(line)
                if rows >= self._height:
                    break
                self.first = line.offset

    def wheel(self, rows: int, view: LineView) -> None:
        """Scroll the window; the cursor stays on its line."""
        self.following = False
        if rows < 0:
            shown = (line for line in self.file.backward(self.first) if self.shows(line))
            for _, line in zip(range(-rows), shown, strict=False):
                self.first = line.offset
        elif len(self.window_lines) > rows and len(self.window_lines) >= self._height:
            self.first = self.window_lines[rows].offset

    def select(self, row: int) -> None:
        """The clicked line."""
        self.selected = self.shown.targets[row]
        self.cursor = self.offset_of(self.selected)
        self.row, self.following = row, False

    def do_follow(self) -> None:
        """Follow the end, or stay."""
        self.following = not self.following
        self.cursor, self.selected = -1, ""

    def do_live(self) -> None:
        """The end of the file is its present."""
        self.following, self.cursor, self.selected = True, -1, ""
        if self.desk.model.at != self.desk.model.now:
            self.desk.feed.look_at(None)

    def is_trouble(self, line: TextLine, levels: str) -> bool:
        """Whether a line tells of an error, or (with "W" among the levels) of a warning."""
        return bool(ERROR.search(line.data)) or ("W" in levels and bool(WARNING.search(line.data)))

    def _seek(self, steps: int, levels: str, what: str) -> None:
        self._leave_end()
        start = self.cursor if self.cursor >= 0 else self.first
        found, more = self._trouble(start, start, steps, levels)
        far = self.file.far_error(start, steps) if more else None
        if far is not None:
            found, more = self._trouble(far, start, steps, levels)
        if found is None:
            self.desk.say(
                f"no {what} within {SEARCH_BYTES >> 20} MB" if more else f"no other {what} that way"
            )
            return
        self.cursor = found
        self._reveal()

    def _trouble(self, begin: int, start: int, steps: int, levels: str) -> tuple[int | None, bool]:
        """The next record of these levels, not that at `start`; and whether there is more to search."""
        read = self.file.forward if steps > 0 else self.file.backward
        for line in read(begin, self.trouble_in(levels)):
            if abs(line.offset - begin) > SEARCH_BYTES:
                return None, True
            if line.offset != start and self.is_trouble(line, levels) and self.shows(line):
                first = self.file.record_start(line.offset)
                if first != start:
                    return first, False
        return None, begin + SEARCH_BYTES < self.file.size() if steps > 0 else begin > SEARCH_BYTES

    def do_next_error(self) -> None:
        """The next record with an error."""
        self._seek(1, "E", "error")

    def do_previous_error(self) -> None:
        """The record with an error before."""
        self._seek(-1, "E", "error")

    def do_next_warning(self) -> None:
        """The next record with an error or a warning."""
        self._seek(1, "EW", "warning")

    def do_previous_warning(self) -> None:
        """The record with an error or a warning before."""
        self._seek(-1, "EW", "warning")
