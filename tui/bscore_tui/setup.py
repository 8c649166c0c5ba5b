"""What the monitor is started with, found out once in `app` and passed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bscore_tui.config import Settings
from bscore_tui.views.styles import Options


@dataclass(frozen=True, slots=True)
class Setup:
    """What the monitor is started with."""

    settings: Settings
    options: Options
    environ: Mapping[str, str]
    theme: str
    #: Folder of the job on this machine; None where the tree is elsewhere.
    root: str | None = None
    #: Where its screens are remembered; None: nowhere.
    state: Path | None = None
    read_only: bool = False
