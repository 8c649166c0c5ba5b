"""The page of a failure: every failure of a group, and of a death how it ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bscore.core import events as e
from bscore.core.diagnose import key_of
from bscore.logtree import paths
from bscore.logtree.source import MemorySource
from bscore.observe import read_trace
from bscore_tui.reading.reader import JobReader
from bscore_tui.reading.trace_text import parse_chain, parse_stack, parse_trace
from bscore_tui.reading.traces import trace_page
from bscore_tui.views.styles import Options, text_of
from bscore_tui.views.trace import trace
from histories import World, troubled
from tui_trees import journals_of, manifest_of


def _read(files: dict[str, bytes], now: int) -> JobReader:
    reader = JobReader(MemorySource(files), lambda: now)
    while reader.poll()[1]:
        pass
    return reader


def _text(reader: JobReader, page: object) -> str:
    lines = trace(reader.model(), page, 80, 40, Options()).lines  # type: ignore[arg-type]  # a TracePage
    return "\n".join(text_of(line) for line in lines)


@pytest.mark.parametrize("seed", [3, 8])
def test_each_failure_of_a_group_has_its_page_now_and_at_a_moment(seed: int) -> None:
    world = troubled(seed, mini_batches=80, checked=False)
    world.play()
    reader = _read(journals_of(world.history) | manifest_of(80, 3), world.now)
    failures = [event for event in world.history if isinstance(event, e.AttemptFailed | e.InitFailed)]
    some = failures[len(failures) // 2].at
    for row in reader.model().errors:
        own = [event for event in failures if key_of(event) == row.group]
        if not row.is_attempt:
            continue
        assert row.count == len(own)
        for number in {0, 1, len(own) - 1, len(own) + 5}:
            event = own[min(number, len(own) - 1)]
            page = trace_page(reader.source, row, number)
            assert (page.at, page.worker, page.number) == (event.at, event.worker, own.index(event))
            assert page.mini_batch == getattr(event, "mini_batch", None)
        first = trace_page(reader.source, row)
        for near in ((0, first.record), (0, "logs/sys/master_role.99.txt@0")):
            page = trace_page(reader.source, row, len(own) - 1, near=near)
            assert (page.at, page.number) == (own[-1].at, len(own) - 1)
        before = [event for event in own if event.at <= some]
        page = trace_page(reader.source, row, 10**6, until=some)
        assert page.at == (before[-1].at if before else None)


def test_a_trace_that_was_never_recorded_is_not_called_lost() -> None:
    world = troubled(3, mini_batches=80, checked=False)
    world.play()
    reader = _read(journals_of(world.history), world.now)
    for row in reader.model().errors:
        page = trace_page(reader.source, row)
        assert page.text == ()
        said = _text(reader, page)
        assert ("is not there" in said) == bool(page.pointer)
        assert ("no traceback was recorded" in said) == (not page.pointer)


def test_a_death_shows_its_reason_its_last_output_its_memory_and_its_last_stack() -> None:
    world = World(1, nodes=1, workers=1, mini_batches=4, checked=False)
    world.begin_term()
    while not world.run.workers or not next(iter(world.run.workers.values())).queue:
        world.step()
    name = next(iter(world.run.workers))
    node, process = paths.split_worker(name)
    mini_batch = world.run.workers[name].queue[0]
    stack = b"2026-01-01T00:00:00.0 stacks\nThread 0x1 (most recent call first):\n"
    stack += b'  File "/code/score.py", line 6 in fetch\n  File "/code/score.py", line 9 in run\n\n'
    world.now += 20_000_000
    world.happen(e.StacksTaken(world.now, name, mini_batch, "", f"{paths.user_error(node, process)}@0"))
    world.now += 10_000_000
    world.fail(name, e.FailureKind.DIED)
    died = world.history[-1]
    assert isinstance(died, e.AttemptFailed)
    reason = "signal 9 (SIGKILL): killed from outside, most often by the kernel because memory ran out"
    world.history[-1] = replace(
        died,
        start=died.at - 30_000_000,
        error_type="WorkerDied",
        message=reason,
        place="",
        trace="",
        signal=9,
        stdout=17,
    )
    moment = _iso(died.at - 3_000_000)
    heartbeat = "Utc Time,Name,Cpu Percent,Memory (MB),Memory Percent,Mini-batch Id,Running Seconds\n"
    heartbeat += f"{moment},node,64.0,6963.0,97.0,,\n{moment},{process},88.0,921.0,12.0,{mini_batch},30\n"
    files = journals_of(world.history) | {
        paths.user_stdout(node, process): b"loading\nasking..\n",
        paths.user_error(node, process): stack,
        paths.raw_stderr(node, process): b"free(): invalid pointer\n",
        paths.heartbeat(node): heartbeat.encode(),
    }
    reader = _read(files, world.now)
    said = _text(reader, trace_page(reader.source, reader.model().errors[0]))
    for words in (
        "memory ran out",
        "921 MB, node 6.8/7.0 GB (97 %)   0:03 before",
        "asking..",
        "free(): invalid pointer",
        "stack taken 0:10 before",
        "score.py:6 in fetch",
    ):
        assert words in said, said


def _iso(at: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat()


def test_a_trace_is_taken_apart_and_its_libraries_are_known() -> None:
    lines = [
        "2026-11-22T17:02:51 mini-batch 19, attempt 1",
        "Traceback (most recent call last):",
        '  File "/job/code/score.py", line 19, in run',
        "    out.append(helper(f))",
        "               ^^^^^^^^^",
        '  File "/usr/lib/python3.11/site-packages/pandas/core/series.py", line 3, in get',
        "    raise KeyError(key)",
        "KeyError: 'price'",
        "a note below",
    ]
    frames, error = parse_trace(lines)
    assert [(frame.line, frame.function, frame.library) for frame in frames] == [
        (19, "run", False),
        (3, "get", True),
    ]
    assert frames[0].code == "out.append(helper(f))"
    assert error == ("KeyError: 'price'", "a note below")
    assert parse_trace([]) == ((), ())


def test_of_a_chain_of_exceptions_all_are_shown_the_final_one_first() -> None:
    chain = """2026-11-27T17:39:27.4 mini-batch 1
