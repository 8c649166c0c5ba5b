"""Proof that a Run's indexes agree with what they index. Tests call it after every step."""

from __future__ import annotations

from bscore.core.state import MAX_KEPT_TRIES, Run, WorkerState


def check(run: Run) -> None:
    """Raise AssertionError, naming the rule that is broken."""
    _check_mini_batches(run)
    _check_workers(run)
    _check_counters(run)


def _check_mini_batches(run: Run) -> None:
    returned = list(run.returned)
    in_flight, done, abandoned = set(run.in_flight), set(run.done), set(run.abandoned)
    assert len(returned) == len(set(returned)), "a mini-batch waits twice"
    ahead = set(run.ahead)
    assert ahead <= abandoned, "what was given up ahead of its turn is abandoned"
    assert all(mini_batch > run.next_new for mini_batch in ahead), "next_new is never one given up"
    groups = [set(returned), in_flight, done, abandoned - ahead]
    assert sum(map(len, groups)) == len(set().union(*groups)), "a mini-batch is in two states"
    assert set().union(*groups) == set(range(run.next_new)), "every id below next_new is somewhere"
    assert run.next_new <= run.mini_batches, "only created mini-batches are assigned"
    assert set(run.charges) <= set(returned) | in_flight, "only open mini-batches carry charges"
    assert run.withdrawing <= in_flight, "only what is in flight can be asked back"
    assert run.waiting + len(in_flight) + run.over == run.mini_batches, "the states add up"
    uncommitted = [item.mini_batch for item in run.uncommitted]
    assert len(uncommitted) == len(set(uncommitted)), "a mini-batch is uncommitted twice"
    assert set(uncommitted) <= done, "only done mini-batches are uncommitted"


def _check_workers(run: Run) -> None:
    held = {m: worker.id for worker in run.workers.values() for m in worker.queue}
    assert held == run.in_flight, "in_flight is the workers' queues"
    for worker in run.workers.values():
        states = {
            WorkerState.STARTING: not worker.queue,
            WorkerState.IDLE: not worker.queue,
            WorkerState.BUSY: bool(worker.queue),
            WorkerState.STOPPING: True,
        }
        assert states.get(worker.state, False), f"{worker.id} is {worker.state} with {len(worker.queue)} held"
    ready = (WorkerState.IDLE, WorkerState.BUSY)
    hungry = {w.id for w in run.workers.values() if w.state in ready and len(w.queue) < w.depth}
    assert set(run.hungry) == hungry, "hungry are the ready workers with room"
    for node in run.nodes.values():
        alive = sum(worker.node == node.id for worker in run.workers.values())
        assert node.alive == alive, f"{node.id} counts its workers"


def _check_counters(run: Run) -> None:
    assert 0 <= run.succeeded_items <= run.done_items, "succeeded items are part of the done ones"
    assert run.failed_items >= 0, "failed items are not negative"
    assert sum(run.given_up.values()) == len(run.abandoned), "every abandoned one was given up for a reason"
    assert all(charge.again for charge in run.charges.values() if charge.tries > 1), "a later try is counted"
    again = sum(charge.again for charge in run.charges.values())
    assert run.retried >= again, "every mini-batch tried again is counted"
    assert len(run.tried_again) == min(run.retried, MAX_KEPT_TRIES), "the last ones of them are known"
    assert all(mini_batch in run.abandoned for mini_batch in run.last_tries), "they are abandoned"
    assert sum(run.histogram) >= len(run.done), "every done mini-batch is in the histogram"
    assert run.slowest == sorted(run.slowest, key=lambda slow: -slow.run_ns), "slowest are in order"
