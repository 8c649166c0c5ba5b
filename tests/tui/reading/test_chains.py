"""A chain of exceptions is shown whole wherever a trace is shown, the final exception first."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscore.cli.progress import trace_lines
from bscore.logtree.source import LocalSource
from bscore.observe import chain_of, read_trace
from bscore_tui.reading.reader import JobReader
from bscore_tui.reading.traces import trace_page
from bscore_tui.views.styles import Options, text_of
from bscore_tui.views.trace import trace
from real_runs import make_job, run_here, run_of
from rigs import Rig

CHAINED = """
def parse(text):
    return int(text)
def load(path):
    try:
        parse("three")
    except ValueError as error:
        raise RuntimeError("cannot load") from error
def run(mini_batch):
    try:
        load(mini_batch[0])
    except RuntimeError:
        raise KeyError("result")
"""


def test_the_chain_of_an_exception_reaches_the_terminal_and_the_monitor(tmp_path: Path) -> None:
    job = make_job(tmp_path, CHAINED, items=5)
    assert run_here(job) == 1
    (group,) = run_of(job).errors.values()
    source = LocalSource(job.tree)
    said = "\n".join(trace_lines(source, group.trace))
    reader = JobReader(source)
    while reader.poll()[1]:
        pass
    (row,) = reader.model().errors
    page = trace(reader.model(), trace_page(source, row), 100, 40, Options()).lines
    shown = "\n".join(text_of(line) for line in page)
    order = [
        "KeyError",
        "while handling",
        "RuntimeError: cannot load",
        "caused by",
        "ValueError: invalid literal",
    ]
    for text in ("KeyError\n" + said, shown):
        places = [text.index(words) for words in order]
        assert places == sorted(places), text
    assert 'raise KeyError("result")' in said.partition("while handling")[0]
    assert "parse" in said.partition("caused by")[2]


@pytest.mark.parametrize("joint", ["from error", ""])
def test_a_message_with_empty_lines_and_times_is_read_whole(tmp_path: Path, joint: str) -> None:
    script = f"""
        def run(mini_batch):
            try:
                1 / 0
            except ZeroDivisionError as error:
                raise ValueError("first\\n\\n2026-01-01T00:00:00 not a headline\\n\\nlast") {joint}
    """
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a"], ["b"])
        rig.answered(2)
        for failed in rig.failures:
            text = read_trace(LocalSource(rig.tree), failed.trace).decode()
            assert text.endswith("last")
            final, cause = chain_of(text.splitlines()[1:])
            assert final.lines[-1] == "last"
            assert cause.lines[-1] == "ZeroDivisionError: division by zero"


def test_a_cause_that_was_never_raised_is_named(tmp_path: Path) -> None:
    script = "def run(mini_batch): raise KeyError('result') from ValueError('of the model')"
    with Rig(tmp_path, script) as rig:
        rig.assign(rig.start(), ["a"])
        rig.answered(1)
        said = trace_lines(LocalSource(rig.tree), rig.failures[0].trace)
        assert "    caused by ValueError: of the model" in said


def test_the_words_of_a_joint_in_a_message_join_nothing() -> None:
    words = "During handling of the above exception, another exception occurred:"
    lines = ["Traceback (most recent call last):", "ValueError: it said", "", words, "", "and no more"]
    (only,) = chain_of(lines)
    assert only.lines == tuple(lines)
    assert chain_of([])[0].joint == ""
