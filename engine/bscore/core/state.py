"""A run as a value: what is in flight, sets of what is over, counters. Nothing per finished mini-batch.

Only `reduce` changes a `Run`. Everything here is bounded by the number of live workers, by the
commit interval, or by a constant named below.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from bscore.core.events import ColumnsSeen, EarlierRunFound, FailureKind, Outcome, RunConfigured
from bscore.core.groups import ErrorGroup, WarningGroup
from bscore.core.ranges import Ranges

MAX_SLOWEST = 50
MAX_GAPS = 200
MAX_GONE = 1000
MAX_FINDINGS = 100
#: Mini-batches of which the last failed attempt is kept: those tried again, and the abandoned ones.
MAX_KEPT_TRIES = 500
#: Characters of what such an attempt failed with.
WHY_CHARS = 160
#: Reasons for giving up that are kept, how much of each, and what stands for those beyond.
MAX_REASONS = 20
REASON_CHARS = 200
OTHER_REASONS = "other reasons"
#: Durations kept of a worker (its median) and of the run (what is late).
RECENT_OF_WORKER = 20
RECENT_OF_RUN = 500
#: Failed attempts and starts of workers of which the run keeps the time.
RECENT_FAILED = 50
RECENT_STARTS = 20
#: Failures after which another worker has to start.
DEADLY = (FailureKind.DIED, FailureKind.TIMEOUT)
#: Mini-batches in flight of one worker: enough for 100 ms of its recent median.
IN_FLIGHT_NS = 100_000_000
MIN_IN_FLIGHT = 2
MAX_IN_FLIGHT = 32
#: Bucket k of the histogram counts run() of less than 2^k and at least 2^(k-1) microseconds.
HISTOGRAM_BUCKETS = 41


class Phase(StrEnum):
    """Where a living run is."""

    PREPARING = "Preparing"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    ENDED = "Ended"


class WorkerState(StrEnum):
    """What a worker is doing. A worker that is gone leaves `Run.workers` for `Run.gone`."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    STOPPING = "stopping"
    GONE = "gone"


@dataclass(slots=True)
class Worker:
    """One live worker. `queue` is what it has in flight, first the one it is running."""

    id: str
    node: str
    pid: int
    started: int
    state: WorkerState = WorkerState.STARTING
    #: When it entered `state`; for a busy one, when it began the first of `queue`.
    since: int = 0
    queue: deque[int] = field(default_factory=deque)
    depth: int = MIN_IN_FLIGHT
    init_ns: int = -1
    finished: int = 0
    items: int = 0
    failed: int = 0
    last_answer: int = 0
    recent_ns: deque[int] = field(default_factory=lambda: deque(maxlen=RECENT_OF_WORKER))
    stopping_reason: str = ""


@dataclass(frozen=True, slots=True)
class GoneWorker:
    """A worker whose process ended."""

    id: str
    pid: int
    at: int
    exit_code: int | None
    signal: int | None
    cause: str
    finished: int
    failed: int = 0
    #: How long its init() took; -1 where it never became ready.
    init_ns: int = -1


@dataclass(slots=True)
class Node:
    """A machine of the run. `next_process` is the number of the next worker started there."""

    id: str
    host: str
    cpus: int
    memory_mb: int
    workers: int
    live: bool = True
    next_process: int = 0
    #: Workers that ended before they answered anything, since the last answer; whether any was ready.
    init_failures: int = 0
    ever_ready: bool = False
    #: Index: its workers that are not gone.
    alive: int = 0
    lost_at: int = 0
    lost_reason: str = ""
    #: Mini-batches finished and attempts failed by its workers that are gone, however long ago.
    gone_finished: int = 0
    gone_failed: int = 0


@dataclass(slots=True)
class LastTry:
    """The last failed attempt of a mini-batch, and how many there were.

    Of an abandoned one `at` is when that was, and `reason` why. Without an attempt the texts are empty.
    """

    tries: int
    worker: str
    at: int
    why: str = ""
    place: str = ""
    reason: str = ""


