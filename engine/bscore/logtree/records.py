"""Records of the journal: one line per event, both directions. Pure: no clock, no file.

Law: `decode(encode(event)) == event` for every event; a line that is not one of ours is a value
(`StrangeLine`), never an exception. Durations (`took`, `cpu`, `run`) are nanoseconds, `late` is the
microseconds between the worker's end of an attempt and the record's time, `us` the microseconds of
that time below its millisecond. `Finished` leaves out what is usual: `try` of 1, `ok` equal to
`items`, `rows` equal to `ok`.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import MISSING, dataclass
from typing import Any, get_args
from zlib import crc32

from bscore.core import events as ev
from bscore.core.events import Assigned, Event, Finished, Outcome, UnknownEvent
from bscore.core.limits import Limits
from bscore.logtree import grammar
from bscore.logtree.fields import columns
from bscore.logtree.grammar import pairs, read_second, second_text, word

#: A whole line with its newline, in bytes; texts are cut by `fit` so that it holds.
MAX_LINE_BYTES = 8192

_ERRORS = (
    ev.AttemptFailed,
    ev.InitFailed,
    ev.ItemsMissing,
    ev.MiniBatchAbandoned,
    ev.ListingFailed,
    ev.NodeLost,
    ev.ShutdownFailed,
)
_WARNINGS = (ev.AnswerDropped, ev.ClockJumped, ev.FindingMade, ev.RemainingAbandoned, ev.WarningsSeen)


@dataclass(frozen=True, slots=True)
class StrangeLine:
    """A line of a journal that is no record: foreign, torn or damaged."""

    text: str


class JournalCrc:
    """CRC-32 of the journal's bytes since the last `Committed`, as its next record will carry it."""

    __slots__ = ("_crc",)

    def __init__(self) -> None:
        self._crc = 0

    def add(self, data: bytes) -> None:
        """Count whole lines just appended; a `Committed` line itself is never counted."""
        self._crc = crc32(data, self._crc)

    @property
    def value(self) -> int:
        """The CRC-32 counted so far."""
        return self._crc

    def take(self) -> int:
        """The value for the `Committed` that is written now; counting begins anew."""
        crc, self._crc = self._crc, 0
        return crc


_RECORDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}
_COLUMNS = {kind: columns(kind) for kind in _RECORDS.values()}
_LIMITS = columns(Limits)
#: Fields that came later: left out where they hold this value, and so decoded where they are missing.
_LATER = {
    kind: {field.name: field.default for field in dataclasses.fields(kind) if field.default is not MISSING}
    for kind in _RECORDS.values()
}


def level(event: Event) -> str:
    """How loud the event's line is: ERROR, WARNING or INFO."""
    if isinstance(event, _ERRORS) or (isinstance(event, ev.RunEnded) and event.outcome is Outcome.FAILED):
        return "ERROR"
    if isinstance(event, ev.WorkerGone):
        clean = event.exit_code == 0 and event.signal is None if event.ordered is None else event.ordered
        return "INFO" if clean and not event.init_failed else "WARNING"
    return "WARNING" if isinstance(event, _WARNINGS) else "INFO"


def encode(event: Event, pid: int, thread: int) -> bytes:
    """The event's line, newline included, as process `pid` and thread `thread` write it.

    At most 8 KiB when the event went through `fit`. `at` must lie in the years 1 to 9999.
    """
    second, below = divmod(event.at, 1_000_000)
    millis, us = divmod(below, 1000)
    if type(event) is Finished:
        body = _finished_body(event)
        return f"{second_text(second)},{millis:03d}|INFO|{pid}|{thread}|{body} us={us:03d}\n".encode()
    if type(event) is Assigned:
        body = f"Assigned worker={word(event.worker)} ids={pairs(event.pairs)}"
    else:
        body = _body(event)
    return f"{second_text(second)},{millis:03d}|{level(event)}|{pid}|{thread}|{body} us={us:03d}\n".encode()


def _finished_body(event: Finished) -> str:
    items, succeeded, took = event.items, event.succeeded, event.elapsed_ns
    attempt = "" if event.attempt == 1 else f" try={event.attempt}"
    counts = "" if succeeded == items else f" ok={succeeded}"
    if event.rows != succeeded:
        counts += f" rows={event.rows}"
    return (
        f"Finished id={event.mini_batch}{attempt} worker={word(event.worker)}"
        f" late={event.at - event.start - took // 1000} took={took} cpu={event.process_ns} run={event.run_ns}"
        f" items={items}{counts} bytes={event.nbytes} logs={event.stdout},{event.stderr},{event.log}"
    )


