"""Notices when this process did not run for a while, and when the wall clock moves against the term's."""

from __future__ import annotations

from bscore.core import events as e
from bscore.master.recorder import Recorder
from bscore.node.clock import Clock

#: A wake-up that comes so much later than planned means that this process was not running.
FROZEN_S = 2.0
#: The wall clock may differ from the term's clock by so much before it is said.
CLOCK_JUMP_S = 2.0


class Timekeeper:
    """Looks after the time of one term."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder = recorder
        self._clock = clock
        self._woke_at = clock.now()
        self._progress = 0
        self._jumped_s = 0.0

    def woke(self, now: int, timeout_s: float) -> None:
        """After a wait of at most `timeout_s`: limits move by the time in which this process did not run."""
        run, vitals = self._recorder.run, self._recorder.vitals
        gap_us = now - self._woke_at - int(timeout_s * 1e6)
        self._woke_at = now
        if run.last_progress != self._progress:
            self._progress = run.last_progress
            vitals.frozen_us = 0
        if gap_us > FROZEN_S * 1e6:
            vitals.frozen_us += gap_us
            for node in vitals.heard:
                vitals.heard[node] += gap_us

    def look_at_clock(self, now: int) -> None:
        """Record that the wall clock jumped since the last look."""
        moved_s = self._clock.drift_s() - self._jumped_s
        if abs(moved_s) > CLOCK_JUMP_S:
            self._recorder.record(e.ClockJumped(now, round(moved_s, 3)))
            self._jumped_s += moved_s
