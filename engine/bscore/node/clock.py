"""One clock per term: the UTC start plus monotonic elapsed, in microseconds, never decreasing."""

from __future__ import annotations

import time


class Clock:
    """Turns monotonic nanoseconds into microseconds since 1970 UTC without ever jumping."""

    def __init__(self, utc_us: int | None = None, monotonic_ns: int | None = None) -> None:
        self.start_us = time.time_ns() // 1000 if utc_us is None else utc_us
        self.start_ns = time.monotonic_ns() if monotonic_ns is None else monotonic_ns

    def monotonic_ns(self) -> int:
        """Nanoseconds of the system-wide monotonic clock (the same in every process of a host)."""
        return time.monotonic_ns()

    def at(self, monotonic_ns: int) -> int:
        """Microseconds UTC of a moment given in monotonic nanoseconds."""
        return self.start_us + (monotonic_ns - self.start_ns) // 1000

    def now(self) -> int:
        """Microseconds UTC, on the term's own scale."""
        return self.at(self.monotonic_ns())

    def drift_s(self) -> float:
        """Seconds by which the wall clock has left this one; beyond a second somebody set it."""
        return (time.time_ns() // 1000 - self.now()) / 1e6