def _body(event: Event) -> str:
    kind = type(event)
    parts = [kind.__name__]
    for name, key, write, _ in _COLUMNS[kind]:
        value = getattr(event, name)
        if _LATER[kind].get(name, MISSING) != value:
            parts.append(f"{key}={write(value)}")
    if isinstance(event, ev.RunConfigured):
        parts += [f"{key}={write(getattr(event.limits, name))}" for name, key, write, _ in _LIMITS]
    elif isinstance(event, ev.AttemptFailed):
        parts.append(f"late={event.at - event.start - event.elapsed_ns // 1000}")
    return " ".join(parts)


_STAMP = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3})\|"
_HEAD = re.compile(_STAMP + r"[A-Z]+\|\d+\|\d+\|(\w+)(?: (.*))? us=(\d{3})", re.ASCII)
_FINISHED = re.compile(
    _STAMP + r"INFO\|\d+\|\d+\|Finished id=(\d+)(?: try=(\d+))? worker=([^ \"]+) late=(-?\d+) took=(\d+)"
    r" cpu=(\d+) run=(\d+) items=(\d+)(?: ok=(\d+))?(?: rows=(\d+))? bytes=(\d+)"
    r" logs=(-?\d+),(-?\d+),(-?\d+) us=(\d{3})",
    re.ASCII,
)
_ASSIGNED = re.compile(
    _STAMP + r"INFO\|\d+\|\d+\|Assigned worker=([^ \"]+) ids=([\d,-]*) us=(\d{3})", re.ASCII
)


def decode(line: bytes) -> Event | StrangeLine:
    """The event of a line (with or without its newline), or the line itself as a `StrangeLine`.

    A record of an unknown name is an `UnknownEvent`; unknown keys are ignored.
    """
    try:
        content = line.decode()
    except UnicodeDecodeError:
        return StrangeLine(line.decode(errors="replace").rstrip("\n"))
    content = content.removesuffix("\n")
    try:
        return _hot(content) or _cold(content)
    except ValueError:
        return StrangeLine(content)


def _hot(content: str) -> Event | None:
    match = _FINISHED.fullmatch(content)
    if match is None:
        match = _ASSIGNED.fullmatch(content)
        if match is None:
            return None
        stamp, millis, worker, ids, us = match.groups()
        return Assigned(_at(stamp, millis, us), worker, grammar.read_pairs(ids))
    (stamp, millis, mini_batch, attempt, worker, late, took, cpu, run, items, ok, rows, nbytes,
     out, err, log, us) = match.groups()  # fmt: skip  # one name per group, in their order
    at = _at(stamp, millis, us)
    elapsed_ns = int(took)
    total = int(items)
    succeeded = total if ok is None else int(ok)
    return Finished(
        at,
        worker,
        int(mini_batch),
        1 if attempt is None else int(attempt),
        at - int(late) - elapsed_ns // 1000,
        elapsed_ns,
        int(cpu),
        int(run),
        total,
        succeeded,
        succeeded if rows is None else int(rows),
        int(nbytes),
        int(out),
        int(err),
        int(log),
    )


def _at(stamp: str, millis: str, us: str) -> int:
    return read_second(stamp) * 1_000_000 + int(millis + us)


def _cold(content: str) -> Event | StrangeLine:
    match = _HEAD.fullmatch(content)
    if match is None:
        return StrangeLine(content)
    stamp, millis, name, body, us = match.groups()
    at = _at(stamp, millis, us)
    kind = _RECORDS.get(name)
    if kind is None:
        return UnknownEvent(at, name, body or "")
    raw = grammar.read_values(body or "")
    if kind is Finished:
        raw = _usual(raw)
    try:
        values = {
            n: read(raw[key]) for n, key, _, read in _COLUMNS[kind] if key in raw or n not in _LATER[kind]
        }
        if kind is ev.RunConfigured:
            limits = {name: read(raw[key]) for name, key, _, read in _LIMITS if key in raw}
            values["limits"] = Limits(**limits)
        elif "elapsed_ns" in values:
            values["start"] = at - grammar.read_int(raw["late"]) - values["elapsed_ns"] // 1000
    except KeyError:
        return StrangeLine(content)
    event: Event = kind(at=at, **values)
    return event


def _usual(raw: dict[str, str]) -> dict[str, str]:
    """What a `Finished` leaves out because it is usual."""
    logs = raw.get("logs", "").split(",")
    if len(logs) == 3:
        raw = raw | dict(zip(("stdout", "stderr", "log"), logs, strict=True))
    raw.setdefault("try", "1")
    if "items" in raw:
        raw.setdefault("ok", raw["items"])
    if "ok" in raw:
        raw.setdefault("rows", raw["ok"])
    return raw
