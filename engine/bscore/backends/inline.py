"""Everything in the calling process and thread: for tests, and for stepping through a script."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Sequence
from dataclasses import replace

from bscore.backends.inline_worker import Body, Ear, Gone, InlineWorker
from bscore.backends.local import LOCAL_NODE, this_machine
from bscore.core import events as e
from bscore.core.ranges import as_pairs
from bscore.node import messages as m
from bscore.node.clock import Clock
from bscore.node.desk import Desk
from bscore.node.ending import Endings
from bscore.node.hearing import Hearing
from bscore.node.stack_taking import StackTaking
from bscore.node.worker import Ending, EndKind, Worker
from bscore.node.worker_log import WorkerLog
from bscore.node.worker_process import Ended
from bscore_worker.wire import Message

#: 2024-01-01 in microseconds UTC: where a counter begins when nothing else is said.
_BEGIN_US = 1_704_067_200_000_000
_LISTING_WAIT_S = 10.0


class CounterClock(Clock):
    """A clock that only moves when it is looked at, by `step_us` microseconds, and when it is told to."""

    def __init__(self, utc_us: int = _BEGIN_US, step_us: int = 100) -> None:
        super().__init__(utc_us, 0)
        self._step_ns = step_us * 1000
        self._now_ns = 0

    def monotonic_ns(self) -> int:
        """The counter, one step on."""
        self._now_ns += self._step_ns
        return self._now_ns

    def advance(self, seconds: float) -> None:
        """Let time pass in which nothing happened."""
        self._now_ns += int(seconds * 1e9)

    def drift_s(self) -> float:
        """0: there is no wall clock that it could have left."""
        return 0.0


class InlineBackend:
    """`nodes` nodes (127.0.0.1, 127.0.0.2 ...) whose workers take turns, one mini-batch each, in `poll`.

    Rows, answers and logs are those of real workers, with the same code behind them. With a CounterClock and
    `commit_interval_s=0` two runs of one job write the same journal, byte for byte, but for pid, host and
    paths, as long as its inputs are listed within 10 s. What needs a process of its own it cannot do:
    - run() and init() are never timed out, and a script that crashes or hangs takes the caller with it;
    - no raw stdout/stderr files, stacks or figures below `logs/perf`, another interpreter is not used;
    - process times are 0, what sub-processes and C libraries print is not captured;
    - installed libraries are imported once for all workers; threads that a script leaves running go on;
    - children that multiprocessing spawns do not find the stand-ins for azureml.
    """

    def __init__(self, clock: Clock, nodes: int = 1) -> None:
        self._clock = clock
        self._names = [f"{LOCAL_NODE.rpartition('.')[0]}.{number}" for number in range(1, nodes + 1)]
        self._agents: dict[str, _Agent] = {}
        self._listed = not isinstance(clock, CounterClock)

    def nodes(self) -> list[m.NodeInfo]:
        """This machine, under as many names as were asked for."""
        return [this_machine(name) for name in self._names]

    def start_agent(self, setup: m.AgentSetup) -> None:
        """Open the node's logs; scripts are loaded when their worker has its first turn."""
        self._agents[setup.node] = _Agent(setup, self._clock)

    def lease(self, node: str, orders: Sequence[m.Order]) -> None:
        """Note the orders; work is done in `poll`."""
        agent = self._agents.get(node)
        if agent is not None:
            agent.carry_out(orders)

    def poll(self, timeout_s: float, wake: Sequence[int]) -> list[m.Poll]:
        """One turn of every worker; waits only when none has anything to do."""
        self._wait_for_listing(wake)
        turns = [agent.turn() for agent in self._agents.values()]
        if not any(turns):
            self._wait(timeout_s, wake)
        return [agent.take() for agent in self._agents.values()]

    def _wait_for_listing(self, wake: Sequence[int]) -> None:
        """Let the lister come to its end first, so that it cannot be ahead once and behind another time."""
        if self._listed:
            return
        self._listed = True
        waiter = _waiter(wake, 0)
        deadline_s = time.monotonic() + _LISTING_WAIT_S
        while time.monotonic() < deadline_s and wake:
            if any(mask & select.POLLHUP for _fd, mask in waiter.poll(100)):
                return

    def _wait(self, timeout_s: float, wake: Sequence[int]) -> None:
        woken = _waiter(wake, select.POLLIN).poll(timeout_s * 1000)
        if not woken and isinstance(self._clock, CounterClock):
            self._clock.advance(timeout_s)

    def kill(self, node: str) -> None:
        """Forget a node and all its workers."""
        agent = self._agents.pop(node, None)
        if agent is not None:
            agent.close()

    def close(self) -> None:
        """Forget all nodes."""
        for node in list(self._agents):
            self.kill(node)


