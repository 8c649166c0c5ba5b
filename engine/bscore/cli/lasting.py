"""Writing to somebody who may leave: a closed terminal or pipe must not end the job that talks to it."""

from __future__ import annotations

import os
from typing import TextIO


class Lasting:
    """Writes to a stream; once that fails its descriptor leads nowhere, and what else is written succeeds."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        """Write and flush."""
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError:
            self._lead_nowhere()

    def _lead_nowhere(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())
        os.close(nowhere)
