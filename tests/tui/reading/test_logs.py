"""The index of a tree's logs: the same however a file grows, kept outside the tree; what it is good for."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bscore.logtree.source import LocalSource, MemorySource
from bscore_tui.reading import text_file
from bscore_tui.reading.blocks import BLOCK_BYTES, BlockIndex
from bscore_tui.reading.logs import tree_of
from bscore_tui.reading.text_file import TextFile
from bscore_tui.reading.tree_index import TreeIndex
from bscore_tui.views import logs
from bscore_tui.views.styles import Options, text_of
from hostile import CORPUS, is_clean

LINES = st.lists(
    st.sampled_from(
        [b"", b"x", b"2026-01-01 00:00:00 INFO a", b"ERROR boom", b"  at z", b"y" * 30_000, b"\xff\x1b[2J"]
    ),
    max_size=40,
)


def indexed(data: bytes) -> TextFile:
    """A file of a tree of which all is indexed."""
    source = MemorySource({"logs/f": data})
    index = TreeIndex(source, None)
    while index.poll(1 << 20):
        pass
    return TextFile(source, "logs/f", index)


@given(LINES, st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_line_knows_its_number(lines: list[bytes], ends: bool) -> None:
    file = indexed(b"\n".join(lines) + (b"\n" if ends and lines else b""))
    offsets = [line.offset for line in file.forward(0)]
    assert [file.line_number(offset) for offset in offsets] == list(range(len(offsets)))


@given(LINES, st.lists(st.integers(1, 100_000), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_file_indexed_while_it_grows_is_indexed_as_a_whole(lines: list[bytes], cuts: list[int]) -> None:
    data = b"\n".join(lines)
    files = {"f": b""}
    index = BlockIndex(MemorySource(files), "f")
    end = 0
    for cut in cuts:
        end = min(end + cut, len(data))
        files["f"] = data[:end]
        index.grow()
    files["f"] = data
    while index.grow(BLOCK_BYTES):
        pass
    whole = BlockIndex(MemorySource({"f": data}), "f")
    while whole.grow():
        pass
    assert (index.newlines, index.errors, index.stamps) == (whole.newlines, whole.errors, whole.stamps)
    assert index.nbytes == len(data)


def test_an_error_a_search_does_not_reach_is_found_by_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_file, "SEARCH_BYTES", 4 * BLOCK_BYTES)
    fine = b"2026-01-01 00:00:00 INFO fine\n" * 100_000
    file = indexed(b"ERROR first\n" + fine + b"2026-01-01 00:00:01 ERROR boom\n" + fine)
    error = len(fine) + len(b"ERROR first\n")
    begin = file.far_error(0, 1)
    assert begin is not None
    assert begin <= error < begin + BLOCK_BYTES
    assert begin == next(file.forward(begin)).offset, "it is the beginning of a line"
    assert file.far_error(error, 1) is None
    back = file.far_error(error, -1)
    assert back is not None
    assert list(file.backward(back))[-1].data == b"ERROR first"
    assert TextFile(MemorySource({"f": fine}), "f").far_error(0, 1) is None, "nothing is indexed"


@pytest.mark.parametrize("second", [0, 1, 59, 60, 61, 9_999, 20_000])
def test_the_place_of_a_moment_is_the_last_line_before_it(second: int) -> None:
    begun = round(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    stamps = [datetime.fromtimestamp(begun + n * 60, UTC) for n in range(170)]
    text = b"".join(b"%s INFO x\n%s\n" % (f"{at:%Y-%m-%d %H:%M:%S}".encode(), b"y" * 900) for at in stamps)
    file = indexed(text)
    place = file.place_of((begun + second) * 1_000_000)
    assert place is not None
    assert next(file.forward(place)).data.startswith(
        f"{stamps[min(second // 60, 169)]:%Y-%m-%d %H:%M:%S}".encode()
    )
    assert file.place_of((begun - 1) * 1_000_000) is None


@pytest.mark.parametrize("change", ["truncated", "replaced", "vanished"])
def test_another_file_of_the_name_is_indexed_anew(tmp_path: Path, change: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"one\n" * 50_000)
    index = BlockIndex(LocalSource(tmp_path), "f")
    index.grow()
    path.unlink()
    if change == "vanished":
        assert not index.grow()
        assert (index.lines, index.nbytes) == (0, 0)
    other = b"ERROR two\n" * (10 if change == "truncated" else 60_000)
    path.write_bytes(other)
    while index.grow():
        pass
    assert index.lines == other.count(b"\n")
    assert sum(index.errors) + 10 > index.lines, "but for those that stand on the edge of a block"


def test_a_large_file_is_indexed_once_and_its_growth_only(tmp_path: Path) -> None:
    tree, cache = tmp_path / "tree", tmp_path / "cache"
    tree.mkdir()
    path = tree / "big"
    with path.open("wb") as out:
        for n in range(100_000):
            out.write(b"2026-01-01 00:00:00 INFO line %07d " % n + b"x" * 60 + b"\n")
    source = CountingSource(tree)
    first = BlockIndex(source, "big", cache)
    while first.grow():
        pass
    assert [file.suffix for file in cache.iterdir()] == [".idx"]
    assert not [name for name in os.listdir(tree) if name != "big"], "nothing is written into the tree"
    with path.open("ab") as out:
        out.write(b"2026-01-01 00:00:09 ERROR late\n")
    source.nbytes = 0
    again = BlockIndex(source, "big", cache)
    while again.grow():
        pass
    assert source.nbytes < 10 * BLOCK_BYTES
    assert again.lines == 100_001
    assert sum(again.errors) == 1
    next(cache.iterdir()).write_bytes(b"{}\nrubbish")
    broken = BlockIndex(source, "big", cache)
    while broken.grow():
        pass
    assert broken.newlines == again.newlines


class CountingSource(LocalSource):
    """Counts the bytes asked for."""

    nbytes = 0

    def read(self, path: str, offset: int, n: int) -> bytes:
        self.nbytes += n
        return super().read(path, offset, n)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_hostile_names_are_listed_clean(width: int) -> None:
    listed = logs.files(
        tree_of(MemorySource({"logs/[/x]\x1b[2J": CORPUS.read_bytes()})), width, 20, Options()
    )
    assert all(is_clean(text_of(line)) for line in listed.lines)


def test_every_log_of_a_tree_is_indexed_and_its_errors_are_counted() -> None:
    files = {
        f"logs/user/{n}.txt": b"2026-01-01 00:00:00 INFO x\n" * 100 + b"2026-01-01 00:00:00 ERROR y\n" * n
        for n in range(5)
    }
    now = [0.0]
    index = TreeIndex(MemorySource(files | {"outputs/x": b"ERROR"}), None, lambda: now[0])
    while index.poll(3000):
        pass
    assert [index.errors(path) for path in files] == [0, 1, 2, 3, 4]
    assert index.errors("outputs/x") is None
    files["logs/user/0.txt"] += b"2026-01-01 00:00:00 ERROR y\n"
    index = TreeIndex(MemorySource(files), None, lambda: now[0])
    while index.poll(10**9):
        pass
    assert index.nbytes == sum(map(len, files.values()))
    assert {row.errors for row in tree_of(MemorySource(files), index) if not row.is_dir} == {1, 2, 3, 4}


_BESIDE = """
import sys, time
from pathlib import Path
from bscore.logtree.source import LocalSource
from bscore_tui.reading.tree_index import TreeIndex
index = TreeIndex(LocalSource(sys.argv[1]), None)
index.begin_ahead()
print("begun", flush=True)
if sys.argv[2] == "close":
    index.close()
