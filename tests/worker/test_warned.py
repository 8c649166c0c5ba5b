"""Warnings of a script in groups: few messages for many warnings, and nothing that a warning could break."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore_worker.shapes import MAX_SHAPES_OF_PLACE
from bscore_worker.warned import MAX_GROUPS, Warned
from hostile import TEXTS

CODE = os.path.dirname(os.path.abspath(__file__))


SHOWN: list[int] = []


class Ear:
    """Stands where the agent would be; every row it hears, added up."""

    def __init__(self, fault: type[Exception] | None = None) -> None:
        self.messages = 0
        self.rows: list[tuple[Any, ...]] = []
        self.fault = fault
        self.busy = False

    def __call__(self, news: Callable[[], Any], _wait_s: float) -> None:
        if self.fault:
            raise self.fault
        for _, rows in [] if self.busy else news():
            self.messages += 1
            self.rows += rows

    def counts(self) -> dict[tuple[str, str, str], int]:
        """How often each source, category and shape was said."""
        found: dict[tuple[str, str, str], int] = {}
        for row in self.rows:
            found[row[:3]] = found.get(row[:3], 0) + row[6]
        return found


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def warned(ear: Ear) -> Iterator[Warned]:
    """A counter that listens in this process, until the test has ended; before what shows warnings else."""
    shown, handled = warnings.showwarning, logging.Logger.callHandlers
    warnings.showwarning = lambda *_, **__: SHOWN.append(1)
    SHOWN.clear()
    counter = Warned(CODE, ear)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        counter.install()
        yield counter
    warnings.showwarning = shown
    logging.Logger.callHandlers = handled  # type: ignore[method-assign]  # back to what it was


def quiet(name: str) -> logging.Logger:
    """A logger that nobody else in this process hears."""
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    return logger


def test_a_hundred_thousand_warnings_are_two_groups_and_few_messages(warned: Warned, ear: Ear) -> None:
    logger = quiet("bulk")
    for number in range(50_000):
        logger.warning("cannot read %s", f"file{number}.png")
        logger.warning(f"row {number} is empty")  # noqa: G004  # scripts do that
    warned.say(last=True)
    assert ear.counts() == {
        ("logging", "WARNING:bulk", "cannot read %s"): 50_000,
        ("logging", "WARNING:bulk", "row # is empty"): 50_000,
    }
    assert ear.messages < 100
    places = {row[3].partition(":")[0] + row[3].rpartition(" in ")[2] for row in ear.rows}
    assert places == {"test_warned.pytest_a_hundred_thousand_warnings_are_two_groups_and_few_messages"}
    assert ear.rows[0][4] == "cannot read file0.png", "the text is that of the first, written out"


def test_what_is_shown_is_counted_and_still_shown(warned: Warned, ear: Ear) -> None:
    for number in range(3):
        warnings.warn(f"slow path {number}", UserWarning, stacklevel=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.warn("hidden", UserWarning, stacklevel=1)
    with warnings.catch_warnings(record=True) as taken:
        warnings.warn("the script looks at this one itself", UserWarning, stacklevel=1)
    warned.say(last=True)
    assert len(taken) == 1
    assert ear.counts() == {("warnings", "UserWarning", "slow path #"): 3}
    assert len(SHOWN) == 3


def test_captured_warnings_are_warnings_still(warned: Warned, ear: Ear) -> None:
    logging.captureWarnings(True)
    try:
        warnings.warn("old call", DeprecationWarning, stacklevel=1)
    finally:
        logging.captureWarnings(False)
    assert [row[:3] for row in ear.rows] == [("warnings", "DeprecationWarning", "old call")]
    assert ear.rows[0][3].startswith("test_warned.py:")


def test_a_script_that_takes_the_handlers_away_is_heard_all_the_same(warned: Warned, ear: Ear) -> None:
    root = logging.getLogger()
    before = root.handlers[:]
    try:
        logging.basicConfig(force=True, handlers=[logging.NullHandler()])
        logging.getLogger("mine").error("broken pipe")
        logging.getLogger("mine").info("not a warning")
    finally:
        root.handlers[:] = before
    assert list(ear.counts()) == [("logging", "ERROR:mine", "broken pipe")]


def test_more_than_two_hundred_groups_are_other(warned: Warned, ear: Ear) -> None:
    for number in range(MAX_GROUPS + 300):
        letters = "".join(chr(ord("g") + int(digit)) for digit in str(number))
        warned._count_one("logging", "WARNING:x", letters, "", None)
    warned.say(last=True)
    counts = ear.counts()
    assert len(counts) == MAX_GROUPS + 1
    assert counts["other", "", ""] == 300


def test_one_line_with_endless_messages_is_a_few_groups_that_add_up(warned: Warned, ear: Ear) -> None:
    for number in range(520):
        letters = "".join(chr(ord("g") + int(digit)) for digit in str(number))
        warned._count_one("logging", "WARNING:x", letters, "score.py:3 in run", None)
    warned.say(last=True)
    counts = ear.counts()
    assert len(counts) == MAX_SHAPES_OF_PLACE + 1
    assert sum(counts.values()) == 520


class Nasty(UserWarning):
    """A warning that cannot be looked at."""

    def __str__(self) -> str:
        raise ValueError


def test_objects_that_cannot_be_looked_at_are_counted(warned: Warned, ear: Ear) -> None:
    warnings.showwarning(Nasty(), Nasty, __file__, 3)
    quiet("nasty").handle(
        logging.LogRecord("nasty", logging.WARNING, __file__, 3, "%d files", ("three",), None)
    )
    warned.say(last=True)
    assert ear.counts()["logging", "WARNING:nasty", "%d files"] == 1
    assert sum(ear.counts().values()) == 2


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_text_is_plain_and_short(warned: Warned, ear: Ear, text: str) -> None:
    warned._count_one("warnings", text, text, text, None)
    for part in ear.rows[0][:5]:
        assert type(part) is str
        part.encode()
        assert len(part) < 700


@given(texts=st.lists(st.text(max_size=30), max_size=40))
def test_nothing_is_lost_whatever_is_said(texts: list[str]) -> None:
    ear = Ear()
    counter = Warned(CODE, ear)
    for text in texts:
        counter._count_one("logging", "WARNING:x", text, "", None)
    counter.say(last=True)
    assert sum(ear.counts().values()) == len(texts)


def test_what_cannot_be_said_now_is_said_later(warned: Warned, ear: Ear) -> None:
    ear.busy = True
    for _ in range(5):
        warned._count_one("logging", "WARNING:x", "a", "", None)
    ear.busy = False
    warned.say(last=True)
    assert ear.counts() == {("logging", "WARNING:x", "a"): 5}


def test_without_an_agent_a_warning_still_works() -> None:
    counter = Warned(CODE, Ear(BrokenPipeError))
    for _ in range(3):
        counter._count_one("logging", "WARNING:x", "a", "", None)


def test_threads_lose_no_count(warned: Warned, ear: Ear) -> None:
    def many() -> None:
        for _ in range(2000):
            warned._count_one("logging", "WARNING:x", "a", "", None)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    warned.say(last=True)
    assert sum(ear.counts().values()) == 8000
