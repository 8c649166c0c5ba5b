"""What is known of the process of a master that shows no sign of life."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SilentMaster:
    """The process that last held the job, on this host: frozen, or gone."""

    pid: int
    frozen: bool
