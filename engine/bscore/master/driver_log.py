"""azureml-logs/70_driver_log.txt: when the driver started, with which command line, how it ended."""

from __future__ import annotations

import contextlib
import os
import socket
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bscore import __version__
from bscore.core.events import RunEnded
from bscore.errors import BscoreError
from bscore.logtree import paths
from bscore.logtree.reports import driver_end, driver_start
from bscore.logtree.writer import TreeWriter
from bscore.master.term import Step
from bscore.node.clock import Clock


class DriverLog:
    """Writes the driver's log; a traceback of bscore itself goes here and nowhere else."""

    def __init__(self, tree: Path, script: str, arguments: Sequence[str]) -> None:
        self._begun = False
        self._writer = TreeWriter(tree)
        self._clock = Clock()
        self._script = script
        self._arguments = list(arguments)

    def _say(self, text: str) -> None:
        self._writer.append(paths.DRIVER_LOG, text.encode("utf-8", "backslashreplace"))

    def __enter__(self) -> Self:
        return self

    def opening(self, step: Step) -> Step:
        """What is told the steps of a term's opening: the log begins once the job is held.

        Before, it is another master's. `step` is told them, too.
        """

        def told(name: str) -> None:
            if name == "locked":
                self._begin()
            step(name)

        return told

    def _begin(self) -> None:
        self._begun = True
        at, host, pid = self._clock.now(), socket.gethostname(), os.getpid()
        self._say(driver_start(at, self._script, self._arguments, __version__, host, pid))

    def ended(self, event: RunEnded) -> None:
        """The run came to its end."""
        self._say(driver_end(self._clock.now(), event.outcome, event.reason))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._begun:
            return
        with contextlib.suppress(BscoreError):
            if isinstance(error, BscoreError):
                self._say(f"{error}\n")
            elif error is not None:
                self._say("".join(traceback.format_exception(kind, error, trace)))
        self._writer.close()
