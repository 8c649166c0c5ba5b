"""Writing to somebody who may leave: a closed terminal or pipe must not end the job that talks to it."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO

from bscore.cli.output import terminal_text


class Lasting:
    """Writes to a stream; once that fails its descriptor leads nowhere, and what else is written succeeds.

    None is a stream that nobody reads: Python's own stderr where the process was started without one.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        """Write and flush."""
        if self.stream is None:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError:
            lead_nowhere(self.stream)


def lead_nowhere(stream: TextIO) -> None:
    """Let a stream that cannot be written any more take everything, also what still waits in its buffer."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def narrate(text: str) -> None:
    """Say something on stderr, line by line, safe for a terminal; nobody needs to be there to hear it."""
    lines = text.split("\n")
    Lasting(sys.stderr).write("".join(f"{terminal_text(line)}\n" for line in lines))
