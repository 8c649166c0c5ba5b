"""What deviates, in a sentence and with a remedy; and what happens next if nobody acts."""

from __future__ import annotations

import re

from bscore.core.attempts import attempt_of
from bscore.core.limits import Limits
from bscore.core.state import Run, WorkerState
from bscore.observe import NodeUsage
from bscore_tui.reading.figures import quantile
from bscore_tui.reading.notes import worker_text
from bscore_tui.reading.rows import FULL_PERCENT, late_after_ns
from bscore_tui.views.model import Finding, NextEvent, batch_name
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Options
from bscore_tui.views.words import nanoseconds, span

_SENTENCE = re.compile(r"(?<=[.;:]) (?=[A-Z])")
MAX_FINDINGS = 20
_PLAIN = Options()

#: What has run for so long is told when it will be killed, however late that is.
LONG_S = 30.0


def findings(run: Run, at: int, usages: dict[str, NodeUsage]) -> tuple[Finding, ...]:
    """The most pressing first: memory, what is late, then what the master found."""
    found = [*_memory(run, at, usages)] if run.outcome is None else []
    if run.outcome is None:
        found += _late(run, at)
    found += [_made(text) for text in run.findings.values()]
    return tuple(found[:MAX_FINDINGS])


def _made(text: str) -> Finding:
    first, *rest = _SENTENCE.split(safe_text(text, 1000), maxsplit=1)
    return Finding(first, rest[0] if rest else "")


def _memory(run: Run, at: int, usages: dict[str, NodeUsage]) -> list[Finding]:
    found: list[Finding] = []
    for node in run.nodes.values():
        usage = usages.get(node.id)
        samples = usage.upto(at) if usage else []
        percent = samples[-1].memory_percent if samples else None
        killed = sum(gone.signal == 9 and gone.id.rpartition("/")[0] == node.id for gone in run.gone)
        if percent is None or percent < FULL_PERCENT or not node.live:
            continue
        deaths = f", {killed} worker{'s' if killed > 1 else ''} killed by signal 9" if killed else ""
        fewer = max(node.workers - max(killed, 1), 1)
        remedy = (
            f"set max_concurrency_per_instance to {fewer} (now {node.workers})" if node.workers > 1 else ""
        )
        text = f"{safe_text(node.id, 100)} is out of memory ({percent:.0f} %){deaths}"
        found.append(Finding(text, remedy, f"node:{node.id}"))
    return found


def _late(run: Run, at: int) -> list[Finding]:
    late_ns = late_after_ns(run)
    if late_ns is None:
        return []
    late = [
        worker
        for worker in run.workers.values()
        if worker.state is WorkerState.BUSY and worker.queue and (at - worker.since) * 1000 > late_ns
    ]
    if not late:
        return []
    oldest = min(late, key=lambda worker: worker.since)
    mini_batch = oldest.queue[0]
    median = nanoseconds(quantile(list(run.recent_ns), 0.5), _PLAIN)
    others = f" and {len(late) - 1} more are late" if len(late) > 1 else " is late"
    text = f"{batch_name(mini_batch)}{others}: {span((at - oldest.since) / 1e6)}, median {median}"
    return [Finding(text, "", f"mb:{mini_batch}")]


def next_events(run: Run, limits: Limits, at: int) -> tuple[NextEvent, ...]:
    """Time-outs of what runs long, and the end for want of progress, the nearest first."""
    found: list[NextEvent] = []
    busy = [w for w in run.workers.values() if w.state is WorkerState.BUSY and w.queue]
    if busy:
        oldest = min(busy, key=lambda worker: worker.since)
        due = oldest.since + int(limits.attempt_s * 1e6)
        if at - oldest.since > min(limits.attempt_s / 3, LONG_S) * 1e6:
            tries = f"(try {attempt_of(run, oldest.queue[0])} of {limits.tries})"
            found.append(NextEvent(due, f"time-out kills {worker_text(oldest.id)} {tries}"))
    since = max(run.first_assigned, run.last_progress)
    if since and at - since > limits.no_progress_s * 1e6 / 10 and run.over < run.mini_batches:
        due = since + int(limits.no_progress_s * 1e6)
        found.append(NextEvent(due, f"job fails: progress_update_timeout {limits.no_progress_s:,.0f} s"))
    return tuple(sorted(found, key=lambda event: event.at))
