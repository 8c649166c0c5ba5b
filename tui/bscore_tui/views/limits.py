"""The limits that screens name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force, as far as screens name them; None for no limit."""

    tries: int = 3
    attempt_s: float | None = None
    error_threshold: int | None = None
    no_progress_s: float | None = None
    init_s: float | None = None
    run_s: float | None = None
    overhead_s: float | None = None
