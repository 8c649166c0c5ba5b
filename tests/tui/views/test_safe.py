"""The only door: whatever comes in, nothing leaves that a terminal would obey."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore.logtree.source import MemorySource
from bscore_tui.reading.text_file import TextFile
from bscore_tui.views.safe import LIMIT, safe_lines, safe_text
from hostile import TEXTS, is_clean, raw_lines


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_hostile_text_comes_out_clean(text: str) -> None:
    assert is_clean(safe_text(text))


def test_every_line_of_the_corpus_comes_out_clean() -> None:
    assert all(is_clean(safe_text(line)) for line in raw_lines())


@given(st.binary(max_size=300) | st.text(st.characters(), max_size=300))
def test_any_text_comes_out_clean_and_stays_so(raw: bytes | str) -> None:
    once = safe_text(raw)
    assert is_clean(once)
    assert safe_text(once) == once
    assert len(once) <= LIMIT


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[1;31mred\x1b[0m text", "red text"),
        ("\x1b]0;title\x07rest", "rest"),
        ("a\x00b", "a␀b"),
        ("a\tb", "a       b"),
        ("[/x] [@click=app.quit]", "[/x] [@click=app.quit]"),
        (b"caf\xe9", "caf\ufffd"),
        ("\u202eabc", "\ufffdabc"),
    ],
)
def test_what_is_shown_instead(raw: bytes | str, shown: str) -> None:
    assert safe_text(raw) == shown


def test_a_line_of_ten_megabytes_is_cut_at_once() -> None:
    assert len(safe_text(b"\x1b[31mx" * 2_000_000)) <= LIMIT
    assert safe_text(b"x" * 10_000_000) == "x" * LIMIT


def test_of_a_line_that_was_drawn_over_the_last_state_is_shown() -> None:
    assert safe_lines(b"0 %\r50 %\r100 %\r\ndone\r\n\rtry\r   \r\n") == ["100 %", "done", "try"]
    text = TextFile(
        MemorySource({"f": b"".join(b"\r%d of 90000" % n for n in range(90_000)) + b"\nend\n"}), "f"
    )
    assert [line.data for line in text.forward(0)] == [b"89999 of 90000", b"end"]
    assert [line.data for line in text.backward(text.size())] == [b"end", b"89999 of 90000"]


def test_lines_are_split_and_counted() -> None:
    assert safe_lines(b"one\r\ntwo\x1b[0m\n\nfour\n", most=3) == ["one", "two", ""]
    assert len(safe_lines(b"\n" * 1_000_000, most=50)) <= 50
