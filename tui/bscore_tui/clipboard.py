"""Copy text to the clipboard of the person, from wherever the monitor runs.

Under tmux an OSC 52 sequence of the program is dropped by tmux's default `set-clipboard external`
(tried), so tmux is asked to set its buffer and pass it on; everywhere else OSC 52 is sent.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Mapping

#: Terminals cut or refuse longer sequences; 75,000 bytes of base64 pass everywhere known.
MAX_BYTES = 56_000
_TMUX_S = 2.0


def copy(text: str, environ: Mapping[str, str], send: Callable[[str], None]) -> str:
    """Copy `text` (already safe); the answer says where it went, for the status row."""
    data = text.encode("utf-8", "replace")
    cut = "" if len(data) <= MAX_BYTES else f", cut at {MAX_BYTES:,} bytes"
    data = data[:MAX_BYTES]
    if environ.get("TMUX") and _load_tmux_buffer(data):
        return f"copied to the tmux buffer{cut}"
    send(osc52(data))
    return f"copied: sent to your terminal{cut}"


def osc52(data: bytes) -> str:
    """The sequence that asks a terminal to set its clipboard."""
    return f"\x1b]52;c;{base64.b64encode(data).decode('ascii')}\x07"


def _load_tmux_buffer(data: bytes) -> bool:
    try:
        done = subprocess.run(
            ["tmux", "load-buffer", "-w", "-"],
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TMUX_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
