"""The errors of a golden tree, and the reports written about them when it has ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bscore.core.events import AttemptFailed, FailureKind
from bscore.logtree import causes, paths, reports
from bscore.logtree.readme_text import readme
from golden_files import PID, MasterFiles

_TYPES = ("ValueError", "KeyError", "OSError", "UnicodeDecodeError", "MemoryError", "RuntimeError")
_KINDS = (FailureKind.EXCEPTION, FailureKind.EXCEPTION, FailureKind.TIMEOUT, FailureKind.REJECTED)


@dataclass(slots=True)
class Group:
    """One error of the script, and how often it came up."""

    kind: FailureKind
    error_type: str
    message: str
    line: int
    count: int = 0
    first_at: int = 0
    last_at: int = 0
    first_mini_batch: int = 0
    trace: str = ""
    nodes: dict[str, None] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"score.py:{self.line} in run" if self.line else ""

    def count_in(self, event: AttemptFailed) -> None:
        if not self.count:
            self.first_at, self.first_mini_batch, self.trace = event.at, event.mini_batch, event.trace
        self.count += 1
        self.last_at = event.at
        self.nodes[event.worker.rpartition("/")[0]] = None


def new_group(number: int) -> Group:
    kind = _KINDS[number % 4]
    name = "TimeoutError" if kind is FailureKind.TIMEOUT else _TYPES[number % len(_TYPES)]
    return Group(kind, name, f"cannot read column 'c{number}' of {number:07}.txt", 10 + number)


def causes_of(groups: Iterable[Group]) -> tuple[reports.Cause, ...]:
    return tuple(
        reports.Cause(
            group.kind, group.error_type, group.message, group.place, group.count, group.first_at,
            group.last_at, tuple(group.nodes), group.first_mini_batch, group.trace,
        )
        for group in groups
        if group.count
    )  # fmt: skip


def write_reports(master: MasterFiles, facts: reports.ResultFacts) -> None:
    """Everything that stands in a tree once its job has ended."""
    master.put(paths.JOB_RESULT, reports.job_result(facts))
    master.put(paths.USER_ERRORS, causes.user_error_summary(facts.causes, facts.other_failures))
    master.put(paths.README, readme())
    start = reports.driver_start(facts.started_at, "score.py", [], "0.1.0", "host-a", PID)
    master.put(paths.DRIVER_LOG, start + reports.driver_end(facts.ended_at, facts.outcome, facts.reason))
    master.put(paths.PROCESS_REPORT, "".join(master.summary.process_rows()))
    master.put(paths.NODE_REPORT, "".join(master.summary.node_rows()))