class _Agent:
    """One inline node: the logs, reports and endings of a real one, over workers without processes."""

    def __init__(self, setup: m.AgentSetup, clock: Clock) -> None:
        # Scripts change the working folder.
        where = {name: os.path.abspath(getattr(setup, name)) for name in ("tree", "spool", "code")}
        setup = replace(setup, **where)
        self._setup, self._clock = setup, clock
        self._workers: dict[str, tuple[Worker, InlineWorker]] = {}
        self._desk = Desk(setup, clock)
        self._hearing = Hearing(self._desk)
        self._endings = Endings(self._desk, self._hearing, StackTaking(self._desk))
        os.makedirs(setup.spool, exist_ok=True)
        self._desk.say("INFO", f"The agent of node {setup.node} started inline, term {setup.term}.")

    def carry_out(self, orders: Sequence[m.Order]) -> None:
        for order in orders:
            match order:
                case m.StartWorker(name):
                    self._start(name)
                case m.Assign(name, batches, manifest):
                    self._assign(name, batches, manifest)
                case m.Withdraw(name, mini_batches) if name in self._workers:
                    self._workers[name][0].withdraw(mini_batches)
                case m.StopWorker(name, reason):
                    self._end(name, Ending(EndKind.STOP, reason))
                case m.KillWorker(name, reason):
                    self._end(name, Ending(EndKind.ORDER, reason))
                case m.TakeStacks(name) if name in self._workers:
                    # Between two turns a worker stands nowhere.
                    self._desk.report(e.StacksTaken(self._clock.now(), name, -1, "", ""))

    def _start(self, name: str) -> None:
        setup, clock = self._setup, self._clock
        process = name.rpartition("/")[2]
        body = Body(setup, process)
        log = WorkerLog(setup.tree, setup.node, process, body.pid, self._desk.stamps)
        spool = os.path.join(setup.spool, f"{setup.node}.{process}.{body.pid}")

        def tell(message: Message, rows: bytes) -> None:
            self._hearing.hear(worker, [([message], rows)], clock.monotonic_ns())

        def control(message: Message) -> None:
            tell(("withdrawn", message[1]), b"")

        link, ear = Ear(lambda _message: None), Ear(control)
        worker = Worker(name, process, body, link, ear, log, spool, clock.monotonic_ns())
        inline = InlineWorker(setup, process, spool, body.user_fds, clock, tell)
        self._workers[name] = (worker, inline)
        self._desk.report(e.WorkerStarting(clock.now(), name, body.pid))
        self._desk.say("INFO", f"{process} started inline.")

    def _assign(self, name: str, batches: tuple[m.Batch, ...], manifest: bytes) -> None:
        known = self._workers.get(name)
        if known is None or known[0].ending is not None:
            pairs = as_pairs(batch.mini_batch for batch in batches)
            self._desk.report(e.Withdrawn(self._clock.now(), name, pairs))
        else:
            known[0].assign(batches, manifest)

    def _end(self, name: str, ending: Ending) -> None:
        worker = self._workers[name][0] if name in self._workers else None
        if worker is None or worker.killed or (worker.ending and ending.kind is EndKind.STOP):
            return
        worker.ending, worker.asked_to_stop_ns = ending, self._clock.monotonic_ns()
        self._desk.report(e.WorkerStopping(self._clock.now(), name, ending.reason))

    def turn(self) -> bool:
        """One turn of every worker, in order of their names; whether one had anything to do."""
        acted = False
        for worker, inline in list(self._workers.values()):
            acted = self._turn_of(worker, inline) or acted
        return acted

    def _turn_of(self, worker: Worker, inline: InlineWorker) -> bool:
        try:
            if worker.killed:
                worker.system.kill()
                self._gone(worker)
            elif not worker.ready:
                inline.begin()
            elif worker.pending:
                sequence = next(iter(worker.pending))
                inline.score(sequence, worker.pending[sequence])
            elif worker.ending is not None:
                inline.finish()
            else:
                return False
        except Gone as gone:
            self._gone(worker, gone.code)
        return True

    def _gone(self, worker: Worker, code: int | None = None) -> None:
        if code is not None and isinstance(worker.system, Body):
            worker.system.ended = Ended(code, None, 0)
        del self._workers[worker.name]
        self._endings.report(worker, self._clock.monotonic_ns())

    def take(self) -> m.Poll:
        """Everything since the last time."""
        self._desk.flush()
        return m.Poll(self._setup.node, None, self._desk.take_reports())

    def close(self) -> None:
        """End what is left, without another word of the scripts."""
        for worker, _ in list(self._workers.values()):
            worker.ending = Ending(EndKind.ORDER, "the agent ended")
            worker.system.kill()
            self._gone(worker)
        self._desk.say("INFO", f"The agent of node {self._setup.node} stopped.")
        self._desk.close()


def _waiter(wake: Sequence[int], mask: int) -> select.poll:
    waiter = select.poll()
    for fd in wake:
        waiter.register(fd, mask)
    return waiter
