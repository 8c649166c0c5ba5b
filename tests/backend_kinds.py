"""The backends that the contract is tried on, and what its tests ask of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bscore.backends.base import Backend
from bscore.backends.detached import DetachedBackend
from bscore.backends.inline import InlineBackend
from bscore.backends.local import LocalBackend
from bscore.core import events as e
from bscore.master.job import Job
from bscore.node.clock import Clock
from real_runs import events_of


@dataclass(frozen=True)
class Kind:
    """A backend under test; `two` has two nodes, or one where there can be no more."""

    name: str
    one: Callable[[Clock], Backend]
    two: Callable[[Clock], Backend]
    processes: bool = True


INLINE = Kind("inline", InlineBackend, partial(InlineBackend, nodes=2), processes=False)
LOCAL = Kind("local", LocalBackend, LocalBackend)
DETACHED = Kind("detached", DetachedBackend, partial(DetachedBackend, nodes=("127.0.0.2", "127.0.0.3")))
KINDS = [INLINE, LOCAL, DETACHED]


def failures_of(job: Job) -> list[e.AttemptFailed]:
    return [event for event in events_of(job) if isinstance(event, e.AttemptFailed)]


def worker_ends(job: Job) -> list[e.Event]:
    """Why a job had other workers than it should, for the message of a failed test."""
    return [x for x in events_of(job) if isinstance(x, e.WorkerGone | e.InitFailed | e.AttemptFailed)]
