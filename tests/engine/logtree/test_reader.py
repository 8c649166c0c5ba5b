"""Lines out of files: however they are cut, whatever becomes of the file."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bscore.logtree.reader import LONG_LINE_BYTES, Change, Line, LineReader, Tail, TailBatch
from bscore.logtree.source import LocalSource, MemorySource

PIECES = st.sampled_from(
    [
        b"a",
        b"\n",
        b"\r",
        b"\r\n",
        b"\xff",
        b"\0",
        "é…".encode(),
        b"\xef\xbb\xbf",
        b"|",
        b"<LONG>",
    ]
)
#: `<LONG>` stands for what `long` makes of it: Hypothesis should not print 64 KiB.
CONTENT = st.lists(PIECES, max_size=12).map(b"".join)


def long(data: bytes) -> bytes:
    return data.replace(b"<LONG>", b"x" * LONG_LINE_BYTES)


def tail_of(files: dict[str, bytes], path: str = "log.txt") -> Tail:
    return Tail(MemorySource(files), path)


def texts(batch: TailBatch) -> list[str]:
    return [line.text for line in batch.lines]


@given(CONTENT, st.lists(st.integers(0, 200_000), max_size=8))
def test_chunks_change_nothing(data: bytes, cuts: list[int]) -> None:
    data = long(data)
    whole = LineReader()
    expected = whole.feed(data)
    reader, found, start = LineReader(), [], 0
    for end in [*sorted(cuts), len(data)]:
        found += reader.feed(data[start:end])
        start = max(start, end)
    assert found == expected
    assert (reader.rest, reader.offset) == (whole.rest, whole.offset)


@given(st.lists(PIECES, max_size=20).map(b"".join))
def test_byte_by_byte_gives_the_same_lines(data: bytes) -> None:
    reader = LineReader()
    found = [line for index in range(len(data)) for line in reader.feed(data[index : index + 1])]
    assert found == LineReader().feed(data)


@given(CONTENT)
def test_offsets_point_at_the_lines(data: bytes) -> None:
    data = long(data)
    for line in LineReader().feed(data):
        assert data[line.offset :].lstrip(b"\xef\xbb\xbf").startswith(line.data.lstrip(b"\xef\xbb\xbf"))
        assert line.offset == 0 or data[line.offset - 1 : line.offset] == b"\n"


def test_a_long_line_is_cut_and_the_next_one_is_whole() -> None:
    lines = LineReader().feed(b"y" * (3 * LONG_LINE_BYTES) + b"\nnext\n")
    assert lines == [
        Line(0, b"y" * LONG_LINE_BYTES, long=True),
        Line(3 * LONG_LINE_BYTES + 1, b"next"),
    ]


def test_a_long_line_is_said_before_its_end_comes_and_holds_no_memory() -> None:
    reader = LineReader()
    assert [line.long for line in reader.feed(b"y" * (LONG_LINE_BYTES + 1))] == [True]
    assert reader.feed(b"y" * LONG_LINE_BYTES) == []
    assert reader.rest == b""
    assert [line.text for line in reader.feed(b"yy\nnext\n")] == ["next"]


def test_marks_and_strange_bytes_are_tolerated() -> None:
    lines = LineReader().feed(b"\xef\xbb\xbfone\r\ntwo\xff\n\n")
    assert [line.text for line in lines] == ["one", "two�", ""]


def test_a_growing_file_gives_each_line_once() -> None:
    files = {"log.txt": b"one\ntw"}
    tail = tail_of(files)
    assert texts(tail.poll()) == ["one"]
    assert tail.rest == b"tw"
    assert texts(tail.poll()) == []
    files["log.txt"] += b"o\nthree\n"
    assert texts(tail.poll()) == ["two", "three"]


def test_one_poll_reads_no_more_than_its_share() -> None:
    tail = tail_of({"log.txt": b"12\n45\n78\n"})
    first = tail.poll(limit=4)
    assert (texts(first), first.more) == (["12"], True)
    second = tail.poll(limit=5)
    assert (texts(second), second.more) == (["45", "78"], False)


def test_a_file_cut_short_is_read_anew() -> None:
    files = {"log.txt": b"one\ntwo\n"}
    tail = tail_of(files)
    tail.poll()
    files["log.txt"] = b"new\n"
    batch = tail.poll()
    assert (batch.change, batch.generation, texts(batch)) == (Change.TRUNCATED, 1, ["new"])


def test_a_file_cut_short_and_grown_beyond_is_noticed_by_its_bytes() -> None:
    files = {"log.txt": b"one\ntwo\n"}
    tail = tail_of(files)
    tail.poll()
    files["log.txt"] = b"other one\nother two\n"
    batch = tail.poll()
    assert (batch.change, texts(batch)) == (Change.TRUNCATED, ["other one", "other two"])


def test_a_vanished_file_is_said_once_and_its_successor_is_read_from_its_start() -> None:
    files = {"log.txt": b"one\n"}
    tail = tail_of(files)
    tail.poll()
    del files["log.txt"]
    assert [tail.poll().change for _ in range(2)] == [Change.VANISHED, Change.NOTHING]
    files["log.txt"] = b"one\nagain\n"
    batch = tail.poll()
    assert (batch.change, texts(batch)) == (Change.REPLACED, ["one", "again"])


def test_a_file_that_is_not_there_yet_is_waited_for() -> None:
    files: dict[str, bytes] = {}
    tail = tail_of(files)
    assert tail.poll().change is Change.NOTHING
    files["log.txt"] = b"one\n"
    batch = tail.poll()
    assert (batch.change, batch.generation, texts(batch)) == (Change.NOTHING, 0, ["one"])


def test_a_rotated_file_is_read_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"one\n")
    tail = Tail(LocalSource(tmp_path), "log.txt")
    assert texts(tail.poll()) == ["one"]
    log.rename(tmp_path / "log.1.txt")
    log.write_bytes(b"one\nsecond file\n")
    batch = tail.poll()
    assert (batch.change, batch.generation, texts(batch)) == (Change.REPLACED, 1, ["one", "second file"])


def test_tailing_may_begin_in_the_middle() -> None:
    tail = Tail(MemorySource({"log.txt": b"one\ntwo\n"}), "log.txt", offset=4)
    assert tail.poll().lines == [Line(4, b"two")]


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.sampled_from(["grow", "cut", "gone"]), CONTENT), max_size=4),
    st.sampled_from([20_000, 65_536, 70_000]),
)
def test_after_any_fate_the_last_generation_is_the_file(fates: list[tuple[str, bytes]], limit: int) -> None:
    files: dict[str, bytes] = {}
    tail = tail_of(files)
    lines: list[Line] = []
    generation = 0
    for fate, data in [*fates, ("grow", b"")]:
        if fate == "grow":
            files["log.txt"] = files.get("log.txt", b"") + long(data)
        elif fate == "cut":
            files["log.txt"] = b""
        else:
            files.pop("log.txt", None)
        while True:
            batch = tail.poll(limit)
            if batch.generation != generation:
                generation, lines = batch.generation, []
            lines += batch.lines
            if not batch.more:
                break
    assert lines == LineReader().feed(files["log.txt"])