@dataclass(slots=True)
class Charge:
    """Tries used up by an open mini-batch, and the worker of the last one."""

    tries: int
    worker: str
    items: int
    #: When the last one failed, with what, and at which line of the script.
    at: int = 0
    why: str = ""
    place: str = ""
    #: Whether a second try was given out, which counts the mini-batch once.
    again: bool = False


@dataclass(slots=True)
class Uncommitted:
    """A mini-batch that is done but whose rows are not yet behind a commit point."""

    event: int
    mini_batch: int
    items: int
    succeeded: int
    rows: int


@dataclass(slots=True)
class Slow:
    """One of the slowest finished mini-batches."""

    run_ns: int
    mini_batch: int
    worker: str
    at: int


@dataclass(slots=True)
class Scored:
    """What the last term that finished anything did, from its first work handed out to its last finish."""

    term: int = 0
    since: int = 0
    until: int = 0
    mini_batches: int = 0
    items: int = 0


@dataclass(slots=True)
class Gap:
    """Time between two terms, in which no master was at work (microseconds UTC)."""

    #: The last record of the term before, and the start of the next.
    since: int
    until: int
    #: The term before had come to its end; otherwise its master was killed.
    ended: bool


@dataclass(slots=True)
class Part:
    """Committed rows of one term."""

    term: int
    nbytes: int
    rows: int


