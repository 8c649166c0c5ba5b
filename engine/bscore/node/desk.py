"""What all parts of an agent share: setup, clock, logs, and the reports that wait for the master."""

from __future__ import annotations

import threading

from bscore.core.events import Event, FindingMade
from bscore.node.clock import Clock
from bscore.node.lines import Stamps
from bscore.node.messages import AgentSetup, Answer
from bscore.node.user_errors import UserErrors
from bscore.node.warned import NodeWarnings
from bscore.node.worker_log import AgentLog, WorkerLog


class Desk:
    """The agent's desk. A log that cannot be written becomes a finding, never the end of the agent."""

    def __init__(self, setup: AgentSetup, clock: Clock) -> None:
        self.setup = setup
        self.clock = clock
        self.stamps = Stamps(clock)
        self.reports: list[Answer | Event] = []
        self._log = AgentLog(setup.tree, setup.node, self.stamps)
        self._errors = UserErrors(setup.tree, setup.node, self.stamps)
        self.warnings = NodeWarnings(setup.node, clock, self.report)
        self._findings: set[str] = set()
        self._waiting: dict[WorkerLog, None] = {}

    def report(self, what: Answer | Event) -> None:
        """Tell the master, behind everything told before."""
        self.reports.append(what)

    def take_reports(self) -> list[Answer | Event]:
        """Everything since the last time."""
        taken, self.reports = self.reports, []
        return taken

    def finding(self, code: str, text: str) -> None:
        """Report a diagnosis, once."""
        if code not in self._findings:
            self._findings.add(code)
            self.report(FindingMade(self.clock.now(), code, text))

    def say(self, level: str, text: str, *, counts: bool = True) -> None:
        """A line of the agent's own log; a warning `counts` unless an event says the same."""
        if level == "WARNING" and counts:
            self.warnings.own("_main", text)
        try:
            self._log.write(self.clock.now(), level, threading.get_native_id(), text)
        except OSError as error:
            self._cannot_write(error)

    def warn(self, log: WorkerLog, at: int, text: str) -> None:
        """A WARNING line in a worker's log."""
        self.wants_flush(log)
        self.warnings.own(log.process, text)
        try:
            log.leveled(at, "WARNING", text)
        except OSError as error:
            self._cannot_write(error)

    def error(self, log: WorkerLog, at: int, text: str) -> None:
        """An ERROR line in a worker's log."""
        self.wants_flush(log)
        try:
            log.leveled(at, "ERROR", text)
        except OSError as error:
            self._cannot_write(error)

    def user_error(self, at: int, process: str, headline: str, trace: str) -> str:
        """Keep a trace of the script; where it stands, or nothing when it cannot be written."""
        try:
            return self._errors.write(at, process, headline, trace)
        except OSError as error:
            self._cannot_write(error)
            return ""

    def wants_flush(self, log: WorkerLog) -> None:
        """This log has lines that wait."""
        self._waiting[log] = None

    def flush(self) -> None:
        """Write the lines of all worker logs, one write each."""
        if not self._waiting:
            return
        for log in self._waiting:
            try:
                log.flush()
            except OSError as error:
                self._cannot_write(error)
        self._waiting.clear()

    def close_log(self, log: WorkerLog) -> None:
        """Write what waits in a worker's log and close it."""
        self._waiting.pop(log, None)
        try:
            log.close()
        except OSError as error:
            self._cannot_write(error)

    def close(self) -> None:
        """Close the agent's own log."""
        self.flush()
        self._log.close()

    def _cannot_write(self, error: OSError) -> None:
        self.finding(
            f"log-write-failed-{self.setup.node}",
            f"A log of node {self.setup.node} could not be written: {error}. Scoring goes on, but the log "
            "has gaps. Free space on that disk, or check its permissions.",
        )
