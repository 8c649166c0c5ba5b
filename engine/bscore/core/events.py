"""What can happen to a run, as frozen values. Each becomes one record of the journal.

Law: an event holds exactly what its record holds, so `decode(encode(event)) == event`.
`at` is microseconds since 1970 UTC: the term's UTC start plus monotonic elapsed, never decreasing.
A worker is named `<node>/<process>`, for instance `127.0.0.1/process003`. Ids of mini-batches
count from 0. `pairs` are (first id, count) of consecutive ids.
"""

from __future__ import annotations

from bscore.core.run_events import (
    ClockJumped,
    Committed,
    EarlierRunFound,
    Finalizing,
    FindingMade,
    InputsChanged,
    ListingFailed,
    ListingFinished,
    MiniBatchesCreated,
    NodeBack,
    NodeJoined,
    NodeLost,
    Outcome,
    RequestTaken,
    RunConfigured,
    RunEnded,
    TermStarted,
    UnknownEvent,
    WarningsSeen,
)
from bscore.core.work_events import (
    AbandonedReturned,
    AnswerDropped,
    Assigned,
    AttemptFailed,
    ColumnsSeen,
    FailureKind,
    Finished,
    InitFailed,
    ItemsMissing,
    MiniBatchAbandoned,
    RemainingAbandoned,
    ShutdownFailed,
    StacksTaken,
    WithdrawalAsked,
    Withdrawn,
    WorkerGone,
    WorkerReady,
    WorkerStarting,
    WorkerStopping,
)

__all__ = [
    "FORMAT",
    "AbandonedReturned",
    "AnswerDropped",
    "Assigned",
    "AttemptFailed",
    "ClockJumped",
    "ColumnsSeen",
    "Committed",
    "EarlierRunFound",
    "Event",
    "FailureKind",
    "Finalizing",
    "FindingMade",
    "Finished",
    "InitFailed",
    "InputsChanged",
    "ItemsMissing",
    "ListingFailed",
    "ListingFinished",
    "MiniBatchAbandoned",
    "MiniBatchesCreated",
    "NodeBack",
    "NodeJoined",
    "NodeLost",
    "Outcome",
    "RemainingAbandoned",
    "RequestTaken",
    "RunConfigured",
    "RunEnded",
    "ShutdownFailed",
    "StacksTaken",
    "TermStarted",
    "UnknownEvent",
    "WarningsSeen",
    "WithdrawalAsked",
    "Withdrawn",
    "WorkerGone",
    "WorkerReady",
    "WorkerStarting",
    "WorkerStopping",
]

FORMAT = 1

Event = (
    TermStarted
    | RunConfigured
    | EarlierRunFound
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
    | ShutdownFailed
    | WorkerGone
    | Assigned
    | WithdrawalAsked
    | Withdrawn
    | ItemsMissing
    | Finished
    | ColumnsSeen
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
