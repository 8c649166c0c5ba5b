"""Every file of the log tree with its size, to be opened as it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from bscore_tui.reading.logs import tree_of
from bscore_tui.screens.page import Entry
from bscore_tui.screens.reading_page import ReadingPage
from bscore_tui.views.logs import files
from bscore_tui.views.pages import FileRow
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Body


class Files(ReadingPage[list[FileRow]]):
    """`subject` is `files:<folder>`; the whole tree is listed."""

    name = "files"
    selects_first = True
    footer: ClassVar[tuple[Entry, ...]] = ("open", "filter", "pager", "copy", "palette", "back")

    @property
    def crumb(self) -> str:
        """What this is."""
        return "files"

    def reader(self) -> Callable[[], list[FileRow]]:
        """Lists the tree."""
        return partial(tree_of, self.desk.feed.source, self.desk.feed.index)

    def draw(self, width: int, height: int) -> Body:
        """One row per file, by folder."""
        self.refresh()
        return files(self.content or [], width, height, self.options())

    def place(self) -> tuple[str, int]:
        """The selected file."""
        return self.target().partition(":")[2], 0

    def copied(self) -> str:
        """Its path."""
        return safe_text(self.target().partition(":")[2])
