"""What a run is diagnosed with, and what comes next by itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnosis and, where there is one, its remedy."""

    text: str
    remedy: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class NextEvent:
    """What happens by itself if nothing changes."""

    at: int
    text: str
