"""What the page of a failure reads: its trace or last stack, and what stood around that attempt. Slow."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from bscore.core.events import AttemptFailed, FailureKind, StacksTaken
from bscore.logtree import paths
from bscore.logtree.source import Source
from bscore.observe import (
    Failure,
    attempt_at,
    failures_of,
    items_of,
    read_trace,
    story_of,
)
from bscore.observe.traces import pointer
from bscore_tui.reading.notes import error_text
from bscore_tui.reading.stories import attempt_row, part_of, tail_of
from bscore_tui.reading.trace_text import parse_chain, parse_stack
from bscore_tui.reading.worker_memory import memory_then
from bscore_tui.views.model import ErrorRow
from bscore_tui.views.pages import ItemRow, TracePage
from bscore_tui.views.safe import safe_lines, safe_text

#: What a worker printed last is at the end of its files once it has died.
_TAIL_BYTES = 4096


def trace_page(
    source: Source,
    error: ErrorRow,
    number: int = 0,
    until: int | None = None,
    near: tuple[int, str] | None = None,
) -> TracePage:
    """The failure with this number (from 0) of a group, up to a moment; the last one of fewer.

    `near` is one that comes before it, or itself, and where its record stands: the search begins there.
    """
    before, found = near[0] if near else 0, list[Failure]()
    if near is not None:
        found = list(islice(failures_of(source, error.group, until, pointer(near[1])), number + 1 - before))
    if not found:
        before, found = 0, list(islice(failures_of(source, error.group, until), number + 1))
    if not found:
        return TracePage(error.key, pointer=error.trace, items=_items(source, error.first_mini_batch))
    failure, event = found[-1], found[-1].event
    page = TracePage(
        error.key,
        number=before + len(found) - 1,
        phase=error.phase,
        worker=safe_text(event.worker, 200),
        at=event.at,
        what=safe_text(error_text(event.error_type, event.message, 2000), 2000),
        pointer=event.trace,
        record=f"{failure.path}@{failure.offset}",
        died=event.kind in (FailureKind.DIED, FailureKind.TIMEOUT),
        memory=memory_then(source, event.worker, event.at),
    )
    page = _with_trace(page, safe_lines(read_trace(source, event.trace), most=2000))
    if not isinstance(event, AttemptFailed):
        return _with_tails(source, page, event.worker)
    return _with_attempt(source, page, failure, event)


def _with_trace(page: TracePage, text: list[str]) -> TracePage:
    final, *earlier = parse_chain(text)
    frames, rest = final.frames, final.error
    stack, above = parse_stack(text)
    if stack:
        frames, rest, earlier = stack, above, []
    return replace(page, text=tuple(text), frames=frames, error=rest, earlier=tuple(earlier))


def _with_attempt(source: Source, page: TracePage, failure: Failure, event: AttemptFailed) -> TracePage:
    """The page with what the attempt printed, its mini-batch's attempts and items, the stack taken last."""
    node, process = paths.split_worker(event.worker)
    attempt = attempt_at(source, failure.path, failure.offset, event)
    story = story_of(source, event.mini_batch)
    stacks = [
        other
        for other in story.others
        if isinstance(other, StacksTaken)
        and other.worker == event.worker
        and event.start <= other.at <= event.at
        and other.trace != event.trace
    ]
    page = replace(
        page,
        mini_batch=event.mini_batch,
        attempt=event.attempt,
        before=tuple(part_of(source, paths.user_stdout(node, process), attempt.stdout)),
        stderr=tuple(part_of(source, paths.user_stderr(node, process), attempt.stderr)),
        attempts=tuple(attempt_row(one) for one in story.attempts),
        items=_items(source, event.mini_batch),
    )
    if stacks:
        lines = safe_lines(read_trace(source, stacks[-1].trace), most=2000)
        page = replace(page, stack=parse_stack(lines)[0], stack_at=stacks[-1].at)
    if event.kind is FailureKind.DIED and not page.stderr:
        # What a library says before it ends the process goes to the descriptor itself.
        page = replace(page, stderr=tuple(tail_of(source, paths.raw_stderr(node, process), _TAIL_BYTES)))
    return page


def _with_tails(source: Source, page: TracePage, worker: str) -> TracePage:
    """The page with the end of what a worker printed that was not running a mini-batch."""
    node, process = paths.split_worker(worker)
    stderr = tail_of(source, paths.user_stderr(node, process), _TAIL_BYTES)
    return replace(
        page,
        before=tuple(tail_of(source, paths.user_stdout(node, process), _TAIL_BYTES)),
        stderr=tuple(stderr or tail_of(source, paths.raw_stderr(node, process), _TAIL_BYTES)),
    )


def _items(source: Source, mini_batch: int | None) -> tuple[ItemRow, ...]:
    found = [] if mini_batch is None else items_of(source, mini_batch)[:1000]
    return tuple(ItemRow(safe_text(item.path, 400), item.size, item.mtime_ns) for item in found)
