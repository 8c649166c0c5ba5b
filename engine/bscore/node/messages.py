"""What the master tells an agent (orders) and what an agent tells the master (polls).

Plain values only: backends may carry them in process, over a socket or through Ray.
Events inside a poll carry `at` on the term's clock as the agent knows it.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from bscore.core.events import AttemptFailed, Event, Finished
from bscore.core.limits import Limits

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from bscore.core.values import dataclass


@dataclass(frozen=True, slots=True)
class StartWorker:
    """Start a worker process under this name (`<node>/processNNN`)."""

    worker: str


@dataclass(frozen=True, slots=True)
class Batch:
    """One mini-batch as sent: its id, which attempt this is, its items and their bytes."""

    mini_batch: int
    attempt: int
    items: int
    nbytes: int
    #: Items of it that are not sent: they were missing when the job was resumed.
    missing: int = 0

    @property
    def all_items(self) -> int:
        """Sent or not: what an answer counts."""
        return self.items + self.missing


@dataclass(frozen=True, slots=True)
class Assign:
    """Mini-batches for a worker; `manifest` holds their manifest records one after the other."""

    worker: str
    batches: tuple[Batch, ...]
    manifest: bytes


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Ask a worker to give back mini-batches it has not begun."""

    worker: str
    mini_batches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StopWorker:
    """Let the worker finish what it has, run shutdown() and end."""

    worker: str
    reason: str


@dataclass(frozen=True, slots=True)
class KillWorker:
    """End the worker and everything it started, now. What it was running is not charged."""

    worker: str
    reason: str


@dataclass(frozen=True, slots=True)
class TakeStacks:
    """Write the Python stacks of a worker's threads to `logs/user/error/…`."""

    worker: str


Order = StartWorker | Assign | Withdraw | StopWorker | KillWorker | TakeStacks


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt. `rows` are ready bytes; `spool` names a file holding them instead.

    `header` is the line of column names that belongs once above all rows, where it is wanted.
    """

    term: int
    event: Finished | AttemptFailed
    rows: bytes = b""
    spool: str = ""
    header: bytes = b""


@dataclass(frozen=True, slots=True)
class LogChunk:
    """Bytes of a log file to put at `offset`; putting the same chunk twice changes nothing.

    `private`: the file is for its owner alone.
    """

    path: str
    offset: int
    data: bytes
    private: bool = False


@dataclass(frozen=True, slots=True)
class WorkerPulse:
    """One worker in a heartbeat; -1 where it runs nothing."""

    worker: str
    cpu_percent: float
    memory_mb: float
    mini_batch: int
    running_s: float


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How a node is, as sampled by its agent. Not an event: the master keeps only the latest."""

    at: int
    cpu_percent: float
    memory_used_mb: float
    memory_total_mb: float
    workers: tuple[WorkerPulse, ...]


@dataclass(slots=True)
class Poll:
    """Everything that happened on a node since the last poll; `reports` stand in the order they happened."""

    node: str
    heartbeat: Heartbeat | None = None
    reports: list[Answer | Event] = field(default_factory=list)
    logs: list[LogChunk] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A machine that a backend offers."""

    node: str
    host: str
    cpus: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class AgentSetup:
    """All an agent needs to own a node's workers.

    `tree` is the job's directory (logs go to `tree/logs`); `spool` a folder for large rows.
    `environment` is added to the agent's own for the workers; `append_row` says whether rows are
    wanted, `to_csv` are keyword arguments for DataFrame.to_csv as JSON-able values.
    """

    node: str
    job: str
    term: int
    tree: str
    spool: str
    interpreter: str
    code: str
    script: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    model: str
    output: str
    append_row: bool
    dataframe_header: bool
    to_csv: dict[str, object]
    limits: Limits
    logging_level: str = "INFO"
    profiling_module: str = ""
    resource_monitor_interval_s: float = 600.0
    heartbeat_s: float = 5.0
    #: Functions in place of a script, as bscore_worker.script.load_function reads them; empty for a script.
    function: bytes = b""
    #: The file of blocks that hold the items (bscore_worker.blocks); empty where items are paths.
    blocks: str = ""
    #: Rows keep their types (bscore_worker.typed_rows) in place of becoming text.
    typed_rows: bool = False
    #: What `Model.get_model_path` calls the model; empty: its file's name.
    model_name: str = ""
    model_version: str = "1"
    #: How workers are started: "exec", "template", or "auto", which decides by what is safe.
    start: str = "auto"
