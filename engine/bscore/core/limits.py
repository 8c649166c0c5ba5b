"""The limits a run is judged by. Times in seconds, as in the original's options."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits and thresholds in force; -1 means "no threshold", as in the original.

    Defaults: section 2.1 and 2.2 of the original's documentation for a v1 ParallelRunConfig.
    """

    run_invocation_timeout_s: float = 60.0
    task_overhead_timeout_s: float = 30.0
    tries: int = 3
    error_threshold: int = -1
    allowed_failed_count: int = -1
    allowed_failed_percent: float = 100.0
    first_task_creation_timeout_s: float = 600.0
    #: None: computed as (run + overhead) x tries.
    progress_update_timeout_s: float | None = None
    node_silent_s: float = 10.0
    #: append_row: a run without one succeeded item has failed.
    needs_results: bool = True
    #: A return value with fewer elements than items is tried again instead of accepted.
    retry_short_returns: bool = False

    @property
    def attempt_s(self) -> float:
        """What one attempt may take from pick-up to answer."""
        return self.run_invocation_timeout_s + self.task_overhead_timeout_s

    @property
    def no_progress_s(self) -> float:
        """How long nothing may be finished or abandoned before the run is given up."""
        if self.progress_update_timeout_s is not None:
            return self.progress_update_timeout_s
        return self.attempt_s * self.tries

    @property
    def init_s(self) -> float:
        """What a worker may take from its start until it is ready (reference 1.13 c)."""
        return 3 * self.run_invocation_timeout_s + 30.0
