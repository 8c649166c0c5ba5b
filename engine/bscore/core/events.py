"""What can happen to a run, as frozen values. Each becomes one record of the journal.

Law of this file: an event holds exactly what its record holds, so `decode(encode(event)) == event`.
`at` is microseconds since 1970 UTC: the term's UTC start plus monotonic elapsed, never decreasing.
A worker is named `<node>/<process>`, for instance `127.0.0.1/process003`. Ids of mini-batches
count from 0. `pairs` are (first id, count) of consecutive ids.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bscore.core.limits import Limits

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from bscore.core.values import dataclass

FORMAT = 1


class Outcome(StrEnum):
    """How a run ended, in the cloud's spelling."""

    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"


class FailureKind(StrEnum):
    """Why an attempt failed."""

    #: run() raised.
    EXCEPTION = "exception"
    #: run() took longer than run_invocation_timeout + task_overhead_timeout.
    TIMEOUT = "timeout"
    #: The worker died while it ran this mini-batch.
    DIED = "died"
    #: run() returned something that is not a list, tuple or DataFrame.
    REJECTED = "rejected"
    #: run() returned fewer elements than items, and such returns are tried again.
    SHORT = "short"
    #: The node vanished while it ran this mini-batch.
    LOST = "lost"


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
    """The listing has got this far; both numbers are totals."""

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
class WorkerStarting:
    """A worker is being started; said with pid 0 when it is ordered, then with its pid by the agent."""

    at: int
    worker: str
    pid: int


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """The worker imported the script and ran init()."""

    at: int
    worker: str
    init_ns: int
    python: str


@dataclass(frozen=True, slots=True)
class InitFailed:
    """The script could not be imported, or its init() raised or took too long; WorkerGone follows."""

    at: int
    worker: str
    kind: FailureKind
    error_type: str
    message: str
    place: str
    trace: str


@dataclass(frozen=True, slots=True)
class WorkerStopping:
    """The worker was asked to stop, or is being killed; it gets no more work."""

    at: int
    worker: str
    reason: str


@dataclass(frozen=True, slots=True)
class WorkerGone:
    """The worker's process ended. `cause` is in words; prefetched mini-batches go back uncharged."""

    at: int
    worker: str
    exit_code: int | None
    signal: int | None
    cause: str
    #: True when it ended before it was ready, by a fault of the script or its environment.
    init_failed: bool
    #: True when its end was ordered and came in order: nobody's fault.
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Assigned:
    """Mini-batches were sent to a worker, behind those it already has."""

    at: int
    worker: str
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class WithdrawalAsked:
    """A busy worker is asked to give back mini-batches it has not begun."""

    at: int
    worker: str
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The worker gave them back, or never got them; uncharged."""

    at: int
    worker: str
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """run() returned something acceptable; its rows stand in the part file.

    `start` is when the worker picked it up (microseconds UTC); `elapsed_ns` pick-up to answer,
    `process_ns` processor time of that, `run_ns` run() alone. `stdout`, `stderr` and `log` are the
    bytes reached in the worker's three user files; -1 where the worker does not know.
    """

    at: int
    worker: str
    mini_batch: int
    attempt: int
    start: int
    elapsed_ns: int
    process_ns: int
    run_ns: int
    items: int
    succeeded: int
    rows: int
    nbytes: int
    stdout: int
    stderr: int
    log: int


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt is charged and brought no rows.

    `place` is the innermost frame of the script (`score.py:12 in run`), `trace` names the file and
    offset in the tree where the whole text stands (`logs/user/error/…@1234`), `item` the first item.
    """

    at: int
    worker: str
    mini_batch: int
    attempt: int
    kind: FailureKind
    start: int
    elapsed_ns: int
    process_ns: int
    run_ns: int
    items: int
    error_type: str
    message: str
    place: str
    trace: str
    item: str
    exit_code: int | None
    signal: int | None
    stdout: int
    stderr: int
    log: int


@dataclass(frozen=True, slots=True)
class MiniBatchAbandoned:
    """Its tries are used up, or somebody asked for it; it has no rows."""

    at: int
    mini_batch: int
    items: int
    reason: str


@dataclass(frozen=True, slots=True)
class RemainingAbandoned:
    """Somebody asked to end with what is done: every mini-batch not over yet is abandoned, running or not.

    `mini_batches` and `items` count what this gave up; what is listed later is given up by a further one.
    """

    at: int
    mini_batches: int
    items: int
    reason: str


@dataclass(frozen=True, slots=True)
class AbandonedReturned:
    """Whoever resumes asked for it: every mini-batch abandoned so far waits again, all tries are anew.

    `mini_batches` and `items` count what was abandoned; what failed less often has all its tries again too.
    """

    at: int
    mini_batches: int
    items: int


@dataclass(frozen=True, slots=True)
class AnswerDropped:
    """An answer came that is not current (an earlier term, attempt or worker)."""

    at: int
    worker: str
    mini_batch: int
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class StacksTaken:
    """The agent wrote the stacks of a worker's threads; `place` is the script's innermost frame."""

    at: int
    worker: str
    #: The mini-batch it was running; -1 for none.
    mini_batch: int
    place: str
    trace: str


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


Event = (
    TermStarted
    | RunConfigured
    | NodeJoined
    | NodeLost
    | NodeBack
    | MiniBatchesCreated
    | ListingFinished
    | ListingFailed
    | InputsChanged
    | WorkerStarting
    | WorkerReady
    | InitFailed
    | WorkerStopping
    | WorkerGone
    | Assigned
    | WithdrawalAsked
    | Withdrawn
    | Finished
    | AttemptFailed
    | MiniBatchAbandoned
    | RemainingAbandoned
    | AbandonedReturned
    | AnswerDropped
    | StacksTaken
    | Committed
    | RequestTaken
    | FindingMade
    | WarningsSeen
    | ClockJumped
    | Finalizing
    | RunEnded
    | UnknownEvent
)