Traceback (most recent call last):
  File "/x/score.py", line 1, in load
    open(path)
OSError: no such file

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/x/score.py", line 2, in price
    raise KeyError("price") from error
KeyError: 'price'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/x/score.py", line 3, in run
    raise ValueError("row 7")
ValueError: row 7"""
    source = MemorySource({"logs/user/error/n/p.txt": chain.encode() + b"\n\n2026-11-27T17:39:28.4 next\n"})
    text = read_trace(source, "logs/user/error/n/p.txt@0").decode().split("\n")
    assert [(one.link, one.frames[0].function, one.error) for one in parse_chain(text)] == [
        ("", "run", ("ValueError: row 7",)),
        ("raised while handling", "price", ("KeyError: 'price'",)),
        ("caused by", "load", ("OSError: no such file",)),
    ]


def test_a_crash_is_read_with_its_empty_lines_and_as_the_stack_of_the_thread_that_crashed() -> None:
    crash = b"2026-11-27T17:39:27.4 crash\nFatal Python error: Segmentation fault\n\n"
    crash += b'Thread 0x1 (most recent call first):\n  File "/x/score.py", line 1 in other\n\n'
    crash += b"Current thread 0x2 (most recent call first):\n"
    crash += b'  File "/usr/lib/python3.11/ctypes/a.py", line 5 in c\n'
    crash += b'  File "/x/score.py", line 15 in run\n'
    source = MemorySource({"logs/user/error/n/p.txt": crash + b"\n2026-11-27T17:39:28.4 next\nTraceback"})
    text = read_trace(source, "logs/user/error/n/p.txt@0").decode().split("\n")
    frames, error = parse_stack(text)
    assert [(frame.line, frame.function) for frame in frames] == [(15, "run"), (5, "c")]
    assert error == ("Fatal Python error: Segmentation fault",)
    assert parse_stack([]) == ((), ())
