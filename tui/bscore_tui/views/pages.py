"""What the inner pages show beyond the model: read on demand, frozen, safe texts."""

from __future__ import annotations

from dataclasses import dataclass

from bscore_tui.views.model import Note


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt of a mini-batch."""

    attempt: int
    worker: str
    start: int
    at: int
    run_ns: int | None
    cpu_ns: int | None
    outcome: str
    place: str
    trace: str
    failed: bool
    items: int
    #: Where its record stands in the journal.
    log_path: str
    log_offset: int


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a story; prints carry no time."""

    at: int | None
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item; -1 where unknown."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class BatchStory:
    """Everything read of one mini-batch."""

    mini_batch: int
    attempts: tuple[AttemptRow, ...] = ()
    #: What happened in the try `of_try`, the one that runs or the last one.
    moments: tuple[Moment, ...] = ()
    of_try: int = 0
    abandoned: bool = False
    done: bool = False
    items: tuple[ItemRow, ...] = ()
    item_count: int | None = None
    others: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class MemoryPeak:
    """The most memory that was sampled of a worker, in MB, and when."""

    mb: float
    at: int


@dataclass(frozen=True, slots=True)
class WorkerPage:
    """The ends of a worker's files."""

    worker: str
    log: tuple[str, ...] = ()
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    output_at: int | None = None
    memory_peak: MemoryPeak | None = None


@dataclass(frozen=True, slots=True)
class TraceFrame:
    """One frame of a trace; `library`: not of the script."""

    path: str
    line: int
    function: str
    code: str
    library: bool


@dataclass(frozen=True, slots=True)
class EarlierTrace:
    """An exception that came before the final one, and how it led to it."""

    link: str
    frames: tuple[TraceFrame, ...]
    error: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MemoryThen:
    """Memory in MB when it was sampled last before a failure; None is unknown."""

    at: int
    process_mb: float | None = None
    node_mb: float | None = None
    total_mb: float | None = None


@dataclass(frozen=True, slots=True)
class TracePage:
    """One failure of a group: its trace, and what surrounds it."""

    key: str
    #: Which of the group's failures it is, from 0.
    number: int = 0
    #: None where no mini-batch was running; `phase` is then what the worker was at.
    mini_batch: int | None = None
    phase: str = "init()"
    attempt: int = 0
    worker: str = ""
    at: int | None = None
    #: Type and message in full, as the journal has them.
    what: str = ""
    #: The worker died of it, or was killed for it.
    died: bool = False
    memory: MemoryThen | None = None
    #: Where the trace stands, and the record in the journal.
    pointer: str = ""
    record: str = ""
    frames: tuple[TraceFrame, ...] = ()
    #: Type and message, and notes below them.
    error: tuple[str, ...] = ()
    #: The exceptions before it, the last one first.
    earlier: tuple[EarlierTrace, ...] = ()
    #: The whole text as it stands in the file.
    text: tuple[str, ...] = ()
    #: stdout and stderr of this very attempt.
    before: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    #: The stack that was taken of it last, and when.
    stack: tuple[TraceFrame, ...] = ()
    stack_at: int | None = None
    attempts: tuple[AttemptRow, ...] = ()
    items: tuple[ItemRow, ...] = ()


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file or folder of the tree; `path` as it is on disk, `name` safe to be shown."""

    path: str
    name: str
    depth: int
    is_dir: bool
    size: int
    mtime: int
    #: Errors in it, as far as it is indexed; None while it is not.
    errors: int | None = None