while index.poll(1 << 20) or index.nbytes < int(sys.argv[3]):
    time.sleep(0.01)
path = Path(sys.argv[1], "logs/b")
print(index.errors("logs/a"), index.errors("logs/b"), index.known("logs/b").lines, index.nbytes)
path.write_bytes(path.read_bytes() + b"ERROR late\\n")
known = index.known("logs/b")
while known.grow():
    pass
print(sum(known.errors), known.lines)
"""


@pytest.mark.parametrize("how", ["wait", "close"])
def test_a_process_beside_this_one_indexes_the_same(tmp_path: Path, how: str) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a").write_bytes(b"ERROR x\n" * 30_000)
    (tmp_path / "logs/b").write_bytes(b"2026-01-01 00:00:00 INFO fine\n" * 30_000 + b"ERROR y\n")
    nbytes = sum(path.stat().st_size for path in (tmp_path / "logs").iterdir())
    command = [sys.executable, "-c", _BESIDE, str(tmp_path), how, str(nbytes)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    whole = TreeIndex(LocalSource(tmp_path), None)
    while whole.poll(1 << 20):
        pass
    assert done.stdout.splitlines() == [
        "begun",
        f"{whole.errors('logs/a')} 1 30001 {nbytes}",
        "2 30002",
    ]
