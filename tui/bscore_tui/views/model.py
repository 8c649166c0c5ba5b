"""Everything the screens show of a job at one moment, as frozen values. None is unknown.

Texts from outside went through `safe_text` when these were built. Times are microseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bscore.core.events import FailureKind
from bscore.core.groups import SHUTDOWN
from bscore_tui.views.earlier import Earlier
from bscore_tui.views.finding import Finding, NextEvent
from bscore_tui.views.limits import Limits
from bscore_tui.views.master import SilentMaster

#: `BatchRow.why` of one that a worker has but has not begun.
NEXT_FOR = "next for"
#: `Model.damage` of a job that was deleted while it was watched.
GONE = "the files of this job are gone"


class Face(StrEnum):
    """Which of its faces the Overview shows; the state of the job chooses it."""

    PREPARING = "preparing"
    RUNNING = "running"
    STANDING = "standing still"
    ENDED = "ended"
    NOT_RESPONDING = "not responding"


class Mode(StrEnum):
    """Which moment is shown."""

    LIVE = "LIVE"
    FROZEN = "FROZEN"
    REPLAY = "REPLAY"
    END = "END"
    #: The journal is still being read; what is shown is as of the part read so far.
    READING = "READING"
    #: Nobody works on the run though it has not ended: what is shown is as of its last record.
    SILENT = "LAST SEEN"


#: Modes in which nothing of the past is shown.
STILL = (Mode.LIVE, Mode.END, Mode.READING, Mode.SILENT)
#: Modes in which what is shown is not how it is now.
PAST = (Mode.FROZEN, Mode.REPLAY)


@dataclass(frozen=True, slots=True)
class TermGap:
    """Time between two terms, in which no master was at work."""

    since: int
    until: int
    #: The term before had come to its end; otherwise its master was killed.
    ended: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """Mini-batches over, attempts failed and workers lost per equal step of time."""

    start: int = 0
    step: int = 1_000_000
    over: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()
    #: When the first mini-batch was given out; 0 for not yet.
    running: int = 0
    #: Moments a person marked.
    marks: tuple[int, ...] = ()
    #: While the journal is being scanned: counts are complete only from here on. 0: all are.
    known_from: int = 0
    gaps: tuple[TermGap, ...] = ()

    def gap_at(self, at: int) -> TermGap | None:
        """The gap that a moment lies in."""
        return next((gap for gap in self.gaps if gap.since < at < gap.until), None)

    def idle_us(self, at: int) -> int:
        """For how long no master was at work before a moment."""
        return sum(min(at, gap.until) - gap.since for gap in self.gaps if gap.since < at)


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker, living or gone."""

    id: str
    node: str
    process: str
    #: starting, idle, busy, stopping, gone
    state: str
    #: `!` late or slow, `x` gone and not replaced, or nothing.
    sign: str
    since: int
    #: What it runs takes longer than nearly all did; all it ran took longer than the others' did.
    late: bool = False
    slow: bool = False
    pid: int | None = None
    mini_batch: int | None = None
    attempt: int | None = None
    #: Mini-batches it has but has not begun.
    queued: int = 0
    done: int = 0
    failed: int = 0
    items_s: float | None = None
    median_ns: int | None = None
    init_ns: int | None = None
    cpu_percent: float | None = None
    memory_mb: float | None = None
    #: Innermost frame of the script when its stacks were taken, when, and where they stand.
    stack: str = ""
    stack_at: int | None = None
    trace: str = ""
    #: Why it is gone or stopping, how slow it is.
    cause: str = ""
    last_output: str | None = None
    last_output_at: int | None = None


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node with its workers, most deviating first."""

    id: str
    host: str
    live: bool
    sign: str
    workers: tuple[WorkerRow, ...]
    #: Gone workers worth a row, the last gone first.
    gone: tuple[WorkerRow, ...]
    wanted: int
    done: int | None
    #: Attempts that failed there; None where nobody who knows is left.
    failed: int | None
    #: Of its busy workers while they are in run(), and what it finished lately, its share of the job's rate.
    items_s: float | None = None
    finished_s: float | None = None
    cpus: int | None = None
    cpu_percent: float | None = None
    memory_mb: float | None = None
    memory_total_mb: float | None = None
    disk_mb_s: float | None = None
    network_mb_s: float | None = None
    #: Samples at equal steps, the last one the newest: CPU and memory in percent, the rates in MB/s.
    cpu: tuple[float | None, ...] = ()
    memory: tuple[float | None, ...] = ()
    disk: tuple[float | None, ...] = ()
    network: tuple[float | None, ...] = ()
    memory_peak_mb: float | None = None
    memory_peak_at: int | None = None
    sample_at: int | None = None
    #: Seconds between two samples; None while there are fewer than two.
    sample_step_s: float | None = None
    lost_reason: str = ""
    #: The other gone workers, shown only to those who look for them.
    past: tuple[WorkerRow, ...] = ()

    @property
    def known(self) -> tuple[WorkerRow, ...]:
        """Every worker, living or gone."""
        return (*self.workers, *self.gone, *self.past)


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """Failed attempts of one cause."""

    key: str
    kind: str
    what: str
    place: str
    count: int
    first_at: int
    last_at: int
    #: None where no mini-batch was running.
    first_mini_batch: int | None
    first_attempt: int
    worker: str
    trace: str
    item: str
    folder: str
    nodes: tuple[str, ...]
    #: What all of them share though they need not, in words.
    common: tuple[str, ...] = ()
    #: (count, message) of their messages, the most frequent first; empty where all are alike.
    messages: tuple[tuple[int, str], ...] = ()
    #: The key of the group in the run itself; never shown.
    group: str = ""
    #: Of the first failure: its items in words, and the one that stdout named last.
    items: str = ""
    printed: str = ""
    #: What a worker was at where no mini-batch was running: `init()`, …
    phase: str = ""

    @property
    def is_attempt(self) -> bool:
        """Whether the count is of attempts to score."""
        return self.counts == "attempt"

    @property
    def counts(self) -> str:
        """What is counted: attempts, items that were missing, workers whose shutdown() failed."""
        if self.kind == FailureKind.MISSING:
            return "item"
        return "worker" if self.phase == SHUTDOWN else "attempt"


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One mini-batch in a list."""

    mini_batch: int
    #: running, waiting (not finished, once the job has ended), abandoned, done
    state: str
    attempt: int | None = None
    since: int | None = None
    run_ns: int | None = None
    items: int | None = None
    worker: str = ""
    why: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """One notable record in words."""

    at: int
    #: "", "W" or "E"
    level: str
    text: str
    #: Where enter leads, and the record itself in its file.
    target: str = ""
    path: str = ""
    offset: int = 0

    @property
    def name(self) -> str:
        """What no other note of the job is called."""
        return f"{self.path}@{self.offset}"


