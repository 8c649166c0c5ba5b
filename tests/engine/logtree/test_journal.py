"""The journal read back: as far as it can be trusted, and not one record further."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbitrary_events import EVENTS
from bscore.core import events as ev
from bscore.logtree import journal as reading
from bscore.logtree import paths
from bscore.logtree.journal import Trust, check_term, read_events, read_term, terms
from bscore.logtree.records import encode
from bscore.logtree.source import MemorySource
from journals import PID, THREAD, journal, started, tree

PLAIN = EVENTS.filter(lambda event: not isinstance(event, ev.TermStarted))
COMMITS = st.builds(
    ev.Committed,
    st.integers(0, 10**15),
    st.integers(0, 99),
    st.integers(0, 99),
    st.integers(0, 99),
    st.just(0),
)
HISTORY = st.lists(PLAIN | COMMITS, max_size=8)
HISTORIES = st.lists(HISTORY, min_size=1, max_size=4)


def beats(count: int, first: int = 0) -> list[ev.Event]:
    return [ev.NodeBack(first + number, "10.0.0.4") for number in range(count)]


def read_all(data: bytes, upto: int | None = None, start: int = 0) -> list[tuple[ev.Event, int]]:
    return list(read_term(MemorySource({"j": data}), "j", upto, start))


@given(HISTORIES, st.sampled_from([b"", b"torn rec", b"whole line\n"]))
def test_all_terms_are_read_in_order(histories: list[list[ev.Event]], garbage: bytes) -> None:
    events, files = tree(histories, garbage)
    assert list(read_events(MemorySource(files))) == events
    below = {f"jobs/one/{path}": data for path, data in files.items()}
    assert list(read_events(MemorySource(below), "jobs/one")) == events


@settings(max_examples=200)
@given(HISTORIES, st.data())
def test_any_prefix_of_the_files_reads_as_a_prefix_of_the_events(
    histories: list[list[ev.Event]], data: st.DataObject
) -> None:
    events, files = tree(histories)
    last = files[paths.JOURNAL]
    cut = data.draw(st.integers(0, len(last)))
    found = list(read_events(MemorySource({**files, paths.JOURNAL: last[:cut]})))
    assert found == events[: len(found)]
    missing = last[cut:].count(b"\n")
    assert len(events) - len(found) == missing


@given(HISTORY, st.data())
def test_a_damaged_byte_takes_back_all_that_is_not_proved(
    history: list[ev.Event], data: st.DataObject
) -> None:
    events, lines = journal([started(1, 0), *history, ev.Committed(5, 1, 1, 1, 0), *history[:2]])
    last_commit = max(index for index, event in enumerate(events) if isinstance(event, ev.Committed))
    hit = data.draw(st.integers(0, last_commit - 1).filter(lambda i: not isinstance(events[i], ev.Committed)))
    line = bytearray(lines[hit])
    byte = data.draw(st.integers(0, len(line) - 1))
    line[byte] ^= data.draw(st.integers(1, 255))
    whole = b"".join([*lines[:hit], bytes(line), *lines[hit + 1 :]])
    proved = max((i + 1 for i in range(hit) if isinstance(events[i], ev.Committed)), default=0)
    found = [event for event, _ in read_all(whole)]
    assert found[:proved] == events[:proved]
    joined_with_the_next = byte == len(line) - 1
    if b"|Committed " not in line and not joined_with_the_next:
        assert found == events[:proved]


def test_offsets_stand_behind_their_records_and_reading_may_begin_there() -> None:
    events, lines = journal([started(1, 0), *beats(3), ev.Committed(9, 4, 1, 1, 0), *beats(4, 10)])
    data = b"".join(lines)
    found = read_all(data)
    assert [event for event, _ in found] == events
    for index, (_, end) in enumerate(found):
        assert data[:end] == b"".join(lines[: index + 1])
        assert read_all(data, start=end) == found[index + 1 :]


def test_beginning_in_the_middle_still_proves_what_comes_later() -> None:
    commit = ev.Committed(9, 1, 1, 1, 0)
    _, lines = journal([started(1, 0), *beats(3), commit, *beats(3), commit, *beats(3), commit])
    data = b"".join(lines)
    start = len(b"".join(lines[:2]))
    broken = data[:-120].replace(b"us=002", b"us=003") + data[-120:]
    assert check_term(MemorySource({"j": data}), "j", start=start) == Trust(len(data), damaged=False)
    assert check_term(MemorySource({"j": broken}), "j", start=start).damaged
    after_commit = len(b"".join(lines[:5]))
    assert check_term(MemorySource({"j": broken}), "j", start=after_commit) == Trust(
        after_commit, damaged=True
    )
    assert read_all(broken, start=after_commit) == []


def test_a_strange_line_ends_the_unproved_part_only() -> None:
    strange = b"2020-10-09 01:38:51,269|INFO|356|140501711763200|Start scheduling.\n"
    events, lines = journal([started(1, 0), *beats(2)])
    found = read_all(b"".join(lines) + strange + lines[1])
    assert [event for event, _ in found] == events


def test_a_strange_line_within_the_proved_part_keeps_the_numbers() -> None:
    """A later version may write what this one cannot read; `upto_event` counts it all the same."""
    newer = b"2025-10-23 15:49:27,123|INFO|1|2|NodeBack address=10.0.0.4 us=456\n"
    _, lines = journal([started(1, 0)])
    crc = crc32(lines[0] + newer)
    commit = ev.Committed(7, 2, 0, 0, crc)
    _, [other] = journal([ev.NodeBack(8, "a")])
    data = lines[0] + newer + encode(commit, PID, THREAD) + other
    found = [event for event, _ in read_all(data)]
    assert found == [
        started(1, 0),
        ev.UnknownEvent(0, "StrangeLine", newer.decode()[:-1]),
        commit,
        ev.NodeBack(8, "a"),
    ]


def test_a_commit_that_is_only_quoted_proves_nothing() -> None:
    quoted = ev.FindingMade(3, "x", "see |Committed upto_event=1 part_bytes=1 rows=1 crc=1")
    events, lines = journal([started(1, 0), quoted, ev.Committed(4, 2, 0, 0, 0), quoted])
    assert [event for event, _ in read_all(b"".join(lines))] == events


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_blocks_of_any_size_read_the_same(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    events, lines = journal([started(1, 0), *beats(20), ev.Committed(9, 4, 1, 1, 0), *beats(4, 10)])
    monkeypatch.setattr(reading, "_BLOCK_BYTES", size)
    assert [event for event, _ in read_all(b"".join(lines))] == events


def test_a_file_without_lines_is_not_gathered_in_memory() -> None:
    class Endless(MemorySource):
        asked = 0

        def read(self, path: str, offset: int, n: int) -> bytes:
            self.asked += n
            return b"x" * n if path and offset >= 0 else b""

    source = Endless({})
    assert list(read_term(source, "j")) == []
    assert source.asked < 5_000_000


def test_a_late_writer_of_an_earlier_term_changes_nothing() -> None:
    events, files = tree([beats(3), beats(2, 5)])
    late = b"".join(journal([*beats(1, 7), ev.Committed(9, 1, 1, 1, 0)])[1])
    first = paths.journal_of_term(1)
    assert list(read_events(MemorySource({**files, first: files[first] + late}))) == events


def test_ten_terms_stand_in_the_order_of_their_numbers() -> None:
    histories: Sequence[list[ev.Event]] = [beats(1, number) for number in range(12)]
    events, files = tree(histories)
    source = MemorySource(files)
    assert list(read_events(source)) == events
    assert [term.term for term in terms(source)] == list(range(1, 13))


def test_a_master_that_died_before_its_first_line_leaves_the_earlier_terms() -> None:
    events, files = tree([beats(3), beats(2)])
    first = paths.journal_of_term(1)
    assert list(read_events(MemorySource({first: files[first], paths.JOURNAL: b"2025-10"}))) == events[:4]
    assert list(read_events(MemorySource({first: files[first]}))) == events[:4]
    assert list(read_events(MemorySource({}))) == []
