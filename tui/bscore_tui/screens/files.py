"""Every file of the log tree with its size, to be opened as it is."""

from __future__ import annotations

from typing import ClassVar

from bscore.logtree.source import Entry as FileEntry
from bscore.logtree.source import Source
from bscore_tui.screens.page import Entry, Page
from bscore_tui.views.layout import ends
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Body, Line

#: More files than these are not listed; the filter looks in what is listed.
MAX_FILES = 20_000
#: What a job's directory holds beside its logs.
_BESIDE = ("azureml-logs", "outputs")


class Files(Page):
    """`subject` is `files:<folder to begin in>`."""

    name = "files"
    selects_first = True
    footer: ClassVar[tuple[Entry, ...]] = ("open", "filter", "pager", "copy", "palette", "back")

    @property
    def crumb(self) -> str:
        """What this is."""
        return "files"

    def draw(self, width: int, height: int) -> Body:
        """One row per file, grouped by folder."""
        found = list_files(self.desk.feed.source)
        word = self.filter.removeprefix("!").lower()
        if word:
            found = [
                (path, e) for path, e in found if (word in path.lower()) is not self.filter.startswith("!")
            ]
        lines: list[Line] = [
            [(f" {len(found):,} files", "strong"), (f"   / {self.filter}" if word else "", "match")]
        ]
        targets: dict[int, str] = {}
        folder = None
        for path, entry in found:
            parent, _, name = path.rpartition("/")
            if parent != folder:
                lines += [[], [(f" {safe_text(parent, 300)}/", "dim")]]
                folder = parent
            target = f"file:{path}"
            chosen = target == self.selected
            sign, style = (">", "selected") if chosen else (" ", "text" if entry.size else "dim")
            targets[len(lines)] = target
            name_line: Line = [(f" {sign}   {safe_text(name, 200)}", style)]
            lines.append(ends(name_line, [(f"{entry.size:,} bytes ", style)], min(width, 90), self.options()))
        return Body(lines, targets, 1)

    def place(self) -> tuple[str, int]:
        """The selected file."""
        return self.target().partition(":")[2], 0

    def copied(self) -> str:
        """Its path."""
        return safe_text(self.target().partition(":")[2])


def list_files(source: Source) -> list[tuple[str, FileEntry]]:
    """The files of a tree that a person may want to read, by folder, at most `MAX_FILES`."""
    found: list[tuple[str, FileEntry]] = []
    folders = ["logs", *_BESIDE]
    while folders and len(found) < MAX_FILES:
        folder = folders.pop(0)
        entries = source.list(folder)
        found += [(f"{folder}/{entry.name}", entry) for entry in entries if not entry.is_dir]
        folders[:0] = [f"{folder}/{entry.name}" for entry in entries if entry.is_dir]
    return found[:MAX_FILES]
