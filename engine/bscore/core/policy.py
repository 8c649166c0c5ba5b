"""What to do next: `plan(run, vitals, limits, now)`. It decides and changes nothing.

Called twice with the same arguments it answers the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import islice

from bscore.core import listing
from bscore.core.attempts import DEPTH_SAMPLE
from bscore.core.instructions import (
    Abandon,
    AbandonRest,
    BlameInit,
    End,
    Find,
    Give,
    Instruction,
    LoseNode,
    Start,
    TakeBack,
)
from bscore.core.limits import Limits
from bscore.core.ranges import as_pairs
from bscore.core.state import MAX_FINDINGS, Run, Worker, WorkerState
from bscore.core.verdict import init_budget_spent, stuck_inits, verdict
from bscore.core.vitals import Vitals

#: How the reason for giving up a mini-batch ends that has no tries left.
TRIES_FAILED = "tries failed"
#: Above this much rows not yet written nothing is given out.
MAX_UNWRITTEN_BYTES = 64 * 1024 * 1024
#: A worker busy with one mini-batch for so long gives the ones behind it to an idle worker.
TAKE_BACK_US = 50_000
#: The longest and the shortest rest of the master while every worker has enough to do.
MAX_REST_US = 40_000
MIN_REST_US = 500


def plan(run: Run, vitals: Vitals, limits: Limits, now: int) -> list[Instruction]:
    """Everything to be done now (`now` in microseconds UTC), in the order to do it."""
    end = verdict(run, vitals, limits, now)
    if end is not None:
        return [*_blames(run, vitals, limits, now), end]
    instructions: list[Instruction] = []
    instructions += _lost_nodes(run, vitals, limits, now)
    instructions += _stalled_listing(run, vitals, now)
    if run.rest_given_up:
        return [*instructions, AbandonRest(run.rest_given_up)] if run.waiting else instructions
    instructions += _spent(run, limits)
    instructions += _staff(run)
    if vitals.unwritten_bytes <= MAX_UNWRITTEN_BYTES and run.hungry:
        upto = run.mini_batches if vitals.found is None else vitals.found
        instructions += _give(run, limits, upto) if run.waiting else _take_back(run, now)
    return instructions


def wants_early_look(run: Run) -> bool:
    """Whether an idle worker could soon take work from a busy one."""
    return not run.waiting and len(run.in_flight) > 1 and any(not run.workers[w].queue for w in run.hungry)


def rest_us(run: Run) -> int:
    """For how long nobody needs the master (microseconds), by the shortest of each worker's last durations.

    A wake-up costs much the same for one answer as for ten; whoever rests a little finds ten.
    """
    shortest = MAX_REST_US if run.workers else 0
    for worker in run.workers.values():
        recent = worker.recent_ns
        if worker.state is not WorkerState.BUSY or not recent:
            return 0
        fastest_ns = min(recent[i] for i in range(-min(DEPTH_SAMPLE, len(recent)), 0))
        # Half of it: what was given last may still be on its way.
        shortest = min(shortest, (worker.depth - 1) * fastest_ns // 2000)
    return shortest if shortest >= MIN_REST_US else 0


def is_end(instructions: list[Instruction]) -> End | None:
    """The end of the run, where that is what was planned: it comes last."""
    return instructions[-1] if instructions and isinstance(instructions[-1], End) else None


def _blames(run: Run, vitals: Vitals, limits: Limits, now: int) -> list[Instruction]:
    """Who never got out of init(), where that ends the run."""
    if not stuck_inits(run, vitals, limits, now):
        return []
    text = f"init() did not end within {limits.init_s:g} seconds (3 x run_invocation_timeout + 30)"
    stacks = {worker: run.stacks.get(worker, (0, -1, "", "")) for worker in run.workers}
    return [BlameInit(worker, text, place, trace) for worker, (_, _, place, trace) in stacks.items()]


def _lost_nodes(run: Run, vitals: Vitals, limits: Limits, now: int) -> list[Instruction]:
    lost: list[Instruction] = []
    for node, heard in vitals.heard.items():
        silent_s = (now - heard) / 1e6
        if silent_s > limits.node_silent_s and run.nodes[node].live:
            lost.append(LoseNode(node, f"nothing heard for {silent_s:.0f} seconds"))
    return lost


def _stalled_listing(run: Run, vitals: Vitals, now: int) -> list[Instruction]:
    since = listing.waited_since(run)
    if since is None or listing.FINDING in run.findings or len(run.findings) >= MAX_FINDINGS:
        return []
    if (now - since - vitals.frozen_us) / 1e6 <= listing.PATIENCE_S:
        return []
    return [Find(listing.FINDING, listing.words(run, since))]


def _spent(run: Run, limits: Limits) -> list[Instruction]:
    return [
        Abandon(mini_batch, charge.items, f"{charge.tries} of {limits.tries} {TRIES_FAILED}")
        for mini_batch, charge in run.charges.items()
        if charge.tries >= limits.tries and mini_batch not in run.in_flight
    ]


def _staff(run: Run) -> list[Instruction]:
    """Start workers where some are missing, no more than there is work left for."""
    work = run.mini_batches - run.over if run.listing_finished else None
    starts: list[Instruction] = []
    alive = sum(node.alive for node in run.nodes.values())
    for node in run.nodes.values():
        if not node.live or node.alive >= node.workers or init_budget_spent(node):
            continue
        missing = node.workers - node.alive
        if work is not None:
            missing = min(missing, max(work - alive, 0))
        first = node.next_process
        starts += [Start(f"{node.id}/process{first + i:03d}") for i in range(missing)]
        alive += missing
    return starts


def _give(run: Run, limits: Limits, upto: int) -> list[Instruction]:
    """Hand out what waits, mini-batches before `upto` only."""
    workers = _unburdened_first(run, [run.workers[worker] for worker in run.hungry])
    shares = _shares(workers, run.waiting)
    given: dict[str, list[int]] = {}
    if run.returned:
        _give_returned(run, limits, upto, workers, shares, given)
    new = run.next_new
    gives: list[Instruction] = []
    for worker, share in zip(workers, shares, strict=True):
        ids = given.get(worker.id)
        pairs = as_pairs(ids) if ids else ()
        if run.ahead:
            fresh, new = _around(run, new, share, upto)
            pairs += fresh
        elif (count := min(share, upto - new)) > 0:
            pairs += ((new, count),)
            new += count
        if pairs:
            gives.append(Give(worker.id, pairs))
    return gives


def _around(run: Run, new: int, share: int, upto: int) -> tuple[tuple[tuple[int, int], ...], int]:
    """`share` new ids from `new` on without those given up ahead of their turn, and what comes next."""
    pairs: list[tuple[int, int]] = []
    for start, stop in [*run.ahead.pairs(), (upto, upto)]:
        if stop <= new:
            continue
        count = min(share, min(start, upto) - new)
        if count > 0:
            pairs.append((new, count))
            share, new = share - count, new + count
        if share <= 0:
            break
        new = stop
    return tuple(pairs), new


def _unburdened_first(run: Run, workers: list[Worker]) -> list[Worker]:
    """Workers on whose account nothing waits again come first, so that a retry can go elsewhere."""
    if not run.charges or not run.returned:
        return workers
    last = {run.charges[m].worker for m in run.charges if m not in run.in_flight}
    nodes = {worker.rpartition("/")[0] for worker in last}
    return sorted(workers, key=lambda worker: (worker.id in last, worker.node in nodes))


def _shares(workers: list[Worker], waiting: int) -> list[int]:
    """How many each may get: all it has room for, or, when too few wait, the emptiest first."""
    room = [worker.depth - len(worker.queue) for worker in workers]
    if sum(room) <= waiting:
        return room
    shares = [0] * len(workers)
    heap = [(len(worker.queue), index) for index, worker in enumerate(workers)]
    heapq.heapify(heap)
    for _ in range(waiting):
        held, index = heapq.heappop(heap)
        shares[index] += 1
        if shares[index] < room[index]:
            heapq.heappush(heap, (held + 1, index))
    return shares


def _give_returned(
    run: Run,
    limits: Limits,
    upto: int,
    workers: list[Worker],
    shares: list[int],
    given: dict[str, list[int]],
) -> None:
    """Hand out what waits again, tried ones to another node or worker where one has room."""
    for mini_batch in islice(run.returned, sum(shares)):
        charge = run.charges.get(mini_batch)
        if mini_batch >= upto or (charge is not None and charge.tries >= limits.tries):
            continue
        open_to = [index for index, share in enumerate(shares) if share]
        if not open_to:
            return
        index = open_to[0] if charge is None else _elsewhere(workers, open_to, charge.worker)
        shares[index] -= 1
        given.setdefault(workers[index].id, []).append(mini_batch)


def _elsewhere(workers: list[Worker], open_to: list[int], last: str) -> int:
    node = last.rpartition("/")[0]

    def closeness(index: int) -> tuple[bool, bool, int]:
        worker = workers[index]
        return worker.id == last, worker.node == node, len(worker.queue)

    return min(open_to, key=closeness)


def _take_back(run: Run, now: int) -> list[Instruction]:
    """Nothing waits: give an idle worker what stands behind a long mini-batch."""
    idle = sum(1 for worker in run.hungry if not run.workers[worker].queue)
    taken: list[Instruction] = []
    for worker in _overfull(run, now) if idle else ():
        ids = [m for m in islice(worker.queue, 1, None) if m not in run.withdrawing][-idle:]
        if ids:
            taken.append(TakeBack(worker.id, as_pairs(ids)))
            idle -= len(ids)
        if idle <= 0:
            break
    return taken


def _overfull(run: Run, now: int) -> Iterable[Worker]:
    behind = [
        worker
        for worker in run.workers.values()
        if len(worker.queue) > 1 and worker.state is WorkerState.BUSY and now - worker.since > TAKE_BACK_US
    ]
    return sorted(behind, key=lambda worker: -len(worker.queue))
