"""The master's end of one detached agent: its process, what it said, the rows and logs it sends."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import IO

from bscore import __version__
from bscore.backends.detached_valid import load, why_nonsense
from bscore.backends.detached_wire import FENCE_S, HELLO, Begin, Connection, Frame, SpoolPiece, Written
from bscore.core.events import NodeLost
from bscore.errors import BscoreError, in_words
from bscore.logtree.writer import TreeWriter
from bscore.node.clock import Clock
from bscore.node.messages import AgentSetup, Answer, LogChunk, Poll

_HELLO_S = 30.0
#: No frame of an agent is that long: large rows and logs come in pieces.
_MOST_BYTES = 64 << 20
_STDERR_BYTES = 4000
#: What an agent whose socket is closed may take to end by itself, so that its own reason is known.
_EXIT_S = 1.0
_REMOVE_TRIES = 20
_REMOVE_PAUSE_S = 0.05


class RemoteAgent:
    """One agent process. `folder` is its own; it is removed in the end, unless `keep`."""

    def __init__(
        self, setup: AgentSetup, clock: Clock, folder: str, *, keep: bool, fence_s: float = FENCE_S
    ) -> None:
        self.setup = setup
        self._clock = clock
        self._folder, self._keep, self._fence_s = folder, keep, fence_s
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by end()
        ours, theirs = socket.socketpair()
        self.connection = Connection(ours, load, _MOST_BYTES)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bscore.backends.detached_agent", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=self._stderr,
                stderr=self._stderr,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                cwd=folder,
            )
        self._spool: IO[bytes] | None = None
        self._spooled = 0
        self._to_acknowledge: dict[str, int] = {}

    def start(self) -> None:
        """Wait for the agent's first word, then tell it what to run. Raises BscoreError."""
        hello = self.connection.await_first(_HELLO_S)
        if not isinstance(hello, tuple) or len(hello) != 3 or hello[0] != HELLO:
            late = f"did not start within {_HELLO_S:g} seconds"
            how = "ended before it began" if self.connection.ended else late
            raise BscoreError(f"The agent of node {self.setup.node} {how}: {self._last_words()}.")
        if hello[1] != __version__:
            raise BscoreError(
                f"The agent of node {self.setup.node} is bscore {hello[1]}, this is {__version__}.",
                remedy="Install the same version on both.",
            )
        own = replace(
            self.setup, tree=os.path.join(self._folder, "tree"), spool=os.path.join(self._folder, "spool")
        )
        clock = self._clock
        self.connection.send(
            Begin(own, clock.start_us, clock.start_ns, self._folder, self._keep, self._fence_s)
        )

    def receive(self, *, finishing: bool = False) -> Poll | None:
        """All it has said, as one poll; its end as NodeLost, unless it was told to finish."""
        frames = self.connection.receive()
        if not frames and not self.connection.ended:
            return None
        poll = Poll(self.setup.node)
        for frame in frames:
            wrong = self._hear(frame, poll)
            if wrong:
                self.connection.blame(wrong)
                break
        for chunk in poll.logs:
            self._to_acknowledge[chunk.path] = chunk.offset + len(chunk.data)
        if self.connection.ended and not finishing:
            fault, words = self.connection.fault, self._last_words()
            reason = f"its agent was ended: {fault}" if fault else f"its agent ended: {words}"
            poll.reports.append(NodeLost(self._clock.now(), self.setup.node, reason))
        return poll

    def _hear(self, frame: Frame, poll: Poll) -> str:
        """Add what a frame says to a poll; returns what is wrong with it."""
        if isinstance(frame, SpoolPiece) and type(frame.data) is bytes:
            self._keep_piece(frame.data)
            return ""
        if not isinstance(frame, Poll):
            return type(frame).__name__
        wrong = why_nonsense(frame, self.setup.node)
        if wrong:
            return wrong
        poll.heartbeat = frame.heartbeat or poll.heartbeat
        poll.logs += frame.logs
        for report in frame.reports:
            if isinstance(report, Answer) and report.spool:
                if self._spool is None:
                    return "an answer whose large rows were not sent"
                report = self._with_spool(report)
            poll.reports.append(report)
        return ""

    def acknowledge(self) -> None:
        """The logs handed out so far are written: more may be sent."""
        if self._to_acknowledge:
            self.connection.send(Written(self._to_acknowledge))
            self._to_acknowledge = {}

    def write(self, chunks: Iterable[LogChunk]) -> None:
        """Write logs that come when nobody listens any more. Raises StorageError."""
        with TreeWriter(self.setup.tree) as writer:
            for chunk in chunks:
                writer.put(chunk.path, chunk.offset, chunk.data, private=chunk.private)

    def _spool_path(self) -> str:
        return os.path.join(self.setup.spool, f"{self.setup.node}.received.{self._spooled}.rows")

    def _keep_piece(self, data: bytes) -> None:
        try:
            if self._spool is None:
                self._spooled += 1
                self._spool = open(self._spool_path(), "xb")  # noqa: SIM115  # until its answer comes
            self._spool.write(data)
        except OSError as error:
            raise in_words(error, self._spool_path()) from error

    def _with_spool(self, answer: Answer) -> Answer:
        """The answer that the last pieces belong to, naming the file that holds them here."""
        assert self._spool is not None
        try:
            self._spool.close()
        except OSError as error:
            raise in_words(error, self._spool_path()) from error
        self._spool = None
        return replace(answer, spool=self._spool_path())

    def _last_words(self) -> str:
        """How the process ended, and the last line it wrote."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_S)
        self._process.kill()
        code = self._process.wait()
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - _STDERR_BYTES))
        lines = self._stderr.read().decode("utf-8", "backslashreplace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"{how}, {last}" if last and code > 0 else how

    def end(self) -> None:
        """Kill it if it still lives, and clear away everything that belongs to it."""
        self._process.kill()
        self._process.wait()
        self.connection.close()
        self._stderr.close()
        if self._spool is not None:
            with contextlib.suppress(OSError):
                self._spool.close()
            Path(self._spool_path()).unlink(missing_ok=True)
        if not self._keep:
            self._remove_folder()

    def _remove_folder(self) -> None:
        """Its workers may need a moment to die after it; until then they can write there."""
        for _ in range(_REMOVE_TRIES):
            shutil.rmtree(self._folder, ignore_errors=True)
            if not os.path.exists(self._folder):
                return
            time.sleep(_REMOVE_PAUSE_S)
