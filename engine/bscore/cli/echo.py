"""What the script prints, brought to the terminal: the ends of its stdout and stderr files, as they grow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bscore.cli.output import terminal_text
from bscore.core import events as e
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.drawn import last_drawn
from bscore.logtree.reader import Tail
from bscore.logtree.source import LocalSource

INTERVAL_US = 200_000
#: Of one file and look; a script that floods its streams is not slowed down, its lines come later.
_BYTES = 64 * 1024
#: So often it is said how far a line is that is drawn over again and again; bytes looked at for that.
STATES_US = 10_000_000
_STATE_BYTES = 4096


class Echo:
    """An observer that says every line of the script's output, with the worker in front."""

    def __init__(self, tree: Path, say: Callable[[str], None]) -> None:
        self._source = LocalSource(tree)
        self._say = say
        self._tails: dict[str, list[Tail]] = {}
        self._looked_at = self._states_at = 0
        #: Sizes of the files when their unfinished lines were looked at.
        self._sizes: dict[str, int] = {}

    def hear(self, event: e.Event, run: Run) -> None:
        """Workers come and go; what one that is gone printed last is said before it is forgotten."""
        if isinstance(event, e.WorkerStarting):
            self._tails.setdefault(event.worker, self._open(event.worker))
        elif isinstance(event, e.WorkerGone):
            self._drain(event.worker)
            self._tails.pop(event.worker, None)

    def _open(self, worker: str) -> list[Tail]:
        return [Tail(self._source, path) for path in _files(worker)]

    def tick(self, run: Run, now: int) -> None:
        """Say what is new, five times a second."""
        if now - self._looked_at < INTERVAL_US:
            return
        self._looked_at = now
        for worker in self._tails:
            self._look(worker)
        if now - self._states_at >= STATES_US:
            self._states_at = now
            for worker in self._tails:
                self._look_at_states(worker)

    def close(self, run: Run) -> None:
        """Say the rest."""
        for worker in list(self._tails):
            self._drain(worker)
        self._tails.clear()

    def _drain(self, worker: str) -> None:
        while self._look(worker):
            continue
        name = _short(worker)
        for tail in self._tails.get(worker, ()):
            if tail.rest:
                self._say(_drawn(name, tail.rest))

    def _look(self, worker: str) -> bool:
        """Say one helping of each file; whether there is more."""
        more = False
        name = _short(worker)
        for tail in self._tails.get(worker, ()):
            batch = tail.poll(_BYTES)
            more = more or batch.more
            # What is cut of a line that is drawn over is how it stood once.
            for line in (line for line in batch.lines if not (line.long and b"\r" in line.data)):
                self._say(_drawn(name, line.data))
        return more

    def _look_at_states(self, worker: str) -> None:
        """Say how far lines are that are drawn over and have no end so far."""
        for path in _files(worker):
            entry = self._source.stat(path)
            size = entry.size if entry is not None else 0
            if size == self._sizes.get(path, 0):
                continue
            self._sizes[path] = size
            start = max(size - _STATE_BYTES, 0)
            line = self._source.read(path, start, size - start).rpartition(b"\n")[2]
            if b"\r" in line and last_drawn(line).strip():
                self._say(_drawn(_short(worker), line))


def _files(worker: str) -> tuple[str, ...]:
    """Those of sys.stdout and sys.stderr, and those of the descriptors: sub-processes write there."""
    node, process = paths.split_worker(worker)
    named = (paths.user_stdout, paths.user_stderr, paths.raw_stdout, paths.raw_stderr)
    return tuple(path(node, process) for path in named)


def _drawn(name: str, line: bytes) -> str:
    """A line as a terminal shows it in the end."""
    return terminal_text(f"{name} | {last_drawn(line).decode('utf-8', 'replace')}")


def _short(worker: str) -> str:
    """On this machine the process says enough."""
    node, process = paths.split_worker(worker)
    return process if node == "127.0.0.1" else worker
