"""Requests to a running job: files in `control/`, looked at every second, answered by a journal event."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bscore.logtree import paths

LOOK_US = 1_000_000
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks of a run: `cancel`, with arguments as text; who asked, and from which host."""

    what: str
    arguments: str
    who: str
    where: str


def ask(tree: Path, what: str, arguments: str = "") -> Path:
    """Put a request into a job's directory; the file vanishes when the master has taken it."""
    user = os.environ.get("USER") or os.environ.get("LOGNAME") or f"uid {os.getuid()}"
    request = Request(what, arguments, user, socket.gethostname())
    folder = tree / paths.CONTROL
    folder.mkdir(exist_ok=True)
    name = f"{time.time_ns()}-{os.getpid()}-{what}.json"
    fresh = folder / f".{name}"
    fresh.write_text(json.dumps(asdict(request)))
    return fresh.rename(folder / name)


def take(tree: Path) -> list[Request]:
    """The requests that lie there, oldest first, each removed; what cannot be read is removed too."""
    found: list[Request] = []
    try:
        names = sorted(name for name in os.listdir(tree / paths.CONTROL) if name.endswith(".json"))
    except OSError:
        return found
    for name in names:
        if name.startswith("."):
            continue
        path = tree / paths.CONTROL / name
        request = _read(path)
        with contextlib.suppress(OSError):
            path.unlink()
        if request is not None:
            found.append(request)
    return found


def _read(path: Path) -> Request | None:
    try:
        with path.open("rb") as file:
            facts = json.loads(file.read(_MAX_BYTES))
        values = [facts.get(key, "") for key in ("what", "arguments", "who", "where")]
    except (OSError, ValueError, AttributeError):
        return None
    if not all(isinstance(value, str) for value in values):
        return None
    return Request(*values)
