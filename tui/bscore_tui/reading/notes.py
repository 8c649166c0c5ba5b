"""Records of the journal in words, as the master pane and the Logs screen show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bscore.core import events as e
from bscore.logtree.records import level
from bscore_tui.views.model import Note, TermGap
from bscore_tui.views.safe import safe_text as safe
from bscore_tui.views.words import batch_name, plural, span

_LEVELS = {"ERROR": "E", "WARNING": "W", "INFO": ""}


def worker_text(worker: str) -> str:
    """`10.0.0.7 process002`."""
    return safe(worker, 200).replace("/", " ")


def error_text(error_type: str, message: str, limit: int = 400) -> str:
    """`KeyError: 'price'`, or the message alone where there is no type."""
    first = safe(message.strip().split("\n", 1)[0], limit)
    kind = safe(error_type, 200)
    if not kind:
        return first or "failed"
    return f"{kind}: {first}" if first else kind


def note_of(event: e.Event, path: str = "", offset: int = 0) -> Note:
    """A record in words. Never raises; a kind without words is shown by its name."""
    words, target = _WORDS.get(type(event), _other)(event)
    return Note(event.at, _LEVELS[_loudness(event)], words, target, path, offset)


def with_gaps(notes: Sequence[Note], gaps: Sequence[TermGap], at: int) -> tuple[Note, ...]:
    """Notes, the newest first, with those of masters that were killed up to a moment: they left none."""
    oldest = notes[-1].at if notes else at
    killed = [gap for gap in gaps if not gap.ended and oldest <= gap.since <= at]
    found = [*notes, *(Note(gap.since, "E", _killed(gap, at), "", "", -n) for n, gap in enumerate(killed, 1))]
    # As stable as it is: of one moment the record comes before the death behind it.
    return tuple(sorted(found, key=lambda note: -note.at)) if killed else tuple(notes)


def _killed(gap: TermGap, at: int) -> str:
    then = "" if at < gap.until else f"; resumed after {span((gap.until - gap.since) / 1e6)}"
    return f"the master was gone from here on{then}"


def _loudness(event: e.Event) -> str:
    if isinstance(event, e.AttemptFailed) and event.kind in (e.FailureKind.TIMEOUT, e.FailureKind.LOST):
        return "WARNING"
    if isinstance(event, e.WorkerGone) and event.signal is not None and not event.ordered:
        return "ERROR"
    if isinstance(event, e.WarningsSeen) and event.source == "agent":
        return "INFO"  # Most of these tell of what the master has a record of its own.
    return level(event)


Words = tuple[str, str]


def _batch(mini_batch: int) -> str:
    return f"mb:{mini_batch}" if mini_batch >= 0 else ""


def _term(event: e.TermStarted) -> Words:
    where = f"on {safe(event.host, 100)}, process {event.pid}"
    if event.term > 1:
        return f"job resumed, term {event.term}, {where}", ""
    return f"job started {where}", ""


def _configured(event: e.RunConfigured) -> Words:
    limits = event.limits
    items = plural(event.mini_batch_size, "item")
    return (
        f"{safe(event.script, 200)}: {items} per mini-batch, {limits.tries} tries, "
        f"time-out {limits.run_invocation_timeout_s:g} s + {limits.task_overhead_timeout_s:g} s"
    ), ""


def _earlier(event: e.EarlierRunFound) -> Words:
    return f"durations known from the earlier run {safe(event.job, 100)}", ""


def _joined(event: e.NodeJoined) -> Words:
    return (
        f"node {safe(event.node, 100)} joined: {plural(event.workers, 'worker')}, "
        f"{plural(event.cpus, 'CPU')}, "
        f"{event.memory_mb / 1024:.1f} GB"
    ), f"node:{event.node}"


def _listing(event: e.ListingFinished) -> Words:
    items = plural(event.items, "item")
    return f"listing finished: {items}, {plural(event.mini_batches, 'mini-batch', 'mini-batches')}", ""


def _changed(event: e.InputsChanged) -> Words:
    names = ", ".join(safe(name, 80) for name in event.first_names[:3])
    text = f"inputs: {event.missing:,} missing, {event.changed:,} changed, {event.added:,} new and left out"
    return f"{text}: {names}" if names else text, ""


def _missing(event: e.ItemsMissing) -> Words:
    items = plural(event.items, "item")
    text = f"{items} missing when the job was resumed, first {safe(event.first, 300)}"
    return f"mini-batch {event.mini_batch}: {text}", _batch(event.mini_batch)


def _ready(event: e.WorkerReady) -> Words:
    text = f"{worker_text(event.worker)} ready, init() took {event.init_ns / 1e9:.1f} s"
    return text, f"worker:{event.worker}"


def _init_failed(event: e.InitFailed) -> Words:
    what = error_text(event.error_type, event.message)
    step = "the script cannot be imported" if event.loading else "init() failed"
    return f"{worker_text(event.worker)}: {step}: {what} {safe(event.place, 200)}", (f"worker:{event.worker}")


def _shutdown_failed(event: e.ShutdownFailed) -> Words:
    what = error_text(event.error_type, event.message)
    text = f"{worker_text(event.worker)}: shutdown() failed: {what} {safe(event.place, 200)}"
    return text.rstrip(), f"worker:{event.worker}"


def _gone(event: e.WorkerGone) -> Words:
    how = safe(event.cause, 300) or "ended"
    return f"{worker_text(event.worker)} gone: {how}", f"worker:{event.worker}"


def _finished(event: e.Finished) -> Words:
    tried = f" on try {event.attempt}" if event.attempt > 1 else ""
    got = f", {event.succeeded} of {event.items} items" if event.succeeded != event.items else ""
    where = f"{worker_text(event.worker)}, {event.run_ns / 1e9:.3g} s"
    return f"{batch_name(event.mini_batch)} done{tried}{got}  {where}", _batch(event.mini_batch)


def _failed(event: e.AttemptFailed) -> Words:
    what = error_text(event.error_type, event.message)
    head = f"{batch_name(event.mini_batch)} failed, try {event.attempt}"
    return f"{head}: {what} {safe(event.place, 200)}".rstrip(), _batch(event.mini_batch)


def _assigned(event: e.Assigned) -> Words:
    first = event.pairs[0][0] if event.pairs else -1
    number = sum(count for _, count in event.pairs)
    what = batch_name(first) if number == 1 else f"{number} mini-batches from {first:,}"
    return f"{what} given to {worker_text(event.worker)}", _batch(first)


def _abandoned(event: e.MiniBatchAbandoned) -> Words:
    text = (
        f"{batch_name(event.mini_batch)} abandoned, {plural(event.items, 'item')}: {safe(event.reason, 300)}"
    )
    return text, _batch(event.mini_batch)


def _columns(event: e.ColumnsSeen) -> Words:
    names = ", ".join(safe(name, 60) for name in event.columns[:6])
    more = f" and {event.count - 6:,} more" if event.form != "mixed" and event.count > 6 else ""
    frame = f"a DataFrame with columns {names}{more}" if names else "a DataFrame"
    forms = {"table": frame, "named": frame, "mixed": f"rows of {names} elements"}
    forms["rows"] = f"rows of {plural(event.count, 'element')}"
    text = forms.get(event.form, "single values")
    return f"{batch_name(event.mini_batch)} returned the first rows: {text}", _batch(event.mini_batch)


def _stacks(event: e.StacksTaken) -> Words:
    return (
        f"stacks of {worker_text(event.worker)} taken: {safe(event.place, 200)}",
        f"worker:{event.worker}",
    )


def _remaining(event: e.RemainingAbandoned) -> Words:
    what = plural(event.mini_batches, "mini-batch", "mini-batches")
    reason = f": {safe(event.reason, 300)}" if event.reason else ""
    return f"all that was left is abandoned, {what}, {plural(event.items, 'item')}{reason}", ""


def _request(event: e.RequestTaken) -> Words:
    what = f"{safe(event.what, 60)} {safe(event.arguments, 200)}".rstrip()
    asked = f"{what}, asked for by {safe(event.who, 60)} {safe(event.where, 60)}".rstrip()
    refused = "" if event.granted else "refused"
    answer = " ".join(part for part in (refused, safe(event.answer, 300)) if part)
    return f"{asked}: {answer}" if answer else asked, ""


def _ended(event: e.RunEnded) -> Words:
    return f"{event.outcome.value}. {safe(event.reason, 400)}".rstrip(), ""


def _warned(event: e.WarningsSeen) -> Words:
    category = "" if event.source == "agent" else event.category
    text = error_text(category, event.message) if category or event.message else "other warnings"
    times = f", {event.count:,} times" if event.count > 1 else ""
    place = f"  {safe(event.place, 200)}" if event.place else ""
    node, _, process = event.worker.rpartition("/")
    who = f"log of {safe(node, 100)}" if process == "_main" else worker_text(event.worker)
    return f"{who}: {text}{place}{times}", _batch(event.mini_batch)


def _other(event: Any) -> Words:
    parts = [
        f"{name}={safe(str(getattr(event, name)), 200)}"
        for name in getattr(type(event), "__slots__", ())
        if name != "at"
    ]
    return " ".join([type(event).__name__, *parts])[:1000], ""


_WORDS: dict[type, Callable[[Any], Words]] = {
    e.TermStarted: _term,
    e.RunConfigured: _configured,
    e.EarlierRunFound: _earlier,
    e.NodeJoined: _joined,
    e.NodeLost: lambda v: (
        f"node {safe(v.node, 100)} lost: {safe(v.reason, 300)}",
        f"node:{v.node}",
    ),
    e.NodeBack: lambda v: (f"node {safe(v.node, 100)} is back", f"node:{v.node}"),
    e.MiniBatchesCreated: lambda v: (f"{v.mini_batches:,} mini-batches listed so far", ""),
    e.ListingFinished: _listing,
    e.ListingFailed: lambda v: (f"the inputs cannot be listed: {safe(v.reason, 400)}", ""),
    e.InputsChanged: _changed,
    e.WorkerStarting: lambda v: (f"{worker_text(v.worker)} starts", f"worker:{v.worker}"),
    e.WorkerReady: _ready,
    e.InitFailed: _init_failed,
    e.ShutdownFailed: _shutdown_failed,
    e.WorkerStopping: lambda v: (
        f"{worker_text(v.worker)} stops: {safe(v.reason, 300)}",
        f"worker:{v.worker}",
    ),
    e.WorkerGone: _gone,
    e.Assigned: _assigned,
    e.Finished: _finished,
    e.AttemptFailed: _failed,
    e.ItemsMissing: _missing,
    e.MiniBatchAbandoned: _abandoned,
    e.AbandonedReturned: lambda v: (
        f"tried again: {plural(v.mini_batches, 'abandoned mini-batch', 'abandoned mini-batches')}",
        "",
    ),
    e.StacksTaken: _stacks,
    e.Committed: lambda v: (f"{v.rows:,} rows are safe, {v.part_bytes:,} bytes", ""),
    e.RequestTaken: _request,
    e.RemainingAbandoned: _remaining,
    e.WarningsSeen: _warned,
    e.ColumnsSeen: _columns,
    e.FindingMade: lambda v: (f"finding: {safe(v.text, 600)}", ""),
    e.ClockJumped: lambda v: (f"the wall clock jumped by {v.seconds:g} s", ""),
    e.Finalizing: lambda v: (f"publishing {v.rows:,} rows, {v.nbytes:,} bytes", ""),
    e.RunEnded: _ended,
    e.UnknownEvent: lambda v: (f"{safe(v.name, 60)} {safe(v.text, 600)}", ""),
}
