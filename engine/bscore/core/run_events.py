"""What can happen to a run as a whole: terms, nodes, inputs, commit points, requests, its end."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bscore.core.limits import Limits

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from bscore.core.values import dataclass


class Outcome(StrEnum):
    """How a run ended, in the cloud's spelling."""

    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"


@dataclass(frozen=True, slots=True)
class TermStarted:
    """The master began a term; everything before `previous_bytes` of the previous journal counts."""

    at: int
    job: str
    term: int
    format: int
    version: str
    host: str
    boot_id: str
    pid: int
    previous_bytes: int


@dataclass(frozen=True, slots=True)
class RunConfigured:
    """What runs, and by which limits. Said once a term, before anything is assigned."""

    at: int
    script: str
    #: Short digest of the script's folder, so that a later reader sees whether it changed.
    script_hash: str
    interpreter: str
    output: str
    mini_batch_size: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class EarlierRunFound:
    """An earlier run of the same script, which says how long mini-batches take until this run can.

    `durations_us`: from pick-up to answer, ascending; each stands for as many mini-batches as the next.
    `start_us`: the median of its workers from the start of their process until init() was over.
    """

    at: int
    job: str
    mini_batch_size: int
    durations_us: tuple[int, ...]
    start_us: int | None = None


@dataclass(frozen=True, slots=True)
class NodeJoined:
    """A node's agent is up and wants to run `workers` workers."""

    at: int
    node: str
    host: str
    cpus: int
    memory_mb: int
    workers: int


@dataclass(frozen=True, slots=True)
class NodeLost:
    """Nothing was heard of the node for longer than the limit; its workers are gone."""

    at: int
    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class NodeBack:
    """A lost node answered again; it starts with new workers."""

    at: int
    node: str


@dataclass(frozen=True, slots=True)
class MiniBatchesCreated:
    """The listing has got this far; both numbers are totals, the same ones while it is between two."""

    at: int
    mini_batches: int
    items: int


@dataclass(frozen=True, slots=True)
class ListingFinished:
    """There will be no more mini-batches than these."""

    at: int
    mini_batches: int
    items: int


@dataclass(frozen=True, slots=True)
class ListingFailed:
    """The inputs cannot be listed; the run cannot complete."""

    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class InputsChanged:
    """On resume: files of the manifest that are missing or changed, and new ones left out."""

    at: int
    missing: int
    changed: int
    added: int
    first_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """Rows and records up to event number `upto_event` of this run are safe on disk.

    `crc` is the CRC-32 of the journal's bytes since the last such record, this one not included.
    """

    at: int
    upto_event: int
    part_bytes: int
    rows: int
    crc: int


@dataclass(frozen=True, slots=True)
class RequestTaken:
    """The master answered a request out of `control/`; what was `granted` is carried out.

    `request` is the request's own name, empty for a signal.
    """

    at: int
    what: str
    arguments: str
    who: str
    where: str
    request: str = ""
    answer: str = ""
    granted: bool = True


@dataclass(frozen=True, slots=True)
class FindingMade:
    """A diagnosis with its remedy; `code` is stable, said once a run."""

    at: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class WarningsSeen:
    """Warnings of one node that source, category, shape and place have in common, since it last said so.

    `source` is `warnings` (the module), `logging` (records of the script's loggers from WARNING on), `agent`
    (a WARNING line of the node's own logs) or `other` (what fits into no group any more, the rest empty).
    `category` is `UserWarning`, `WARNING:root` or the log's name; `message` the first one's text. Said at the
    first, when the number has doubled, and when a worker ends. `worker` and `mini_batch` (-1: none) are those
    of the first.
    """

    at: int
    worker: str
    source: str
    category: str
    shape: str
    place: str
    message: str
    mini_batch: int
    count: int
    first_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class ClockJumped:
    """The wall clock moved against the monotonic one; times here stay on the latter."""

    at: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Finalizing:
    """Every row is committed; the output is about to get its name."""

    at: int
    nbytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is over; `output` is where its rows are."""

    at: int
    outcome: Outcome
    reason: str
    output: str


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A record of a name that this version does not know: kept as a value, changes nothing."""

    at: int
    name: str
    text: str
