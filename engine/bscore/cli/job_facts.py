"""A job as plain values for `job list` and `job show`: from its tree alone, with the cloud's field names."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bscore.core.state import ErrorGroup, Phase, Run, Worker, WorkerState
from bscore.errors import BscoreError
from bscore.logtree import paths
from bscore.logtree.history import read_history
from bscore.logtree.overview import iso
from bscore.logtree.source import LocalSource
from bscore.master.lock import Lease, boot_id, read_lease
from bscore.spec.job_file import read_job

NOT_RESPONDING = "NotResponding"
UNKNOWN = "Unknown"
#: A lease that has not changed for so long is of a master that does not answer.
LEASE_S = 30.0
_TOP_ERRORS = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What a tree says: its run (None where the journal cannot be read), and whether a master holds it."""

    tree: Path
    run: Run | None
    held: bool
    lease: Lease | None
    lease_age_s: float | None
    problem: str = ""

    @property
    def status(self) -> str:
        """Completed, Failed, Canceled; Preparing, Running, Finalizing; NotResponding; Unknown."""
        if self.run is None:
            return UNKNOWN
        if self.run.phase is Phase.ENDED and self.run.outcome is not None:
            return self.run.outcome.value
        return self.run.phase.value if self._is_alive() else NOT_RESPONDING

    def _is_alive(self) -> bool:
        fresh = self.lease_age_s is not None and self.lease_age_s <= LEASE_S
        elsewhere = self.lease is not None and self.lease.boot_id != boot_id()
        return fresh if elsewhere else self.held and fresh


def read_facts(tree: Path) -> Facts:
    """Read a job's tree; never raises for a broken one."""
    lease = read_lease(tree)
    run, problem = None, ""
    try:
        run = read_history(LocalSource(tree)).run
    except BscoreError as error:
        problem = error.message
    return Facts(tree, run, is_held(tree), lease, _age(tree / paths.LEASE), problem)


def is_held(tree: Path) -> bool:
    """Whether a living process of this host holds the job's lock."""
    try:
        descriptor = os.open(tree / paths.LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _age(path: Path) -> float | None:
    try:
        changed = path.stat().st_mtime
    except OSError:
        return None
    return max(datetime.now(UTC).timestamp() - changed, 0.0)


def brief(facts: Facts) -> dict[str, Any]:
    """One row of `job list`."""
    run = facts.run
    return {
        "name": facts.tree.name,
        "status": facts.status,
        "started": iso(run.started)[:19] if run else None,
        "mini_batches": f"{run.over} of {_at_least(run)}{run.mini_batches}" if run else None,
        "failed_items": run.failed_items if run else None,
        "duration": str(timedelta(seconds=round((run.last - run.started) / 1e6))) if run else None,
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
        "status_reason": _reason(facts),
        "services": {"Studio": endpoint},
        "interaction_endpoints": {"Studio": endpoint},
        "directory": str(facts.tree.absolute()),
    }
    if facts.run is not None:
        value |= _of_run(facts.run)
        value["output"] = _output(facts)
    return value


def _reason(facts: Facts) -> str:
    if facts.run is None:
        return facts.problem
    if facts.status != NOT_RESPONDING:
        return facts.run.reason
    name = facts.tree.name
    who = f"process {facts.run.pid} on {facts.run.host}"
    state = "still runs but does not answer" if facts.held else "is gone"
    return f"Its master, {who}, {state}. Go on with: bscore job resume {name}"


def _output(facts: Facts) -> str | None:
    run = facts.run
    if run is None:
        return None
    if run.output:
        return run.output
    try:
        config = read_job(facts.tree / paths.JOB_FILE)
    except BscoreError:
        return None
    return str(config.output / config.output_file_name)


def _of_run(run: Run) -> dict[str, Any]:
    seconds = (run.last - run.first_assigned) / 1e6 if run.first_assigned else 0.0
    return {
        "term": run.term,
        "master": {"host": run.host, "pid": run.pid},
        "creation_context": {"created_at": iso(run.started)},
        "start_time": iso(run.started),
        "last_event_time": iso(run.last),
        "end_time": iso(run.last) if run.phase is Phase.ENDED else None,
        "listing_finished": run.listing_finished,
        "mini_batches": {
            "total": run.mini_batches,
            "done": len(run.done),
            "running": len(run.in_flight),
            "waiting": run.waiting,
            "abandoned": len(run.abandoned),
            "tried_again": run.retried,
        },
        "items": {"total": run.items, "succeeded": run.succeeded_items, "failed": run.failed_items},
        "items_per_second": round(run.done_items / seconds, 1) if seconds and run.done_items else None,
        "rows": run.rows,
        "committed_rows": run.committed_rows,
        "workers": [_of_worker(worker, run) for worker in run.workers.values()],
        "workers_gone": run.gone_count,
        "errors": [_of_error(group) for group in _top(run)],
        "findings": list(run.findings.values()),
    }


def _of_worker(worker: Worker, run: Run) -> dict[str, Any]:
    busy = worker.state is WorkerState.BUSY and bool(worker.queue)
    return {
        "name": worker.id,
        "pid": worker.pid,
        "state": worker.state.value,
        "mini_batch": worker.queue[0] if busy else None,
        "seconds": round((run.last - worker.since) / 1e6, 1) if busy else None,
        "finished": worker.finished,
        "failed": worker.failed,
    }


def _top(run: Run) -> list[ErrorGroup]:
    return sorted(run.errors.values(), key=lambda group: -group.count)[:_TOP_ERRORS]


def _of_error(group: ErrorGroup) -> dict[str, Any]:
    return {
        "kind": group.kind.value,
        "type": group.error_type,
        "message": group.message,
        "place": group.place,
        "count": group.count,
        "first_time": iso(group.first_at),
        "last_time": iso(group.last_at),
        "nodes": group.nodes,
        "first_mini_batch": group.first_mini_batch,
        "first_item": group.item,
        "common_folder": group.folder,
        "trace": group.trace,
    }
