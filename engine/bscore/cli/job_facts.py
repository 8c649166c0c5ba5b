"""A job as plain values for `job list` and `job show`: from its tree alone, with the cloud's field names."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bscore.cli.job_ways import DAMAGED, NOT_RESPONDING, UNKNOWN, command_of, output_of, reason_of
from bscore.core.estimate import percent
from bscore.core.groups import ErrorGroup
from bscore.core.next_limit import next_limit
from bscore.core.rates import rate
from bscore.core.standing import late, slow, standing_still
from bscore.core.state import Phase, Run, Worker, WorkerState
from bscore.errors import BscoreError, NoJournalError
from bscore.logtree import paths
from bscore.logtree.history import read_history
from bscore.logtree.lease import Lease
from bscore.logtree.overview import iso
from bscore.logtree.source import LocalSource
from bscore.master.lock import read_lease
from bscore.observe import Life, Pulse, end_of, last_words
from bscore.observe.life import has_open, process_start

_TOP_ERRORS = 5
_UTC = "+00:00"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a tree says: its run (None where the journal cannot be read), and whether its master lives."""

    tree: Path
    run: Run | None
    pulse: Pulse
    lease: Lease | None
    silent_s: float
    #: Now, on the clock of the run: for one whose master is gone, when it was last heard of.
    now: int
    problem: str = ""
    #: Whether there is a journal that cannot be read.
    damaged: bool = False
    #: Why a master that is gone gave up, where it could say so.
    last_words: str = ""

    @property
    def status(self) -> str:
        """Completed, Failed, Canceled; Preparing, Running, Finalizing; NotResponding; Damaged; Unknown."""
        if self.run is None:
            return DAMAGED if self.damaged else UNKNOWN
        if self.run.outcome is not None:
            return self.run.outcome.value
        return NOT_RESPONDING if self.pulse is Pulse.NOT_RESPONDING else self.run.phase.value

    @property
    def is_alive(self) -> bool:
        """Whether a master may be working on it."""
        return self.run is not None and self.run.outcome is None and self.pulse is not Pulse.NOT_RESPONDING

    @property
    def is_frozen(self) -> bool:
        """Whether a master that shows no sign of life still exists on this host."""
        if self.lease is None or self.pulse is not Pulse.NOT_RESPONDING or not _runs(self.lease):
            return False
        return has_open(self.lease.pid, str(self.tree / paths.LOCK)) is True

    @property
    def master_words(self) -> str:
        """Which process the master is or was, and whether it lives."""
        if self.run is None:
            return ""
        who = f"process {self.run.pid} on {self.run.host}"
        if self.pulse is not Pulse.NOT_RESPONDING:
            return who
        if self.lease is None:
            return f"{who} (its lease cannot be read, and nobody holds its lock)"
        if self.lease.host != socket.gethostname():
            return f"{who} (last sign of life {self.silent_s:.0f} s ago, as seen from here)"
        if self.is_frozen:
            return f"{who} (it still exists, but shows no sign of life)"
        if _runs(self.lease):
            return f"{who} (it lives, but does not work on this directory: a copy?)"
        return f"{who} (it is gone)"


def read_facts(tree: Path) -> Facts:
    """Read a job's tree; never raises for a broken one."""
    source = LocalSource(tree)
    lease, life = read_lease(tree), Life(source)
    try:
        run = read_history(source).run
    except BscoreError as error:
        damaged = not isinstance(error, NoJournalError)
        return Facts(tree, None, Pulse.UNKNOWN, lease, 0.0, 0, str(error), damaged=damaged)
    pulse = life.look(run.outcome is not None)
    alive = run.outcome is None and pulse is not Pulse.NOT_RESPONDING
    # Across hosts the clock of the reader may be behind that of the journal.
    now = max(int(time.time() * 1e6), run.last) if alive else run.last
    words = last_words(source, run.term) if pulse is Pulse.NOT_RESPONDING else ""
    return Facts(tree, run, pulse, lease, life.silent_s, now, last_words=words)


def _runs(lease: Lease) -> bool:
    """Whether the process of a lease still exists on this host."""
    return lease.host == socket.gethostname() and process_start(lease.pid) == lease.started


def brief(facts: Facts) -> dict[str, Any]:
    """One row of `job list`."""
    run = facts.run
    return {
        "name": facts.tree.name,
        "status": facts.status,
        "started": f"{iso(run.started)[:19]}{_UTC}" if run else None,
        "mini_batches": f"{len(run.done)} of {_at_least(run)}{run.mini_batches}" if run else None,
        "failed_items": run.failed_items if run else None,
        "duration": str(timedelta(seconds=round(run.ran_us(facts.now) / 1e6))) if run else None,
        "terms": run.term if run else None,
    }


def _at_least(run: Run) -> str:
    return "" if run.listing_finished else "at least "


