"""A worker as its agent knows it: what it was sent, what it runs now, and how it is coming to its end."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

from bscore.node.messages import Batch
from bscore.node.wire import Link
from bscore.node.worker_log import WorkerLog
from bscore.node.worker_process import WorkerProcess


@dataclass(slots=True)
class Pending:
    """A mini-batch that was sent and not answered; its records begin at `first_record` of `manifest`."""

    batch: Batch
    manifest: bytes
    first_record: int

    def items(self, start: int = 0) -> list[str]:
        """The paths of its items from one on, for people."""
        first, stop = self.first_record + start, self.first_record + self.batch.items
        names = self.manifest.split(b"\0", 3 * stop)[3 * first : 3 * stop : 3]
        return [name.decode("utf-8", "backslashreplace") for name in names]

    def item(self) -> str:
        """The first item's path, for people; empty when the mini-batch has none."""
        if not self.batch.items:
            return ""
        return self.manifest.split(b"\0")[3 * self.first_record].decode("utf-8", "backslashreplace")


@dataclass(slots=True)
class Running:
    """The mini-batch a worker has picked up: since when, and its processor time at that moment."""

    sequence: int
    pending: Pending
    start_ns: int
    cpu_ns: int
    #: Time in which the agent itself stood still; nobody is charged for it.
    forgiven_ns: int = 0
    said: bool = False
    half_time: bool = False


class Why(enum.IntEnum):
    """Why stacks are taken; the greater one wins when two ask at once."""

    HALF_TIME = 1
    ORDER = 2
    KILL = 3


@dataclass(slots=True)
class StackRequest:
    """Stacks that were asked for; complete when nothing more has come for a moment."""

    why: Why
    asked_ns: int
    mini_batch: int
    grown_ns: int = 0
    signalled: bool = False


class EndKind(enum.Enum):
    """How a worker is being brought to its end."""

    #: Asked by order; it finishes what it has.
    STOP = "stop"
    #: Killed by order: what it runs is not charged.
    ORDER = "order"
    #: Killed because run() took too long: that mini-batch is charged.
    TIMEOUT = "timeout"
    #: Killed because init() took too long.
    INIT = "init"
    #: Killed because it can no longer be understood, or does not end though it was asked.
    FAULT = "fault"


@dataclass(slots=True)
class Ending:
    """Why a worker ends, with what the stacks said when it was killed."""

    kind: EndKind
    reason: str
    #: The sequence number of the mini-batch that is charged; -1 for none.
    sequence: int = -1
    place: str = ""
    trace: str = ""
    #: Whether its process stood stopped by a signal when it was killed.
    stopped: bool = False


@dataclass(slots=True)
class Exited:
    """The script called sys.exit(): where, what it or its last line on stderr says, the trace in the tree.

    `handled` is the exception that it was handling.
    """

    where: str
    text: str
    said: str
    place: str
    trace: str
    handled: str


@dataclass(slots=True, eq=False)
class Worker:
    """One worker of this node. `name` is `<node>/<process>`."""

    name: str
    process: str
    system: WorkerProcess
    link: Link
    control: Link
    log: WorkerLog
    #: The beginning of the names of its spool files.
    spool: str
    started_ns: int
    python: str = ""
    #: Whether the script was imported, so that init() is what it is at until it is ready.
    loaded: bool = False
    ready: bool = False
    #: Whether it is at its shutdown().
    shuts_down: bool = False
    #: How far its user stderr had got when it began what it is at.
    stderr_at: int = 0
    running: Running | None = None
    pending: dict[int, Pending] = field(default_factory=dict)
    next_sequence: int = 0
    ending: Ending | None = None
    exited: Exited | None = None
    init_failed: bool = False
    init_cause: str = ""
    #: Whether half of the limit of init() was over before it was ready.
    half_time: bool = False
    forgiven_ns: int = 0
    #: When it was asked to stop, or last had something to finish after that; 0 for never.
    asked_to_stop_ns: int = 0
    unheard_since_ns: int = 0
    #: Whether the stacks signal is known to be safe to send.
    offers_stacks: bool = False
    #: It was signalled, being over its limit: what it says from then on may come from the interruption.
    condemned: bool = False
    stacks: StackRequest | None = None
    stacks_text: bytearray = field(default_factory=bytearray)
    capped: bool = False
    last_spool: int = 0
    #: How far its stdout had got with its last answer; -1 where that is not known.
    stdout_end: int = 0

    @property
    def killed(self) -> bool:
        """Whether it was sent SIGKILL by its agent."""
        return self.ending is not None and self.ending.kind is not EndKind.STOP

    def assign(self, batches: tuple[Batch, ...], manifest: bytes) -> None:
        """Send mini-batches behind those it has."""
        first = self.next_sequence
        first_record = 0
        # Of items that are no files one record stands for a whole mini-batch.
        one_each = manifest.count(b"\0") == 3 * len(batches)
        for batch in batches:
            self.pending[self.next_sequence] = Pending(batch, manifest, first_record)
            first_record += 1 if one_each else batch.items
            self.next_sequence += 1
        sent = [(batch.mini_batch, batch.items) for batch in batches]
        self.link.send([("run", first, sent)], manifest)

    def withdraw(self, mini_batches: tuple[int, ...]) -> None:
        """Ask for mini-batches back; the answer names those that were not begun."""
        wanted = set(mini_batches)
        numbers = [n for n, pending in self.pending.items() if pending.batch.mini_batch in wanted]
        if numbers:
            self.control.send([("withdraw", numbers)])

    def begin(self, sequence: int, start_ns: int, cpu_ns: int) -> None:
        """It has picked up this mini-batch. Raises KeyError when it was never sent."""
        self.running = Running(sequence, self.pending[sequence], start_ns, cpu_ns)

    def passed_over(self, sequence: int) -> Iterator[int]:
        """Take out and name the mini-batches before `sequence`: the worker gave them back."""
        while self.pending:
            first = next(iter(self.pending))
            if first >= sequence:
                return
            yield self.pending.pop(first).batch.mini_batch
