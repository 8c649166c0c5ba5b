"""The files of a tree, as the screens list them."""

from __future__ import annotations

from bscore.logtree.source import Source
from bscore_tui.reading.tree_index import TreeIndex
from bscore_tui.views.pages import FileRow
from bscore_tui.views.safe import safe_text


def tree_of(source: Source, index: TreeIndex | None = None, most: int = 20_000) -> list[FileRow]:
    """Every file of a tree with its size and, where it is indexed, its errors; folders behind their files."""
    rows: list[FileRow] = []
    pending = [("", 0)]
    while pending and len(rows) < most:
        path, depth = pending.pop()
        if path:
            name = safe_text(path.rpartition("/")[2], 200)
            rows.append(FileRow(path, name, depth - 1, is_dir=True, size=0, mtime=0))
        entries = source.list(path)
        prefix = f"{path}/" if path else ""
        for entry in entries:
            if entry.is_dir or len(rows) >= most:
                continue
            name, full = safe_text(entry.name, 200), prefix + entry.name
            errors = index.errors(full) if index is not None else None
            at = entry.mtime_ns // 1000
            rows.append(FileRow(full, name, depth, is_dir=False, size=entry.size, mtime=at, errors=errors))
        pending += [(prefix + entry.name, depth + 1) for entry in reversed(entries) if entry.is_dir]
    return rows