@dataclass(frozen=True, slots=True)
class Model:
    """A job at the moment `at`."""

    job: str
    face: Face
    mode: Mode
    #: Preparing, Running, Finalizing, Completed, Failed, Canceled, NotResponding
    state: str
    at: int
    #: The present, where `at` is not it.
    now: int
    #: What a command calls the job: its name, or its folder where the name would lead to another one.
    called: str = ""
    #: How fast `at` moves on by itself, in seconds a second; None: it stands, or is the present.
    speed: float | None = None
    started: int | None = None
    ended: int | None = None
    script: str = ""
    interpreter: str = ""
    output: str = ""
    reason: str = ""
    #: Whether it would fail again however it is resumed.
    fails_again: bool = False
    term: int = 0
    last: int = 0
    #: The process of a master that does not respond, where it can be seen from here.
    silent_master: SilentMaster | None = None
    #: The part file that a resume would miss; empty where all are there.
    lost_rows: str | None = None
    limits: Limits = field(default_factory=Limits)
    #: How much of the journals is read, 1.0 for all; why they are not believed any further.
    read_share: float = 1.0
    damage: str = ""
    #: The last record of the whole run, whatever moment is shown, and whether it ended or fell silent there.
    horizon: int = 0
    over_at_horizon: bool = False

    mini_batch_size: int | None = None
    mini_batches: int | None = None
    items: int | None = None
    listed: bool = False
    listing_items_s: float | None = None
    done: int = 0
    running: int = 0
    waiting: int = 0
    abandoned: int = 0
    #: Mini-batches that gave fewer rows than items.
    short: int = 0
    retried: int = 0
    done_items: int = 0
    abandoned_items: int = 0
    failed_items: int = 0
    rows: int = 0
    committed_rows: int = 0
    restarts: int = 0

    items_s: float | None = None
    batches_s: float | None = None
    #: Between which moments it will end; likely, rough or unknown; and why it is not known better.
    ends: tuple[int, int] | None = None
    end_confidence: str = ""
    end_reason: str = ""
    latest_end: int | None = None
    busy_percent: float | None = None
    median_ns: int | None = None
    p95_ns: int | None = None
    p99_ns: int | None = None
    longest_ns: int | None = None
    init_ns: int | None = None
    outside_ns: int | None = None
    #: Durations of the last mini-batches, for the histogram (nanoseconds).
    recent_ns: tuple[int, ...] = ()
    #: Where it stands still: since when nothing was finished or abandoned.
    still_since: int | None = None
    next_events: tuple[NextEvent, ...] = ()

    #: The job before this one; read once this one is over.
    earlier: Earlier | None = None
    findings: tuple[Finding, ...] = ()
    errors: tuple[ErrorRow, ...] = ()
    other_errors: int = 0
    #: How often anything was warned of, in how many kinds; the most frequent kind.
    warnings: int = 0
    warning_kinds: int = 0
    warning: str = ""
    nodes: tuple[NodeRow, ...] = ()
    running_batches: tuple[BatchRow, ...] = ()
    waiting_batches: tuple[BatchRow, ...] = ()
    retried_batches: tuple[BatchRow, ...] = ()
    abandoned_batches: tuple[BatchRow, ...] = ()
    #: The last finished ones.
    done_batches: tuple[BatchRow, ...] = ()
    slowest_batches: tuple[BatchRow, ...] = ()
    #: The last notable records, newest first.
    notes: tuple[Note, ...] = ()
    timeline: Timeline = field(default_factory=Timeline)

    @property
    def silent(self) -> bool:
        """Whether nobody can tell what workers do at this moment: their master does not respond."""
        return self.face is Face.NOT_RESPONDING

    @property
    def until(self) -> int:
        """Until when what lasts is counted: the moment shown, or the present for what is unknown since."""
        return self.now if self.mode is Mode.SILENT else self.at

    @property
    def over(self) -> int:
        """Mini-batches done or abandoned."""
        return self.done + self.abandoned

    @property
    def workers(self) -> tuple[WorkerRow, ...]:
        """Every living worker."""
        return tuple(worker for node in self.nodes for worker in node.workers)


def find(model: Model, name: str) -> WorkerRow | None:
    """A worker of the model by its id, living or gone."""
    return next((row for node in model.nodes for row in node.known if row.id == name), None)
