"""Limits judged on a node: one attempt, init(), and what was asked to stop.

Everything readable is read before this is asked. A judge that comes late moves its limits by the gap: where
the machine was suspended, or everything was stopped, nobody is charged for it.
"""

from __future__ import annotations

import enum
from collections.abc import Collection

from bscore.core.limits import Limits
from bscore.node.hearing import PICKED_AFTER_NS
from bscore.node.worker import Worker

TICK_NS = 100_000_000
#: Later than this is no ordinary delay.
_LATE_NS = 2_000_000_000
#: How long a process may live on whose connection has ended.
_UNHEARD_NS = 2_000_000_000
_NS = 1_000_000_000


class Verdict(enum.Enum):
    """What to do about a worker."""

    FINE = "fine"
    #: Its mini-batch has been running for a second: say so.
    SAY_PICKED = "say picked"
    #: Half of the limit is over: take stacks.
    HALF_TIME = "half time"
    #: run() took too long.
    OVER = "over"
    #: init() took too long.
    INIT_OVER = "init over"
    #: It was asked to stop and does not.
    STOP_OVER = "stop over"
    #: Nothing can be heard from it any more.
    UNHEARD = "unheard"


class Watch:
    """The judge of a node's limits."""

    def __init__(self, limits: Limits, now_ns: int) -> None:
        self.attempt_ns = int(limits.attempt_s * _NS)
        self.init_ns = int(limits.init_s * _NS)
        self._last_ns = now_ns

    def tick(self, workers: Collection[Worker], now_ns: int) -> int:
        """Begin a judgement: forgive a gap since the last one. Returns it in nanoseconds, or 0."""
        last, self._last_ns = self._last_ns, now_ns
        if now_ns - last < TICK_NS + _LATE_NS:
            return 0
        for worker in workers:
            worker.forgiven_ns += now_ns - max(last, worker.started_ns)
            if worker.asked_to_stop_ns:
                worker.asked_to_stop_ns += now_ns - max(last, worker.asked_to_stop_ns)
            if worker.running is not None:
                worker.running.forgiven_ns += now_ns - max(last, worker.running.start_ns)
        return now_ns - last

    def judge(self, worker: Worker, now_ns: int, another_ready: bool) -> Verdict:
        """What to do about a worker that was not killed yet."""
        if self._is_unheard(worker, now_ns):
            return Verdict.UNHEARD
        if worker.running is not None:
            return self._judge_attempt(worker, now_ns)
        if not worker.ready:
            return self._judge_init(worker, now_ns, another_ready)
        if worker.asked_to_stop_ns and now_ns - worker.asked_to_stop_ns > self.attempt_ns:
            return Verdict.STOP_OVER
        return Verdict.FINE

    def _judge_init(self, worker: Worker, now_ns: int, another_ready: bool) -> Verdict:
        taken_ns = now_ns - worker.started_ns - worker.forgiven_ns
        if taken_ns > self.init_ns and another_ready:
            return Verdict.INIT_OVER
        if not worker.half_time and taken_ns > self.init_ns // 2:
            return Verdict.HALF_TIME
        return Verdict.FINE

    def _judge_attempt(self, worker: Worker, now_ns: int) -> Verdict:
        running = worker.running
        assert running is not None
        if worker.asked_to_stop_ns:
            # The limit of a stop begins when there is nothing left to finish.
            worker.asked_to_stop_ns = now_ns
        taken_ns = now_ns - running.start_ns - running.forgiven_ns
        if taken_ns > self.attempt_ns:
            return Verdict.OVER
        if not running.said and now_ns - running.start_ns >= PICKED_AFTER_NS:
            return Verdict.SAY_PICKED
        if not running.half_time and taken_ns > self.attempt_ns // 2:
            return Verdict.HALF_TIME
        return Verdict.FINE

    def _is_unheard(self, worker: Worker, now_ns: int) -> bool:
        if worker.link.fault:
            return True
        if not worker.link.ended or worker.asked_to_stop_ns:
            return False
        if not worker.unheard_since_ns:
            worker.unheard_since_ns = now_ns
        return now_ns - worker.unheard_since_ns > _UNHEARD_NS
