"""Screen 6: the journal in words, at three levels, all terms as one text; `f` leads to every file."""

from __future__ import annotations

from typing import ClassVar

from bscore.core.events import UnknownEvent
from bscore.logtree.records import StrangeLine, decode
from bscore_tui.reading.journal_text import JournalText, NotableText
from bscore_tui.reading.notes import note_of
from bscore_tui.reading.text_file import TextLine
from bscore_tui.screens.desk import Desk
from bscore_tui.screens.page import Entry, Page
from bscore_tui.screens.window import Window
from bscore_tui.views.layout import crop
from bscore_tui.views.logs import VARIANTS, notes
from bscore_tui.views.model import Mode, Note
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Body
from bscore_tui.views.wholes import Whole

#: The selected record as it stands in the file, and an empty row above it; not in low windows.
_RAW_ROWS = 2
_RAW_HEIGHT = 12


class Logs(Window):
    """The journal; a row opens what it is about."""

    name = "logs"
    variants = VARIANTS
    footer: ClassVar[tuple[Entry, ...]] = (
        "open", "filter", ("next_error", "e/E", ""), ("next_warning", "w/W", ""), ("files", "", "file"),
        ("view", "", "more"), "its_time", "pager", "back",
    )  # fmt: skip
    footer_wide: ClassVar[tuple[Entry, ...]] = ("follow", "copy", "freeze", "clock", "palette")

    def __init__(self, desk: Desk, subject: str = "") -> None:
        Page.__init__(self, desk, subject)
        self.reset_window(-1)
        self._journal: JournalText | None = None
        self._journal_key: object = None
        self._notes: dict[int, Note] = {}

    @property
    def file(self) -> JournalText:
        """The journal at the chosen level, as of the moment shown."""
        model = self.desk.model
        past = model.at if model.mode in (Mode.FROZEN, Mode.REPLAY) else None
        key = (self.variant, past, model.term)
        if self._journal is None or key != self._journal_key:
            source = self.desk.feed.source
            if self.variant == VARIANTS[0]:
                self._journal = NotableText(source, self.desk.feed.reader.scan, past)
            else:
                self._journal = JournalText(source, books=self.variant == VARIANTS[2], at=past)
            if self._journal_key is not None and past is not None:
                self.following = True
            self._journal_key = key
        return self._journal

    def draw(self, width: int, height: int) -> Body:
        """Records in words, the newest at the end; below them the selected one as it stands in the file."""
        raw_rows = _RAW_ROWS if height > _RAW_HEIGHT else 0
        self.settle_window(height - 2 - raw_rows)
        self.window_lines = self.window(width)
        rows = [self._note(line) for line in self.window_lines]
        self.selected = self._target(self.cursor)
        reader = self.desk.feed.reader
        every = reader.scan.records
        total = reader.scan.notable if self.variant == VARIANTS[0] else None
        body = notes(
            self.desk.model,
            rows,
            width,
            height,
            self.options(),
            total=total,
            records=every,
            follow=self.following,
        )
        chosen = next((line for line in self.window_lines if line.offset == self.cursor), None)
        if chosen is None or not raw_rows:
            return body
        filled = [*body.lines, *[[]] * (height - raw_rows - len(body.lines)), []]
        raw = crop(safe_text(chosen.data), width - 12, self.options())
        return Body([*filled[: height - 1], [(" raw      ", "dim"), (raw, "dim")]], body.targets, body.fixed)

    def _note(self, line: TextLine) -> Note:
        note = self._notes.get(line.offset)
        if note is None:
            event = decode(line.data)
            if isinstance(event, StrangeLine):
                event = UnknownEvent(self.desk.model.at, "StrangeLine", event.text)
            if len(self._notes) > 5000:
                self._notes.clear()
            note = self._notes[line.offset] = note_of(event, *self.file.place(line.offset))
        return note

    def shows(self, line: TextLine) -> bool:
        """The filter looks in the words that are shown."""
        word = self.filter.removeprefix("!").casefold()
        return not word or (word in self._note(line).text.casefold()) is not self.filter.startswith("!")

    def _target(self, offset: int) -> str:
        if offset < 0:
            return ""
        path, local = self.file.place(offset)
        return f"log:{path}@{local}"

    def offset_of(self, target: str) -> int:
        """The offset of a row."""
        path, _, local = target.partition(":")[2].rpartition("@")
        return self.file.offset(path, int(local)) if local.isdecimal() else -1

    def is_trouble(self, line: TextLine, levels: str) -> bool:
        """Whether a record is an error, or a warning."""
        return self._note(line).level in tuple(levels)

    def current(self) -> Note | None:
        """The record of the cursor."""
        line = next((line for line in self.window_lines if line.offset == self.cursor), None)
        return self._note(line) if line is not None else None

    def do_open(self) -> None:
        """What the record is about; its own line in the file where it is about nothing else."""
        note = self.current()
        if note is None:
            self.move(1)
            return
        self.desk.open(note.target or f"log:{note.path}@{note.offset}")

    def do_view(self) -> None:
        """The next level; the record stays."""
        cursor = self.cursor
        super().do_view()
        self.cursor = cursor

    def do_raw(self) -> None:
        """The record as it stands in its file."""
        note = self.current()
        path, offset = (note.path, note.offset) if note is not None else self.place()
        self.desk.open(f"log:{path}@{offset}")

    def moment(self) -> int | None:
        """When the record of the cursor was written."""
        note = self.current()
        return note.at if note is not None else None

    def wholes(self) -> list[Whole]:
        """The record of the cursor, and where it stands."""
        path, offset = self.place()
        record = [("record", self.copied().replace("\n", " "))] if self.copied() else []
        return [*record, ("file", path), ("place", f"{path}@{offset}")]

    def copied(self) -> str:
        """The record as it stands in its file."""
        return (
            "\n".join(safe_text(line.data) for line in self.file.record(self.cursor))
            if self.cursor >= 0
            else ""
        )

    def place(self) -> tuple[str, int]:
        """The journal at the cursor."""
        return self.file.place(self.cursor if self.cursor >= 0 else self.first)

    def do_files(self) -> None:
        """The tree of files."""
        self.desk.open("files:logs")

    def remembered(self) -> dict[str, object]:
        """Not the record that was selected: the journal has gone on."""
        return super().remembered() | {"selected": ""}