@dataclass(slots=True)
class Run:
    """One execution of a job, folded from its events."""

    job: str = ""
    term: int = 0
    version: str = ""
    host: str = ""
    boot_id: str = ""
    pid: int = 0
    #: Start of the first term, start of this one, and the last event (microseconds UTC).
    started: int = 0
    term_started: int = 0
    last: int = 0
    #: The last `MAX_GAPS` gaps between terms, and how long all there were took together.
    gaps: deque[Gap] = field(default_factory=lambda: deque(maxlen=MAX_GAPS))
    idle_us: int = 0
    #: Events folded so far; the number of the last one.
    events: int = 0
    phase: Phase = Phase.PREPARING
    outcome: Outcome | None = None
    reason: str = ""
    output: str = ""
    config: RunConfigured | None = None
    earlier: EarlierRunFound | None = None

    mini_batches: int = 0
    items: int = 0
    listing_finished: bool = False
    listing_error: str = ""
    #: When the listing last showed progress in this term; 0 for never.
    listed_at: int = 0
    missing_items: int = 0
    changed_items: int = 0
    added_items: int = 0
    changed_names: tuple[str, ...] = ()
    #: First id never assigned; ids before it that wait again, the next first.
    next_new: int = 0
    returned: deque[int] = field(default_factory=deque)
    charges: dict[int, Charge] = field(default_factory=dict)
    withdrawing: set[int] = field(default_factory=set)
    #: Worker of each mini-batch in flight.
    in_flight: dict[int, str] = field(default_factory=dict)
    done: Ranges = field(default_factory=Ranges)
    abandoned: Ranges = field(default_factory=Ranges)
    #: Ids behind `next_new` that were abandoned before their turn; part of `abandoned`.
    ahead: Ranges = field(default_factory=Ranges)
    #: Why everything not over was abandoned in this term, what is listed later too; "" for no.
    rest_given_up: str = ""
    uncommitted: deque[Uncommitted] = field(default_factory=deque)
    parts: list[Part] = field(default_factory=list)
    #: Rows handed to the part files, committed or not.
    rows: int = 0
    #: The columns of its first rows; None where they are not known.
    columns: ColumnsSeen | None = None

    done_items: int = 0
    succeeded_items: int = 0
    abandoned_items: int = 0
    #: Abandoned mini-batches by the reason they were given up for.
    given_up: dict[str, int] = field(default_factory=dict)
    #: Done mini-batches that returned fewer elements than items.
    short: int = 0
    #: Mini-batches of which a second try was given out.
    retried: int = 0
    #: The last ones of those, over or not, and of the abandoned ones.
    tried_again: dict[int, LastTry] = field(default_factory=dict)
    last_tries: dict[int, LastTry] = field(default_factory=dict)
    failures: dict[FailureKind, int] = field(default_factory=dict)
    dropped: int = 0
    #: When work was first assigned and when a mini-batch was last done or abandoned; 0 for never.
    first_assigned: int = 0
    last_progress: int = 0
    scored: Scored = field(default_factory=Scored)
    #: Terms after the first that handed out work.
    resumes: int = 0

    nodes: dict[str, Node] = field(default_factory=dict)
    workers: dict[str, Worker] = field(default_factory=dict)
    #: Index: ready workers with fewer in flight than they may have; a dict keeps their order.
    hungry: dict[str, None] = field(default_factory=dict)
    gone: deque[GoneWorker] = field(default_factory=lambda: deque(maxlen=MAX_GONE))
    gone_count: int = 0
    #: Workers that ended badly by themselves, not because they were stopped.
    deaths: int = 0

    errors: dict[str, ErrorGroup] = field(default_factory=dict)
    other_errors: int = 0
    warnings: dict[str, WarningGroup] = field(default_factory=dict)
    other_warnings: int = 0
    findings: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, tuple[int, int, str, str]] = field(default_factory=dict)
    histogram: list[int] = field(default_factory=lambda: [0] * HISTOGRAM_BUCKETS)
    run_ns: int = 0
    longest_run_ns: int = 0
    #: Time of workers behind finished and behind failed attempts, from pick-up to answer, over all terms.
    finished_us: int = 0
    failed_us: int = 0
    recent_ns: deque[int] = field(default_factory=lambda: deque(maxlen=RECENT_OF_RUN))
    #: Of the last finished mini-batches: microseconds from pick-up to answer that were not run().
    recent_around_us: deque[int] = field(default_factory=lambda: deque(maxlen=RECENT_OF_RUN))
    #: Of the last failed attempts: microseconds from pick-up to the failure, and whether it cost the worker.
    recent_failed: deque[tuple[int, bool]] = field(default_factory=lambda: deque(maxlen=RECENT_FAILED))
    #: Of the last workers that got ready: microseconds from the start of the process until then.
    recent_starts_us: deque[int] = field(default_factory=lambda: deque(maxlen=RECENT_STARTS))
    slowest: list[Slow] = field(default_factory=list)
    requests: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    canceled_by: str = ""
    clock_jumps: int = 0
    unknown_events: int = 0

    def ran_us(self, until: int) -> int:
        """For how long masters were at work up to a moment of this term, or later (microseconds)."""
        return max(until - self.started - self.idle_us, 0)

    @property
    def waiting(self) -> int:
        """Mini-batches created that nobody has and that are not over."""
        return self.mini_batches - self.next_new - len(self.ahead) + len(self.returned)

    @property
    def over(self) -> int:
        """Mini-batches done or abandoned."""
        return len(self.done) + len(self.abandoned)

    @property
    def failed_items(self) -> int:
        """Items without a result, of mini-batches that are over."""
        return self.done_items - self.succeeded_items + self.abandoned_items

    @property
    def failed_mini_batches(self) -> int:
        """Mini-batches that count for allowed_failed_count: abandoned, or short of elements."""
        return len(self.abandoned) + self.short

    @property
    def exhausted(self) -> bool:
        """Every mini-batch there will be is done or abandoned."""
        return self.listing_finished and self.over == self.mini_batches

    @property
    def part(self) -> Part | None:
        """Committed rows of the current term."""
        return self.parts[-1] if self.parts and self.parts[-1].term == self.term else None

    @property
    def committed_bytes(self) -> int:
        """Bytes of rows that are safe, over all terms."""
        return sum(part.nbytes for part in self.parts)

    @property
    def committed_rows(self) -> int:
        """Rows that are safe, over all terms."""
        return sum(part.rows for part in self.parts)
