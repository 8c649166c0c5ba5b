"""What pages read on demand: a mini-batch's story, a worker's output. Slow."""

from __future__ import annotations

from bscore.core.events import AttemptFailed, Event, Finished, MiniBatchAbandoned, StacksTaken
from bscore.logtree import paths
from bscore.logtree.journal import terms
from bscore.logtree.source import Source
from bscore.observe import (
    Attempt,
    Story,
    events_before,
    find_items,
    items_of,
    offset_at,
    open_attempt,
    read_trace,
    story_of,
)
from bscore_tui.reading.blocks import next_stamp
from bscore_tui.reading.notes import error_text, note_of, worker_text
from bscore_tui.reading.trace_text import parse_stack
from bscore_tui.reading.worker_memory import memory_peak
from bscore_tui.views.model import WorkerRow
from bscore_tui.views.pages import AttemptRow, BatchStory, ItemRow, Moment, WorkerPage
from bscore_tui.views.safe import safe_lines, safe_text
from bscore_tui.views.styles import Options
from bscore_tui.views.words import nanoseconds, plural

#: What is shown of a worker's output at most.
OUTPUT_BYTES = 64 * 1024
MAX_OUTPUT_LINES = 400
#: How far before a moment a worker's last answer is looked for.
BACK_BYTES = 4 * 1024 * 1024


def batch_story(
    source: Source, mini_batch: int, until: int | None = None, running: WorkerRow | None = None
) -> BatchStory:
    """Everything about a mini-batch, from all sources, by time; up to the moment `until`.

    `running` is the worker that is at it, where there is one.
    """
    story = story_of(source, mini_batch, until)
    items = items_of(source, mini_batch)
    rows = tuple(attempt_row(attempt) for attempt in story.attempts)
    moments: list[Moment] = []
    of_try = 0
    if running is not None:
        moments, of_try = _open_moments(source, story, running, until), running.attempt or 0
    elif story.attempts:
        moments, of_try = _moments(source, story.attempts[-1], story.others), story.attempts[-1].event.attempt
    return BatchStory(
        mini_batch=mini_batch,
        attempts=rows,
        moments=tuple(moments),
        of_try=of_try,
        abandoned=any(isinstance(event, MiniBatchAbandoned) for event in story.others),
        done=any(isinstance(attempt.event, Finished) for attempt in story.attempts),
        items=tuple(ItemRow(safe_text(item.path, 400), item.size, item.mtime_ns) for item in items[:1000]),
        item_count=len(items) if items else None,
        others=tuple(note_of(event) for event in story.others),
    )


def attempt_row(attempt: Attempt) -> AttemptRow:
    """An attempt that is over, as a row."""
    event = attempt.event
    failed = isinstance(event, AttemptFailed)
    if isinstance(event, AttemptFailed):
        outcome = error_text(event.error_type, event.message)
    else:
        outcome = (
            "done" if event.succeeded == event.items else f"done, {event.succeeded} of {event.items} items"
        )
    return AttemptRow(
        attempt=event.attempt,
        worker=event.worker,
        start=event.start,
        at=event.at,
        run_ns=event.run_ns if event.run_ns > 0 or not failed else event.elapsed_ns,
        cpu_ns=event.process_ns,
        outcome=outcome,
        place=safe_text(event.place, 200) if isinstance(event, AttemptFailed) else "",
        trace=event.trace if isinstance(event, AttemptFailed) else "",
        failed=failed,
        items=event.items,
        log_path=attempt.path,
        log_offset=attempt.offset,
    )


def _moments(source: Source, attempt: Attempt, others: tuple[Event, ...]) -> list[Moment]:
    """The last attempt: given, picked up, what it printed, how it ended."""
    event = attempt.event
    before: list[Moment] = []
    found: list[Moment] = []
    if attempt.assigned is not None:
        before.append(Moment(attempt.assigned, "master", f"given to {worker_text(event.worker)}"))
    before.append(Moment(event.start, "worker", f"run() starts, {plural(event.items, 'item')}"))
    node, process = paths.split_worker(event.worker)
    for name, path, part in (
        ("stdout", paths.user_stdout(node, process), attempt.stdout),
        ("stderr", paths.user_stderr(node, process), attempt.stderr),
        ("log", paths.entry_script_log(node, process), attempt.log),
    ):
        before += [Moment(None, name, text) for text in part_of(source, path, part)]
    if isinstance(event, AttemptFailed):
        text = f"{error_text(event.error_type, event.message)}  {safe_text(event.place, 200)}".rstrip()
        found.append(Moment(event.at, "error", text))
    else:
        took = nanoseconds(event.run_ns, Options())
        found.append(
            Moment(
                event.at, "worker", f"run() ended after {took}: {event.succeeded} of {event.items} succeeded"
            )
        )
    found += [Moment(other.at, "master", note_of(other).text) for other in others if other.at >= event.start]
    return before + sorted(found, key=lambda moment: moment.at or 0)


