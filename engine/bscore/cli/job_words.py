"""A job in words, for a person at a terminal: the values of `job show`, most important first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bscore.cli.output import terminal_text
from bscore.core.counted import counted
from bscore.core.item_words import items_words
from bscore.logtree.kept import split_kept
from bscore.logtree.reports import given_up_words
from bscore.logtree.trees import in_commands

_LABEL = 14
_WORKERS_SHOWN = 8
_MESSAGES = 3
_MESSAGE_CHARS = 160


def words(value: dict[str, Any]) -> str:
    """The text of `bscore job show` for the values that it prints as json otherwise."""
    lines = [f"{value['name']}  {value['status']}"]
    reason = value["status_reason"].splitlines()
    lines += [_labelled("" if number else "why", text) for number, text in enumerate(reason)]
    if "mini_batches" in value:
        lines += [_labelled(name, text) for name, text in _facts(value) if text]
        lines += _errors(value)
        if value["findings"]:
            lines += ["", "Findings", *(f"  * {finding}" for finding in value["findings"])]
    lines += ["", *(_labelled(name, text) for name, text in _places(value) if text)]
    return "\n".join(terminal_text(line) for line in lines)


def _labelled(name: str, text: str) -> str:
    return f"  {name:<{_LABEL}}{text}"


def _facts(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "started", _started(value)
    yield "done", _done(value)
    for one in value["given_up"]:
        yield "given up", given_up_words(one["reason"], one["mini_batches"])
    items = value["items"]
    yield "too short", _short(value["mini_batches"]["short"])
    yield "items", f"{items['succeeded']:,} of {items['total']:,} succeeded, {items['failed']:,} failed"
    yield "rate", _rate(value)
    yield "end", _end(value)
    still = value["stands_still_seconds"]
    if still is not None:
        since = value["stands_still_since"][11:19]
        yield "stands still", f"nothing has finished since {since} UTC, for {_span(still)}"
    yield "next limit", value["next_limit"] or ""
    yield "late", ", ".join(f"mini-batch {number}" for number in value["late_mini_batches"])
    yield "slow", ", ".join(value["slow_workers"])
    yield "workers", _workers(value)
    for worker in value["workers"][:_WORKERS_SHOWN]:
        yield "", _worker(worker, _was(value))


def _started(value: dict[str, Any]) -> str:
    start = value["start_time"][:19].replace("T", " ")
    end = value["end_time"]
    if value["term"] > 1:
        return f"{start} UTC, ran {_span(value['ran_seconds'])} in {value['term']} terms"
    seconds = _span(value["duration_seconds"])
    took = (
        f", took {seconds}"
        if end
        else f", {seconds} ago"
        if value["master_alive"]
        else f", worked for {seconds}"
    )
    return f"{start} UTC{took}"


def _done(value: dict[str, Any]) -> str:
    batches = value["mini_batches"]
    at_least = "at least " if value["percent"] is None else ""
    so_far = f"{batches['done']:,} of {at_least}{counted(batches['total'], 'mini-batch')}"
    given_up = f", {batches['abandoned']:,} abandoned" if batches["abandoned"] else ""
    if value["percent"] is None:
        text = f"{so_far} (inputs are still being listed){given_up}"
    else:
        text = f"{value['percent']} %, {so_far}{given_up}"
    rest = [f"{count:,} {state}" for state, count in _open(value) if count]
    if batches["tried_again"]:
        rest.append(f"{batches['tried_again']:,} tried again")
    return ", ".join([text, *rest])


def _open(value: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """What is not over by its state; without a master nothing runs; after the end nothing waits."""
    running, waiting = value["mini_batches"]["running"], value["mini_batches"]["waiting"]
    if value["master_alive"] is False:
        running, waiting = 0, running + waiting
    yield "running", running
    yield "not finished" if value["end_time"] else "waiting", waiting


def _short(mini_batches: int) -> str:
    if not mini_batches:
        return ""
    which = counted(mini_batches, "mini-batch")
    return f"{which} returned fewer rows than items; the missing ones count as failed"


def _rate(value: dict[str, Any]) -> str:
    per_s = value["items_per_second"]
    since = ", since it was resumed" if value["resumed"] else ""
    return f"{per_s:,} items/s while it scored, on average{since}" if per_s else ""


def _end(value: dict[str, Any]) -> str:
    ends = value["estimated_end"]
    if ends is None:
        return ""
    latest = ends["latest"]
    at_the_latest = f"{latest[11:19]} UTC at the latest, if every retry times out" if latest else ""
    if not ends["from"]:
        return "; ".join(filter(None, (f"unknown: {ends['reason']}", at_the_latest)))
    if at_the_latest:
        return f"{at_the_latest} ({ends['confidence']}: {ends['reason']})"
    first, last = ends["from"], ends["to"]
    text = (
        f"between {first[11:19]} and {last[11:19]} UTC" if first[:19] != last[:19] else f"{first[11:19]} UTC"
    )
    why = f": {ends['reason']}" if ends["reason"] else ""
    return f"{text} ({ends['confidence']}{why})"


def _workers(value: dict[str, Any]) -> str:
    states: dict[str, int] = {}
    for worker in value["workers"]:
        states[worker["state"]] = states.get(worker["state"], 0) + 1
    parts = [f"{count:,} {_was(value, count)}{state}" for state, count in states.items()]
    if value["workers_gone"]:
        died = f" ({value['workers_died']:,} of them died)" if value["workers_died"] else ""
        parts.append(f"{value['workers_gone']:,} gone{died}")
    return ", ".join(parts)


def _was(value: dict[str, Any], count: int = 1) -> str:
    """Before the state of workers of which nobody knows what they do without their master."""
    if value["master_alive"] is not False:
        return ""
    return "was " if count == 1 else "were "


def _worker(worker: dict[str, Any], was: str) -> str:
    now = f", mini-batch {worker['mini_batch']} for {_span(worker['seconds'])}" if worker["seconds"] else ""
    failed = f", {worker['failed']:,} failed" if worker["failed"] else ""
    return f"{worker['name']}  {was}{worker['state']}{now}, {worker['finished']:,} done{failed}"


def _errors(value: dict[str, Any]) -> Iterator[str]:
    if value["errors"]:
        yield ""
        yield "Errors, most frequent first"
    for error in value["errors"]:
        kind = f"{error['type']}: " if error["type"] else ""
        message = error["message"].split("\n")[0][:_MESSAGE_CHARS]
        yield f"  {error['count']:>6,} x  {kind}{message}"
        first, phase = error["first_mini_batch"], "" if error["place"] else error["phase"]
        items = (error["first_item"], error["last_item"], error["first_items"], error["printed_item"])
        where = phase if first < 0 else f"first: mini-batch {first}"
        facts = [error["place"], where, items_words(*items)]
        yield f"            {', '.join(fact for fact in facts if fact)}"
        if error["trace"]:
            yield f"            {error['trace']}"
        yield from _messages(error)
    if value["other_errors"]:
        yield f"  {value['other_errors']:>6,} x  other errors"


def _messages(error: dict[str, Any]) -> Iterator[str]:
    """The messages of one error, where they are several; the most frequent first."""
    if len(error["messages"]) < 2:
        return
    ranked = sorted(error["messages"], key=lambda one: -one["count"])[:_MESSAGES]
    for one in ranked:
        message = one["message"].split("\n")[0][:_MESSAGE_CHARS]
        yield f"            {one['count']:>6,} x  {message}"
    rest = error["count"] - sum(one["count"] for one in ranked)
    if rest:
        yield f"            {rest:>6,} x  other messages"


def _places(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "directory", value["directory"]
    for number, line in enumerate(_output(value)):
        yield "" if number else "output", line
    yield "monitor", f"bscore-tui {in_commands(Path(value['directory']))}"
    yield "go on", value["go_on"] or ""


def _output(value: dict[str, Any]) -> list[str]:
    """Where the rows are, and which: nothing has its name before the run is Completed."""
    output, status = value.get("output"), value["status"]
    if not output or status == "Completed":
        return [output] if output else []
    rows = counted(value["committed_rows"], "row") if value["committed_rows"] else ""
    if status in ("Failed", "Canceled"):
        *others, last = split_kept(output)
        return [*others, f"{last} (not published{f', {rows}' if rows else ''})"]
    return [f"{output} (not yet{f'; {rows} are safe so far' if rows else ''})"]


def _span(seconds: float) -> str:
    """A duration as people say it: 4.2 s, 12 min 3 s, 2 h 5 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
