"""What reopening a job brings back: screen, filters, views, marks. Kept outside the log tree.

A state file that cannot be read or written costs the memory of it and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from bscore_tui.views.safe import safe_text

#: Files of jobs not opened for longest go first once there are more than this.
_MAX_FILES = 200
_VERSION = 1


def state_path(environ: Mapping[str, str], job: str) -> Path:
    """Where the state of a job (its absolute path or URL) lies."""
    base = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", "/")) / ".local" / "state")
    name = hashlib.sha256(job.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return Path(base) / "bscore" / "tui" / f"{name}.json"


def recall(path: Path) -> dict[str, object]:
    """What was remembered; empty if nothing was, or if it cannot be understood."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(state, dict) or state.get("version") != _VERSION:
        return {}
    return cast("dict[str, object]", _safe(state))


def remember(path: Path, state: Mapping[str, object]) -> str:
    """Write the state; the answer is why it could not be, or empty."""
    text = json.dumps({"version": _VERSION, **state}, ensure_ascii=True)
    scratch = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(path)
        _drop_oldest(path.parent)
    except OSError as error:
        scratch.unlink(missing_ok=True)
        return f"screens are not remembered: {error.strerror}"
    return ""


def _drop_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[_MAX_FILES:]:
        file.unlink(missing_ok=True)


def _safe(value: object) -> object:
    """The value with every text made safe: the file may have been written by anyone."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, list):
        return [_safe(inner) for inner in value]
    if isinstance(value, dict):
        return {safe_text(str(key)): _safe(inner) for key, inner in value.items()}
    return value