def _open_moments(source: Source, story: Story, running: WorkerRow, until: int | None) -> list[Moment]:
    """The try that runs: given, picked up, what it printed so far, where it stood."""
    begun = open_attempt(source, story.mini_batch, running.id, until)
    moments: list[Moment] = []
    if begun.assigned is not None:
        moments.append(Moment(begun.assigned, "master", f"given to {worker_text(running.id)}"))
    moments.append(Moment(running.since, "worker", "run() starts"))
    node, process = paths.split_worker(running.id)
    files = (
        ("stdout", paths.user_stdout(node, process), begun.stdout),
        ("stderr", paths.user_stderr(node, process), begun.stderr),
        ("log", paths.entry_script_log(node, process), begun.log),
    )
    # Prints carry no time: what of them belongs to a moment of the past cannot be told.
    for name, path, start in files if until is None else ():
        entry = source.stat(path)
        if entry is not None and start >= 0:
            moments += [Moment(None, name, text) for text in part_of(source, path, (start, entry.size))]
    for other in story.others:
        if other.at >= running.since:
            moments.append(Moment(other.at, "master", note_of(other).text))
            moments += _stack(source, other)
    return moments


def _stack(source: Source, event: Event) -> list[Moment]:
    """The frames of taken stacks, the outermost first; where libraries stand, one line for all of a row."""
    if not isinstance(event, StacksTaken):
        return []
    frames, _ = parse_stack(safe_lines(read_trace(source, event.trace), most=2000))
    return [
        Moment(None, "stack", f"{frame.path.rpartition('/')[2]}:{frame.line} in {frame.function}")
        for frame in frames
        if not frame.library
    ]


def part_of(source: Source, path: str, part: tuple[int, int] | None) -> list[str]:
    """The last lines of some bytes of a file."""
    if part is None or part[1] <= part[0]:
        return []
    start = max(part[0], part[1] - OUTPUT_BYTES)
    data = source.read(path, start, part[1] - start)
    return safe_lines(data, most=MAX_OUTPUT_LINES) if data else []


def worker_page(source: Source, worker: str, at: int | None = None) -> WorkerPage:
    """The end of a worker's own log and of what the script printed there, now or as of a moment.

    Prints carry no time: of the past is shown what stood there when the worker answered last.
    """
    node, process = paths.split_worker(worker)
    log, stdout = paths.worker_log(node, process), paths.user_stdout(node, process)
    stderr = paths.user_stderr(node, process)
    if at is None:
        return WorkerPage(
            worker=worker,
            log=tuple(tail_of(source, log)),
            stdout=tuple(tail_of(source, stdout)),
            stderr=tuple(tail_of(source, stderr)),
            output_at=_last_change(source, node, process),
            memory_peak=memory_peak(source, worker),
        )
    answer = _last_answer(source, worker, at)
    return WorkerPage(
        worker=worker,
        log=tuple(tail_of(source, log, end=_offset_upto(source, log, at))),
        stdout=tuple(tail_of(source, stdout, end=answer.stdout)) if answer else (),
        stderr=tuple(tail_of(source, stderr, end=answer.stderr)) if answer else (),
        memory_peak=memory_peak(source, worker, at),
    )


def _last_answer(source: Source, worker: str, at: int) -> Finished | AttemptFailed | None:
    """What a worker answered last before a moment, in the term of that moment."""
    needle = b" worker=%b " % worker.encode()

    def is_answer(line: bytes) -> bool:
        return needle in line and (b"|Finished " in line or b"|AttemptFailed " in line)

    for term in reversed(terms(source)):
        end = offset_at(source, term.path, at, term.upto)
        if end:
            found = events_before(source, term.path, end, 1, is_answer, budget=BACK_BYTES)
            event = found[0][1] if found else None
            return event if isinstance(event, Finished | AttemptFailed) else None
    return None


def _offset_upto(source: Source, path: str, at: int) -> int:
    """The offset behind the last record of a log whose time is not later than a moment, by halving."""
    entry = source.stat(path)
    low, high = 0, entry.size if entry is not None else 0
    end = high
    while low < high:
        middle = (low + high) // 2
        found = next_stamp(source.read(path, middle, 8192) if middle else b"\n" + source.read(path, 0, 8192))
        if found is None or found[1] > at // 1_000_000:
            high = middle
            end = middle + found[0] - (not middle) if found is not None else end
        else:
            low = middle + found[0] + 1 - (not middle)
    return end


def _last_change(source: Source, node: str, process: str) -> int | None:
    """When the script's output last grew, by the file's own time (microseconds UTC)."""
    entries = [source.stat(paths.user_stdout(node, process)), source.stat(paths.user_stderr(node, process))]
    times = [
        entry.mtime_ns // 1000 for entry in entries if entry is not None and entry.size and entry.mtime_ns
    ]
    return max(times, default=None)


def tail_of(source: Source, path: str, nbytes: int = 8192, end: int | None = None) -> list[str]:
    """The last lines of a file, or of its part before an offset."""
    entry = source.stat(path)
    size = entry.size if entry is not None else 0
    size = size if end is None else min(size, max(end, 0))
    start = max(0, size - nbytes)
    data = source.read(path, start, size - start)
    if start:
        data = data[data.find(b"\n") + 1 :]
    return safe_lines(data, most=MAX_OUTPUT_LINES) if data else []


def last_output(source: Source, worker: str) -> tuple[str, int | None] | None:
    """The last line that the script printed on a worker, and when."""
    node, process = paths.split_worker(worker)
    lines = [line for line in tail_of(source, paths.user_stdout(node, process), 2048) if line.strip()]
    return (lines[-1], _last_change(source, node, process)) if lines else None


def find_batches(source: Source, text: str, most: int = 100) -> list[tuple[int, str]]:
    """(mini-batch, path) of items whose path holds a text."""
    return [(found.mini_batch, safe_text(found.path, 400)) for found in find_items(source, text, most)]
