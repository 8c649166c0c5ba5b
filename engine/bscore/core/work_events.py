"""What can happen to workers and mini-batches."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from bscore.core.values import dataclass


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
    #: Items were missing when the job was resumed.
    MISSING = "missing"


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
    #: Whether it was the import of the script that failed, before init() was called.
    loading: bool = False


@dataclass(frozen=True, slots=True)
class WorkerStopping:
    """The worker was asked to stop, or is being killed; it gets no more work."""

    at: int
    worker: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShutdownFailed:
    """The script's shutdown() raised, did not end in time or ended its process; WorkerGone follows.

    Rows are not touched by it. Fields as in `AttemptFailed`.
    """

    at: int
    worker: str
    kind: FailureKind
    error_type: str
    message: str
    place: str
    trace: str


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
    #: Whether its end was ordered and came in order: nobody's fault. None: not known, in older journals.
    ordered: bool | None = None


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
class ItemsMissing:
    """Items of a mini-batch were missing when the job was resumed: it goes to a worker without them.

    `first` is the path of the first one. They count as failed once the mini-batch is over.
    """

    at: int
    mini_batch: int
    items: int
    first: str


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
class ColumnsSeen:
    """The first rows of a run, or a worker's rows, by their columns; the journal holds the run's first.

    `form` is `table` (a DataFrame; `columns` are its first names, cut, and `digest` stands for all of them; a
    `count` of -1: to_csv chooses them), `named` (the same, sorted: rows are joined by name), `rows` (lists or
    tuples of `count` elements), `mixed` (of several lengths, which are `columns`) or `values`.
    """

    at: int
    worker: str
    mini_batch: int
    form: str
    columns: tuple[str, ...]
    count: int
    digest: int


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt is charged and brought no rows.

    `place` is the innermost frame of the script (`score.py:12 in run`), `trace` names the file and
    offset in the tree where the whole text stands (`logs/user/error/…@1234`), `item` and `last_item` are the
    first and last item, `printed` is the one that stdout named last in this attempt ("": not known).
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
    last_item: str = ""
    printed: str = ""


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
