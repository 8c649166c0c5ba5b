"""The journal's lines: what is written is what is read."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arbitrary_events import EVENTS, KINDS, TEXT
from bscore.core import events as ev
from bscore.logtree import grammar
from bscore.logtree.fitting import CUT_MARK, cut, fit
from bscore.logtree.records import MAX_LINE_BYTES, JournalCrc, StrangeLine, decode, encode, level
from bscore.logtree.samples import PID, SAMPLES, THREAD

AT = 1_761_234_567_123_456
WORKER = "10.0.0.104/process003"


@pytest.mark.parametrize(("event", "line"), SAMPLES, ids=[type(event).__name__ for event, _ in SAMPLES])
def test_samples_read_the_same_in_both_directions(event: ev.Event, line: str) -> None:
    assert encode(event, PID, THREAD) == line.encode()
    assert decode(line.encode()) == event


def test_every_kind_of_event_has_a_sample() -> None:
    assert {type(event) for event, _ in SAMPLES} == set(KINDS)


@given(EVENTS, st.integers(0, 2**32), st.integers(0, 2**64))
@example(ev.FindingMade(AT, "x", "\ud83d\ude00"), 1, 1)
@example(ev.FindingMade(AT, "x", "\ud83d\U0001f600\udc00"), 1, 1)
@example(ev.FindingMade(AT, "us=999", " us=999"), 1, 1)
def test_what_is_written_is_read_back(event: ev.Event, pid: int, thread: int) -> None:
    line = encode(event, pid, thread)
    assert decode(line) == event
    assert decode(line[:-1]) == event


@given(EVENTS)
def test_a_line_is_one_printable_line(event: ev.Event) -> None:
    text = encode(event, PID, THREAD).decode()
    assert text.endswith("\n")
    assert text[:-1].isprintable()


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    assert decode(data) is not None


@given(EVENTS, st.data())
def test_a_damaged_line_is_a_value(event: ev.Event, data: st.DataObject) -> None:
    line = bytearray(encode(event, PID, THREAD))
    for _ in range(data.draw(st.integers(1, 3))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    assert decode(bytes(line)) is not None
    assert decode(bytes(line[: data.draw(st.integers(0, len(line)))])) is not None


@given(EVENTS, TEXT)
def test_keys_of_a_later_version_are_ignored(event: ev.Event, value: str) -> None:
    line = encode(event, PID, THREAD)
    later = line[:-8] + f" new_key2={grammar.text(value)}".encode() + line[-8:]
    assert decode(later) == event


def test_a_record_of_a_later_version_is_a_value() -> None:
    line = b'2025-10-23 15:49:27,123|INFO|1|2|Rebalanced nodes=3 by="a b" us=456\n'
    assert decode(line) == ev.UnknownEvent(AT, "Rebalanced", 'nodes=3 by="a b"')
    bare = b"2025-10-23 15:49:27,123|INFO|1|2|Rebalanced us=456\n"
    assert decode(bare) == ev.UnknownEvent(AT, "Rebalanced", "")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"2020-10-09 01:38:51,269|INFO|356|140501711763200|Start scheduling.\n",
        b"2025-10-23 15:49:27,123|INFO|1|2|NodeBack us=456\n",
        b"2025-13-23 15:49:27,123|INFO|1|2|NodeBack node=a us=456\n",
        b"2025-10-23 15:49:27,123|INFO|1|2|NodeBack node= us=456\n",
        b'2025-10-23 15:49:27,123|INFO|1|2|NodeBack node="a us=456\n',
        b"2025-10-23 15:49:27,123|INFO|1|2|NodeBack node=a us=456\nx",
        b"2025-10-23 15:49:27,123|INFO|1|2|NodeBack node=a us=456\n\n",
        b"2025-10-23 15:49:27,123|INFO|1|2|WorkerStarting worker=a pid=1_0 us=456\n",
        b"2025-10-23 15:49:27,123|INFO|1|2|WorkerStarting worker=a pid=+1 us=456\n",
        b"2025-10-23 15:49:27,123|INFO|1|2|Withdrawn worker=a ids=1--2 us=456\n",
        b"2025-10-23 15:49:27,123|INFO|1|2|Assigned worker=a ids=1,,2 us=456\n",
        b"2025-10-23 15:49:27,123|INFO|1|2|RunEnded outcome=Bored reason=x output=x us=456\n",
        b"2025-10-23 15:49:27,123|INFO|1|2|NodeBack node=\xff us=456\n",
    ],
)
def test_what_is_no_record_is_a_strange_line(line: bytes) -> None:
    assert isinstance(decode(line), StrangeLine)


def test_a_configuration_of_an_earlier_version_gets_the_default_limits() -> None:
    line = encode(SAMPLES[1][0], PID, THREAD)
    assert decode(line.replace(b" needs_results=yes", b"")) == SAMPLES[1][0]


@given(EVENTS)
def test_fit_leaves_alone_what_fits(event: ev.Event) -> None:
    assert fit(event) is event


@given(
    st.text(max_size=200),
    st.integers(0, 20_000),
    st.sampled_from(["x", "é", "\0", "\U000e0001", '"', "\ud800", "\udc00", "\ud800\udc00"]),
    st.integers(0, 20_000),
)
def test_fit_makes_every_line_fit(start: str, length: int, char: str, other: int) -> None:
    event = ev.AttemptFailed(
        AT, WORKER, 1, 1, ev.FailureKind.EXCEPTION, AT, 1, 1, 1, 1, "E", start + char * length, "p",
        "t", char * other, None, None, 0, 0, 0,
    )  # fmt: skip
    fitted = fit(event)
    line = encode(fitted, 10**10 - 1, 2**64 - 1)
    assert len(line) <= MAX_LINE_BYTES
    assert fit(fitted) is fitted
    assert decode(line) == fitted
    assert dataclasses.replace(fitted, message=event.message, item=event.item) == event
    if fitted is not event:
        assert len(line) > MAX_LINE_BYTES - 100
        assert CUT_MARK in fitted.message + fitted.item


@given(st.lists(st.text(min_size=1, max_size=30).map(lambda part: part * 200), max_size=60))
def test_fit_keeps_the_first_names_of_many(names: list[str]) -> None:
    fitted = fit(ev.InputsChanged(AT, 1, 2, 3, tuple(names)))
    assert isinstance(fitted, ev.InputsChanged)
    assert len(encode(fitted, PID, THREAD)) <= MAX_LINE_BYTES
    for kept, name in zip(fitted.first_names, names, strict=False):
        assert name.startswith(kept.removesuffix(CUT_MARK)) or kept == name


@given(TEXT, st.integers(8, 60))
def test_cut_keeps_the_longest_beginning(value: str, nbytes: int) -> None:
    short = cut(value, nbytes)
    assert len(grammar.text(short).encode()) <= nbytes
    if short != value:
        longer = value[: len(short)] + CUT_MARK
        assert value.startswith(short.removesuffix(CUT_MARK))
        assert len(grammar.text(longer).encode()) > nbytes


def test_an_undisturbed_mini_batch_costs_at_most_300_bytes() -> None:
    finished = ev.Finished(
        AT, WORKER, 12_345_678, 1, AT - 2_262_933, 2_262_827_191, 523_817_276, 87_925_033,
        100, 100, 100, 12_345, 1_234_567, 0, 0,
    )  # fmt: skip
    assigned = ev.Assigned(AT, WORKER, ((12_345_678, 1),))
    pid = 4_194_303
    assert len(encode(finished, pid, pid)) + len(encode(assigned, pid, pid)) <= 300


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (ev.RunEnded(AT, ev.Outcome.FAILED, "", ""), "ERROR"),
        (ev.RunEnded(AT, ev.Outcome.COMPLETED, "", ""), "INFO"),
        (ev.NodeLost(AT, "a", "b"), "ERROR"),
        (ev.WorkerGone(AT, "a", 0, None, "asked to stop", False), "INFO"),
        (ev.WorkerGone(AT, "a", 0, None, "it left", False, ordered=False), "WARNING"),
        (ev.WorkerGone(AT, "a", None, 9, "killed", False), "WARNING"),
        (ev.WorkerGone(AT, "a", 0, None, "ended before init()", True), "WARNING"),
        (ev.ClockJumped(AT, 1.0), "WARNING"),
        (ev.NodeBack(AT, "a"), "INFO"),
    ],
)
def test_the_level_says_how_bad_it_is(event: ev.Event, expected: str) -> None:
    assert level(event) == expected
    assert f"|{expected}|".encode() in encode(event, PID, THREAD)


@given(st.lists(st.binary(max_size=20), max_size=6))
def test_the_crc_counts_all_bytes_since_it_was_taken(chunks: list[bytes]) -> None:
    piecewise, whole = JournalCrc(), JournalCrc()
    for chunk in chunks:
        piecewise.add(chunk)
    whole.add(b"".join(chunks))
    assert piecewise.take() == whole.take()
    assert piecewise.take() == 0


@given(st.integers(-62_000_000_000, 253_000_000_000))
def test_seconds_read_the_same_in_both_directions(second: int) -> None:
    assert grammar.read_second(grammar.second_text(second)) == second


@pytest.mark.parametrize("ids", ["200-100000000000", "9-3", "3-3,2-1", "0-999999,5", "1" * 30])
def test_ids_that_no_record_can_name_are_damage_and_need_no_memory(ids: str) -> None:
    line = f"2026-09-21 10:00:00,000|INFO|1|1|Assigned worker=10.0.0.1/process000 ids={ids} us=000\n"
    assert isinstance(decode(line.encode()), StrangeLine)
