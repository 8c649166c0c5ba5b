"""When a run is over, and why: thresholds and limits, in the original's words where it has some."""

from __future__ import annotations

from bscore.core import listing
from bscore.core.events import Outcome
from bscore.core.instructions import End
from bscore.core.limits import Limits
from bscore.core.state import Node, Run, WorkerState
from bscore.core.vitals import Vitals

#: Failed inits of one node before no more workers are started there, per worker (reference 1.13 a).
INIT_TRIES = 3
#: What taking the stacks of a worker and killing it may take.
KILL_GRACE_S = 5.0
#: Reference 1.13 b: all inits on all nodes failing, and the job older than this.
INIT_GRACE_S = 120.0


def verdict(run: Run, vitals: Vitals, limits: Limits, now: int) -> End | None:
    """How the run has to end now, or None while it goes on. `now` in microseconds UTC."""
    if run.canceled_by:
        return End(Outcome.CANCELED, f"Canceled by {run.canceled_by}.")
    reason = (
        _broken_inputs(run)
        or _threshold(run, limits)
        or _no_nodes(run)
        or _inits(run, vitals, limits, now)
        or _no_task(run, vitals, limits, now)
        or _no_progress(run, vitals, limits, now)
        or _no_listing(run, vitals, limits, now)
    )
    if reason:
        return End(Outcome.FAILED, reason)
    if not run.exhausted:
        return None
    if limits.needs_results and run.items and not run.succeeded_items:
        return End(
            Outcome.FAILED,
            "No succeeded mini batch item returned from run(). Please check 'response: run()' in "
            "https://aka.ms/batch-inference-documentation.",
        )
    return End(Outcome.COMPLETED, "")


def init_budget_spent(node: Node) -> bool:
    """Whether a node has failed to bring up workers too often (reference 1.13 a)."""
    return node.init_failures >= INIT_TRIES * max(node.workers, 1)


def _broken_inputs(run: Run) -> str:
    return f"The inputs cannot be listed: {run.listing_error}" if run.listing_error else ""


def _threshold(run: Run, limits: Limits) -> str:
    if 0 <= limits.error_threshold < run.failed_items:
        return (
            f"The number of failed items, {run.failed_items}, exceeds error_threshold, "
            f"{limits.error_threshold}."
        )
    failed = run.failed_mini_batches
    if 0 <= limits.allowed_failed_count < failed:
        return (
            f"The number of failed mini batches, {failed}, exceeds allowed_failed_count, "
            f"{limits.allowed_failed_count}."
        )
    if run.listing_finished and failed * 100 > limits.allowed_failed_percent * run.mini_batches:
        percent = failed * 100 / run.mini_batches
        return (
            f"{percent:.4g} % of the mini batches failed ({failed} of {run.mini_batches}), which exceeds "
            f"allowed_failed_percent, {limits.allowed_failed_percent:g}."
        )
    return ""


def _no_nodes(run: Run) -> str:
    nodes = run.nodes.values()
    if not nodes or any(node.live for node in nodes):
        return ""
    lost = [node for node in nodes if node.lost_at >= run.term_started]
    if not lost:
        return ""
    last = max(lost, key=lambda node: node.lost_at)
    return f"Every node was lost; the last one, {last.id}: {last.lost_reason}."


def _inits(run: Run, vitals: Vitals, limits: Limits, now: int) -> str:
    live = [node for node in run.nodes.values() if node.live]
    if not live or any(node.ever_ready and not init_budget_spent(node) for node in live):
        return ""
    failures = sum(node.init_failures for node in live)
    alive = any(node.alive for node in live)
    if not alive and all(init_budget_spent(node) for node in live):
        return f"No worker could be started: {failures} of them ended in a row before they scored."
    everywhere = not any(node.ever_ready for node in live) and all(node.init_failures for node in live)
    old = now - run.term_started - vitals.frozen_us > INIT_GRACE_S * 1e6
    if everywhere and old and failures >= 2 * sum(node.workers for node in live):
        return f"init() failed on every node, {failures} times in all."
    return stuck_inits(run, vitals, limits, now)


def stuck_inits(run: Run, vitals: Vitals, limits: Limits, now: int) -> str:
    """Why a run has to end of which no worker gets out of init(), and where they are; empty while not."""
    workers = run.workers.values()
    if not workers or any(worker.state is not WorkerState.STARTING for worker in workers):
        return ""
    newest = max(worker.started for worker in workers)
    waited_s = (now - newest - vitals.frozen_us) / 1e6
    if waited_s <= limits.init_s:
        return ""
    places = _init_places(run)
    at = f", {'most ' * (len(places) > 1)}at {places[0]}" if places else ""
    return f"No progress: every worker has been in init() for more than {limits.init_s:g} seconds{at}."


def _init_places(run: Run) -> list[str]:
    """Where the workers were when their stacks were taken, the most frequent place first."""
    places = [place for _, _, place, _ in run.stacks.values() if place]
    return sorted(set(places), key=lambda place: -places.count(place))


def _no_task(run: Run, vitals: Vitals, limits: Limits, now: int) -> str:
    if run.mini_batches or run.listing_finished:
        return ""
    waited_s = (now - run.term_started - vitals.frozen_us) / 1e6
    if waited_s <= limits.first_task_creation_timeout_s:
        return ""
    return f"Unable to create any task within {limits.first_task_creation_timeout_s:g} seconds."


def _someone_in_time(run: Run, vitals: Vitals, limits: Limits, now: int) -> bool:
    """Whether something is about to happen, or a worker still has time: its own limit comes first.

    Without this the computed limit would end a run whose last mini-batch uses up all its tries, each
    with a new worker, at the moment when it would have been given up.
    """
    if run.waiting and (run.hungry or any(_can_start(node) for node in run.nodes.values())):
        return True
    for worker in run.workers.values():
        age_s = (now - worker.since - vitals.frozen_us) / 1e6
        limit_s = limits.init_s if worker.state is WorkerState.STARTING else limits.attempt_s + KILL_GRACE_S
        if worker.state is not WorkerState.IDLE and age_s <= limit_s:
            return True
    return False


def _can_start(node: Node) -> bool:
    return node.live and node.alive < node.workers and not init_budget_spent(node)


def _no_progress(run: Run, vitals: Vitals, limits: Limits, now: int) -> str:
    if not run.first_assigned or run.over == run.mini_batches:
        return ""
    since = max(run.first_assigned, run.last_progress)
    waited_s = (now - since - vitals.frozen_us) / 1e6
    if waited_s <= limits.no_progress_s:
        return ""
    if limits.progress_update_timeout_s is None and _someone_in_time(run, vitals, limits, now):
        return ""
    return f"No progress update in {limits.no_progress_s:g} seconds."


def _no_listing(run: Run, vitals: Vitals, limits: Limits, now: int) -> str:
    since = listing.waited_since(run)
    if since is None or (now - since - vitals.frozen_us) / 1e6 <= listing.limit_s(limits):
        return ""
    return f"No progress update in {listing.limit_s(limits):g} seconds. {listing.words(run, since)}"
