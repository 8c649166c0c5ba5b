"""What the master knows just now and the journal does not hold: heartbeats, and what is under way."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Vitals:
    """What the master knows of the present that is no event; never written to the journal."""

    #: When each node was last heard of (microseconds UTC).
    heard: dict[str, int] = field(default_factory=dict)
    #: The latest heartbeat of each node, as its agent sent it; opaque here.
    heartbeats: dict[str, object] = field(default_factory=dict)
    #: On resume, until the inputs are compared: mini-batches before this one may be handed out. None: all.
    found: int | None = None
    #: Bytes of rows received but not yet written.
    unwritten_bytes: int = 0
    #: Microseconds during which the master itself did not run since the last progress, and before
    #: the first mini-batch: limits move by it, so that a frozen machine charges nobody.
    frozen_us: int = 0
