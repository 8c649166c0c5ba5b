"""`processNNN.txt`: what a worker picked and finished, its errors and warnings (reference 4.1, 4.3).

A mini-batch under one second is one line that carries everything; a longer one is also said when a second has
passed.
Lines are collected and written once per wake-up of the agent.
"""

from __future__ import annotations

import json
import os

from bscore.core.events import AttemptFailed, Finished
from bscore.logtree import paths
from bscore.node.lines import LineFile, Stamps, append, one_line


class WorkerLog:
    """The log of one worker. Lines wait in it until `flush`."""

    def __init__(self, tree: str, node: str, process: str, pid: int, stamps: Stamps) -> None:
        self._tree, self._node, self.process, self._pid = tree, node, process, pid
        self._stamps = stamps
        self._file = LineFile(tree, paths.worker_log(node, process))
        self._lines: list[str] = []
        self._info = f"|INFO|{pid}|"

    def info(self, at: int, text: str) -> None:
        """One line of level INFO."""
        self._lines.append(f"{self._stamps.log(at)}{self._info}{one_line(text)}\n")

    def picked(self, mini_batch: int, attempt: int, items: int, start: int) -> None:
        """A mini-batch that has been running for a second was picked at its start."""
        self._lines.append(
            f"{self._stamps.log(start)}{self._info}Picked mini-batch task_id={mini_batch} "
            f"dequeue_count={attempt} total={items} ip={self._node} pid={self._pid} "
            f"start_time={self._stamps.iso(start)}\n"
        )

    def finished(self, event: Finished) -> None:
        """A mini-batch is done."""
        stamps = self._stamps
        self._lines.append(
            f"{stamps.log(event.at)}{self._info}Finished mini-batch task_id={event.mini_batch} "
            f"dequeue_count={event.attempt} status=RUN_DONE total={event.items} succeeded={event.succeeded} "
            f"failed={event.items - event.succeeded} rows={event.rows} ip={self._node} pid={self._pid} "
            f"start_time={stamps.iso(event.start)} duration={event.elapsed_ns / 1e9:.9f} "
            f"process_time={event.process_ns / 1e9:.9f} run_method_duration={event.run_ns / 1e9:.9f}\n"
        )

    def failed(self, event: AttemptFailed, status: str, lead: str) -> None:
        """An attempt failed: an ERROR line `<lead> {json}` with the original's keys."""
        detail = {
            "agent": self.process,
            "task_id": event.mini_batch,
            "dequeue_count": event.attempt,
            "total": event.items,
            "succeeded": 0,
            "failed": event.items,
            "rows": 0,
            "ip": self._node,
            "pid": self._pid,
            "method": "run",
            "exc_type": event.error_type,
            "message": event.message,
            "place": event.place,
            "start_time": self._stamps.iso(event.start),
            "duration": event.elapsed_ns / 1e9,
            "process_time": event.process_ns / 1e9,
            "run_method_duration": event.run_ns / 1e9,
            "status": status,
        }
        self.leveled(event.at, "ERROR", f"{lead} {json.dumps(detail)}")

    def leveled(self, at: int, level: str, text: str) -> None:
        """A line of level WARNING or ERROR, which also goes to the file of that level at once."""
        line = f"{self._stamps.log(at)}|{level}|{self._pid}|{one_line(text)}\n"
        self._lines.append(line)
        path = paths.level_log(level.lower(), self._node, self.process)
        append(self._tree, path, line.encode("utf-8", "backslashreplace"))

    def waiting(self) -> bool:
        """Whether `flush` has something to write."""
        return bool(self._lines)

    def flush(self) -> None:
        """Write the lines that wait. Raises OSError; the lines are then lost, the file stays whole."""
        text = "".join(self._lines)
        self._lines.clear()
        self._file.add(text.encode("utf-8", "backslashreplace"))

    def close(self) -> None:
        """Write what waits and close the file."""
        try:
            if self._lines:
                self.flush()
        finally:
            self._file.close()


class AgentLog:
    """`_main.txt`: what the agent itself did, four bars a line (reference 4.3)."""

    def __init__(self, tree: str, node: str, stamps: Stamps) -> None:
        self._tree, self._node, self._stamps = tree, node, stamps
        self._file = LineFile(tree, paths.agent_log(node))
        self._pid = os.getpid()

    def write(self, at: int, level: str, thread: int, text: str) -> None:
        """One line, at once. Raises OSError."""
        line = f"{self._stamps.log(at)}|{level}|{self._pid}|{thread}|{one_line(text)}\n"
        data = line.encode("utf-8", "backslashreplace")
        self._file.add(data)
        if level in ("ERROR", "WARNING"):
            append(self._tree, paths.level_log(level.lower(), self._node, "_main"), data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