def whole(facts: Facts) -> dict[str, Any]:
    """Everything of `job show`."""
    endpoint = {"endpoint": facts.tree.absolute().as_uri(), "type": "Studio"}
    value: dict[str, Any] = {
        "name": facts.tree.name,
        "display_name": facts.tree.name,
        "type": "parallel",
        "status": facts.status,
        "status_reason": reason_of(facts),
        "services": {"Studio": endpoint},
        "interaction_endpoints": {"Studio": endpoint},
        "directory": str(facts.tree.absolute()),
        "go_on": command_of(facts),
    }
    if facts.run is not None:
        value |= _of_run(facts.run, facts.now)
        value |= _of_present(facts, facts.run)
        value["output"] = output_of(facts)
    return value


def _moment(at: int) -> str:
    """Microseconds since 1970 with their zone, for machines."""
    return iso(at) + _UTC


def _of_run(run: Run, now: int) -> dict[str, Any]:
    scored = rate(run)
    running = sum(1 for worker in run.workers.values() if worker.queue)
    return {
        "term": run.term,
        "resumed": run.resumes,
        "master": {"host": run.host, "pid": run.pid},
        "creation_context": {"created_at": _moment(run.started)},
        "start_time": _moment(run.started),
        "last_event_time": _moment(run.last),
        "duration_seconds": round((now - run.started) / 1e6, 3),
        "ran_seconds": round(run.ran_us(now) / 1e6, 3),
        "end_time": _moment(run.last) if run.phase is Phase.ENDED else None,
        "listing_finished": run.listing_finished,
        "mini_batches": {
            "total": run.mini_batches,
            "done": len(run.done),
            "running": running,
            "waiting": run.mini_batches - run.over - running,
            "abandoned": len(run.abandoned),
            "tried_again": run.retried,
            "short": run.short,
        },
        "given_up": [{"reason": reason, "mini_batches": count} for reason, count in run.given_up.items()],
        "items": {"total": run.items, "succeeded": run.succeeded_items, "failed": run.failed_items},
        "items_per_second": round(scored.items, 1) if scored else None,
        "rows": run.rows,
        "committed_rows": run.committed_rows,
        "workers": [_of_worker(worker, now) for worker in run.workers.values()],
        "workers_gone": run.gone_count,
        "workers_died": run.deaths,
        "errors": [_of_error(group) for group in _top(run)],
        "other_errors": _not_shown(run),
        "findings": list(run.findings.values()),
    }


def _of_present(facts: Facts, run: Run) -> dict[str, Any]:
    """What only counts while somebody works on it; None where it does not."""
    alive = facts.is_alive
    still_s = standing_still(run, facts.now) if alive else None
    ends = end_of(run, facts.now) if alive else None
    return {
        "master_alive": alive if run.outcome is None else None,
        "percent": percent(run),
        "estimated_end": {
            "from": _moment(ends.low_us) if ends and ends.low_us else None,
            "to": _moment(ends.high_us) if ends and ends.high_us else None,
            "latest": _moment(ends.latest_us) if ends.latest_us else None,
            "confidence": ends.confidence.value,
            "reason": ends.reason,
        }
        if ends
        else None,
        "stands_still_seconds": None if still_s is None else round(still_s, 1),
        "stands_still_since": None if still_s is None else _moment(facts.now - int(still_s * 1e6)),
        "late_mini_batches": [one.mini_batch for one in late(run, facts.now)[:20]] if alive else [],
        "slow_workers": slow(run)[:20] if alive else [],
        "next_limit": next_limit(run, facts.now) if alive else None,
    }


def _of_worker(worker: Worker, now: int) -> dict[str, Any]:
    busy = worker.state is WorkerState.BUSY and bool(worker.queue)
    return {
        "name": worker.id,
        "pid": worker.pid,
        "state": worker.state.value,
        "mini_batch": worker.queue[0] if busy else None,
        "seconds": round((now - worker.since) / 1e6, 1) if busy else None,
        "finished": worker.finished,
        "failed": worker.failed,
    }


def _top(run: Run) -> list[ErrorGroup]:
    return sorted(run.errors.values(), key=lambda group: -group.count)[:_TOP_ERRORS]


def _not_shown(run: Run) -> int:
    """Failures that belong to none of the errors shown."""
    every = sum(group.count for group in run.errors.values()) + run.other_errors
    return every - sum(group.count for group in _top(run))


def _of_error(group: ErrorGroup) -> dict[str, Any]:
    return {
        "kind": group.kind.value,
        "type": group.error_type,
        "message": group.message,
        "place": group.place,
        "count": group.count,
        "first_time": _moment(group.first_at),
        "last_time": _moment(group.last_at),
        "nodes": group.nodes,
        "phase": group.phase or "run()",
        "first_mini_batch": group.first_mini_batch,
        "first_item": group.item,
        "last_item": group.last_item,
        "printed_item": group.printed,
        "first_items": group.items,
        "common_folder": group.folder,
        "trace": group.trace,
        "messages": [{"message": one.message, "count": one.count} for one in group.messages.values()],
        "other_messages": group.other_messages if group.messages else 0,
    }
