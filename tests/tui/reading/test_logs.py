"""Any file as lines: the same lines whatever the file is, wherever one begins, however it grows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bscore.logtree.source import LocalSource, MemorySource
from bscore_tui.reading.blocks import BLOCK_BYTES, BlockIndex
from bscore_tui.reading.logs import LogFile, tree_of
from bscore_tui.reading.tree_index import TreeIndex
from bscore_tui.views import logs
from bscore_tui.views.styles import Options, text_of
from hostile import CORPUS, is_clean, raw_lines

LINES = st.lists(
    st.sampled_from(
        [b"", b"x", b"2026-01-01 00:00:00 INFO a", b"ERROR boom", b"  at z", b"y" * 30_000, b"\xff\x1b[2J"]
    ),
    max_size=40,
)


def opened(data: bytes) -> LogFile:
    file = LogFile(MemorySource({"f": data}), "f")
    while file.grow():
        pass
    return file


@given(LINES, st.booleans())
@settings(max_examples=60, deadline=None)
def test_lines_are_numbered_and_found_again(lines: list[bytes], ends: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ends and lines else b"")
    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    file = opened(data)
    assert file.line_count == len(expected)
    found = file.lines(0, 100)
    assert [line.number for line in found] == list(range(len(expected)))
    offset = 0
    for line, raw in zip(found, expected, strict=True):
        assert line.offset == offset
        assert is_clean(line.text)
        assert file.line_at(offset) == line.number
        assert file.offset_of(line.number) == offset
        offset += len(raw) + 1
    assert file.lines(len(expected), 5) == []
    assert file.last(3) == found[-3:]


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


def test_search_goes_both_ways_over_blocks() -> None:
    lines = [b"line %d %s" % (n, b"needle" if n % 997 == 5 else b"hay") for n in range(20_000)]
    file = opened(b"\n".join(lines) + b"\n")
    expected = [n for n in range(20_000) if n % 997 == 5]
    found = [file.search("NEEDLE", -1)]
    while found[-1] is not None:
        found.append(file.search("needle", found[-1]))
    assert found[:-1] == expected
    back = file.search("needle", 20_000, -1)
    assert back == expected[-1]
    assert file.search("needle", expected[3], -1) == expected[2]
    assert file.search("nothing", 0) is None


def test_the_next_error_is_found_and_belongs_to_its_record() -> None:
    text = b"2026-01-01 00:00:00 INFO fine\n" * 5000
    text += b"2026-01-01 00:00:01 ERROR boom\nTraceback\n  frame\nValueError\n2026-01-01 00:00:02 INFO on\n"
    file = opened(text)
    line = file.next_level("E", 0)
    assert line == 5000
    assert file.record(5002) == (5000, 4)
    assert file.next_level("E", line) is None
    assert sum(file.index.errors) == 1


@pytest.mark.parametrize("change", ["truncated", "replaced", "vanished"])
def test_another_file_of_the_name_is_indexed_anew(tmp_path: Path, change: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"one\n" * 50_000)
    file = LogFile(LocalSource(tmp_path), "f")
    file.grow()
    path.unlink()
    if change == "vanished":
        assert not file.grow()
        assert file.lines(0, 3) == []
    other = b"two\n" * (10 if change == "truncated" else 60_000)
    path.write_bytes(other)
    while file.grow():
        pass
    assert file.line_count == other.count(b"\n")
    assert {line.text for line in file.lines(0, 20)} == {"two"}


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


def test_a_line_of_ten_megabytes_and_a_million_empty_ones_cost_nothing() -> None:
    file = opened(b"a\n" + b"z" * 10_000_000 + b"\nb\n" + b"\n" * 1_000_000 + b"end\n")
    lines = file.lines(0, 4)
    assert [len(line.text) for line in lines] == [1, 4096, 1, 0]
    assert file.last(1)[0].text == "end"
    assert file.line_count == 1_000_004


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_hostile_corpus_is_shown_clean(width: int) -> None:
    source = MemorySource({"logs/[/x]\x1b[2J": CORPUS.read_bytes()})
    file = LogFile(source, "logs/[/x]\x1b[2J")
    file.grow()
    rows = file.lines(0, 1000)
    assert len(rows) == len(raw_lines())
    for options in (Options(), Options(filter="x"), Options(toggled=frozenset({"wrap"}))):
        body = logs.file("name", rows, width, 20, options, total=len(rows))
        assert all(is_clean(text_of(line)) for line in body.lines)
    listed = logs.files(tree_of(source), width, 20, Options())
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
