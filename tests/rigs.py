"""An agent with real workers on a folder of its own, for tests."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.node.agent import Agent
from bscore.node.messages import (
    AgentSetup,
    Answer,
    Assign,
    Batch,
    KillWorker,
    StartWorker,
    StopWorker,
    Withdraw,
)

NODE = "127.0.0.1"
Reported = TypeVar("Reported")


def manifest_of(paths: Iterable[str]) -> bytes:
    """Manifest records without size and time, as list files have them."""
    return b"".join(path.encode("utf-8", "surrogateescape") + b"\0-1\0-1\0" for path in paths)


def worker_name(number: int) -> str:
    return f"{NODE}/process{number:03d}"


def setup_for(folder: Path, source: str | dict[str, str], **changes: Any) -> AgentSetup:
    """A setup over `folder`; `source` is the text of score.py, or texts by file name."""
    files = {"score.py": source} if isinstance(source, str) else source
    code = folder / "code"
    for name, text in files.items():
        path = code / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    (folder / "tree").mkdir(exist_ok=True)
    values: dict[str, Any] = {
        "node": NODE,
        "job": "job-1",
        "term": 1,
        "tree": str(folder / "tree"),
        "spool": str(folder / "spool"),
        "interpreter": sys.executable,
        "code": str(code),
        "script": "score.py",
        "arguments": (),
        "environment": {},
        "model": "",
        "output": str(folder / "output"),
        "append_row": True,
        "dataframe_header": False,
        "to_csv": {},
        "limits": Limits(),
        "resource_monitor_interval_s": 0.0,
        "heartbeat_s": 60.0,
        "start": os.environ.get("BSCORE_TEST_START", "auto"),
    }
    return AgentSetup(**{**values, **changes})


class Rig:
    """An agent, and everything it has reported so far."""

    def __init__(self, folder: Path, source: str | dict[str, str], **changes: Any) -> None:
        self.folder = folder
        self.setup = setup_for(folder, source, **changes)
        self.tree = Path(self.setup.tree)
        self.agent = Agent(self.setup)
        self.reports: list[Answer | e.Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.agent.close()

    def start(self, count: int = 1, *, ready: bool = True) -> str:
        """Start workers; the name of the first."""
        first = len(self.found(e.WorkerStarting))
        names = [worker_name(first + i) for i in range(count)]
        self.agent.carry_out([StartWorker(name) for name in names])
        if ready:
            self.until(lambda: len(self.found(e.WorkerReady)) >= first + count)
        return names[0]

    def assign(self, worker: str, *groups: Sequence[str], first: int = 0, attempt: int = 1) -> None:
        """Send one mini-batch per group of paths."""
        batches = [Batch(first + i, attempt, len(group), 0) for i, group in enumerate(groups)]
        manifest = manifest_of(path for group in groups for path in group)
        self.agent.carry_out([Assign(worker, tuple(batches), manifest)])

    def withdraw(self, worker: str, *mini_batches: int) -> None:
        self.agent.carry_out([Withdraw(worker, mini_batches)])

    def stop(self, worker: str) -> None:
        self.agent.carry_out([StopWorker(worker, "no more work")])

    def kill(self, worker: str) -> None:
        self.agent.carry_out([KillWorker(worker, "asked to")])

    def until(self, condition: Callable[[], Any], limit_s: float = 15.0) -> Any:
        """Poll until the condition gives something true, which is returned."""
        deadline = time.monotonic() + limit_s
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {limit_s} s; reports: {self.reports}\n{self.stderr()}")
            self.reports += self.agent.poll(0.2).reports
        return found

    def answered(self, count: int, limit_s: float = 15.0) -> list[Answer]:
        """The first `count` answers."""
        self.until(lambda: len(self.answers) >= count, limit_s)
        return self.answers

    def gone(self, limit_s: float = 15.0) -> e.WorkerGone:
        """The first worker that is gone."""
        return self.until(lambda: self.found(e.WorkerGone), limit_s)[0]

    @property
    def answers(self) -> list[Answer]:
        return self.found(Answer)

    @property
    def failures(self) -> list[e.AttemptFailed]:
        return [a.event for a in self.answers if isinstance(a.event, e.AttemptFailed)]

    def found(self, kind: type[Reported]) -> list[Reported]:
        return [report for report in self.reports if isinstance(report, kind)]

    def text(self, name: str) -> str:
        """A file of the tree; empty when there is none."""
        path = self.tree / name
        return path.read_text("utf-8", "backslashreplace") if path.exists() else ""

    def trace(self, where: str) -> str:
        """What stands at `path@offset`."""
        name, _, offset = where.rpartition("@")
        return (self.tree / name).read_bytes()[int(offset) :].decode()

    def stderr(self) -> str:
        texts = [p.read_text() for p in self.tree.glob("logs/sys/node/*/*.stderr.txt")]
        return "\n".join(filter(None, texts))
