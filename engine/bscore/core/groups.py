"""Failures and warnings that have one cause, counted together."""

from __future__ import annotations

from dataclasses import dataclass, field

from bscore.core.events import FailureKind

#: What does not fit into so many groups is only counted.
MAX_ERROR_GROUPS = 200
MAX_WARNING_GROUPS = 200
#: Message shapes of one error group that are told apart, and characters of each message.
MAX_MESSAGES = 10
MESSAGE_CHARS = 300
#: The phase of a worker's end.
SHUTDOWN = "shutdown()"


@dataclass(slots=True)
class MessageGroup:
    """Failures of one error group whose messages have one shape; the first one's text and mini-batch."""

    message: str
    count: int
    first_mini_batch: int


@dataclass(slots=True)
class ErrorGroup:
    """Failed attempts of one kind, type and raising line; of one message shape where no line is known."""

    kind: FailureKind
    error_type: str
    message: str
    place: str
    count: int
    first_at: int
    last_at: int
    first_mini_batch: int
    first_attempt: int
    worker: str
    trace: str
    item: str
    #: Longest folder that all failing first items share.
    folder: str
    #: Nodes it was seen on, at most 16.
    nodes: list[str] = field(default_factory=list)
    #: Whether it was the import of the script that failed.
    loading: bool = False
    #: Whether it was shutdown() that failed.
    ending: bool = False
    #: By shape; what is missing to `count` had further ones.
    messages: dict[str, MessageGroup] = field(default_factory=dict)
    #: Of the first failure: its number of items, the last one, and the one that stdout named last.
    items: int = 0
    last_item: str = ""
    printed: str = ""

    @property
    def phase(self) -> str:
        """What a worker was at, in words; empty for attempts of mini-batches and for items."""
        if self.ending:
            return SHUTDOWN
        if self.first_mini_batch >= 0:
            return ""
        return "the import of the script" if self.loading else "init()"

    @property
    def other_messages(self) -> int:
        """Failures whose messages have further shapes."""
        return self.count - sum(group.count for group in self.messages.values())


@dataclass(slots=True)
class WarningGroup:
    """Warnings of one source, category, message shape and place."""

    #: As in `WarningsSeen`; `master` for what the journal itself warns of.
    source: str
    category: str
    place: str
    #: The first one's text, worker ("" for none) and mini-batch (-1 for none).
    message: str
    worker: str
    first_mini_batch: int
    count: int
    first_at: int
    last_at: int
    #: Nodes it was seen on, at most 16.
    nodes: list[str] = field(default_factory=list)
