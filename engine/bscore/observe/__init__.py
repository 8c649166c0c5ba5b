"""The read side: what a run is now, what it was at any moment, whether its master lives. Writes nothing.

One way for living and ended runs and for trees of other machines: only a `Source` is read, and the
events found are folded by the same `reduce` that the master uses.
"""

from bscore.observe.chain import Raised, chain_of
from bscore.observe.end import end_of
from bscore.observe.failures import Failure, failures_of
from bscore.observe.follow import Follower, Progress
from bscore.observe.items import ItemFound, find_items, items_of
from bscore.observe.last_words import last_words
from bscore.observe.life import SILENT_S, Life, Pulse
from bscore.observe.open_attempt import OpenAttempt, open_attempt
from bscore.observe.past import Past, offset_at
from bscore.observe.story import Attempt, Story, attempt_at, events_before, story_of
from bscore.observe.traces import read_trace
from bscore.observe.usage import NodeUsage, ProcessUsage, UsageReader, heartbeat_of
from bscore.observe.whole import Observed, read_run, state_at

__all__ = [
    "SILENT_S",
    "Attempt",
    "Failure",
    "Follower",
    "ItemFound",
    "Life",
    "NodeUsage",
    "Observed",
    "OpenAttempt",
    "Past",
    "ProcessUsage",
    "Progress",
    "Pulse",
    "Raised",
    "Story",
    "UsageReader",
    "attempt_at",
    "chain_of",
    "end_of",
    "events_before",
    "failures_of",
    "find_items",
    "heartbeat_of",
    "items_of",
    "last_words",
    "offset_at",
    "open_attempt",
    "read_run",
    "read_trace",
    "state_at",
    "story_of",
]
