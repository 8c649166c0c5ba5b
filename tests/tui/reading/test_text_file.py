"""Lines by offset: both directions give the lines of the file, whatever blocks they fall into."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore.logtree.source import MemorySource
from bscore_tui.reading import text_file
from bscore_tui.reading.text_file import LONG_LINE, TextFile


def _file(data: bytes) -> TextFile:
    return TextFile(MemorySource({"f": data}), "f")


def _lines(data: bytes) -> list[bytes]:
    pieces = data.split(b"\n")
    return pieces if pieces[-1] else pieces[:-1]


@given(
    st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line and b"\r" not in line)),
    st.booleans(),
)
def test_forward_and_backward_give_the_lines(lines: list[bytes], ended: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    data = data.removeprefix(b"\xef\xbb\xbf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_file, "BLOCK", 16)
        forward = list(_file(data).forward(0))
        backward = list(_file(data).backward(len(data)))
    assert [line.data for line in forward] == _lines(data)
    assert backward == forward[::-1]
    assert [line.offset for line in forward[1:]] == [line.end for line in forward[:-1]]


def test_any_line_start_is_a_beginning() -> None:
    data = b"".join(b"%d %s\n" % (number, b"x" * (number % 90)) for number in range(5000))
    file = _file(data)
    lines = list(file.forward(0))
    for line in lines[::500]:
        assert next(file.forward(line.offset)) == line
        assert next(file.backward(line.end)) == line


def test_an_endless_line_is_cut_and_the_next_one_found() -> None:
    data = b"a\n" + b"y" * (3 * 1024 * 1024) + b"\nb\n"
    forward = list(_file(data).forward(0))
    assert [len(line.data) for line in forward] == [1, LONG_LINE, 1]
    assert [line.offset for line in _file(data).backward(len(data))] == [len(data) - 2, 2, 0]


def test_a_record_is_its_prefixed_line_and_what_follows() -> None:
    data = b"2026-04-11 02:00:00 ERROR boom\n  at x\n  at y\n2026-04-11 02:00:01 fine\n"
    file = _file(data)
    assert [line.data for line in file.record(0)] == [b"2026-04-11 02:00:00 ERROR boom", b"  at x", b"  at y"]
    assert file.record_start(data.index(b"  at y")) == 0


def test_a_file_that_is_not_there_is_empty() -> None:
    file = TextFile(MemorySource({}), "f")
    assert (file.size(), list(file.forward(0)), list(file.backward(9))) == (0, [], [])
