"""The agent: owns a node's workers, carries out orders, reports everything in the order it happened.

It decides nothing about mini-batches. All of it runs in the thread that made it (which must live as
long as the agent, see worker_process); only the sampling of resources has a thread of its own.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Sequence
from dataclasses import replace

from bscore.core import events as e
from bscore.core.ranges import as_pairs
from bscore.node import messages as m
from bscore.node import worker_process
from bscore.node.clock import Clock
from bscore.node.desk import Desk
from bscore.node.ending import Endings
from bscore.node.guarding import Guarding
from bscore.node.hearing import Hearing
from bscore.node.host_process import HOST
from bscore.node.leftovers import Leftovers
from bscore.node.resources import Sampler
from bscore.node.stack_taking import StackTaking
from bscore.node.starting import Starting
from bscore.node.timeouts import TICK_NS, Watch
from bscore.node.watching import Watching
from bscore.node.wire import Link
from bscore.node.worker import Ending, EndKind, Why, Worker
from bscore.node.worker_log import WorkerLog

_SOON_NS = 20_000_000
_CLOSE_NS = 10_000_000_000


class Agent:
    """The workers of one node."""

    def __init__(self, setup: m.AgentSetup, clock: Clock | None = None) -> None:
        setup = self.setup = _absolute(setup)
        self.clock = Clock() if clock is None else clock
        self._selector = select.epoll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._wake: tuple[int, ...] = ()
        self._woke = False
        self.workers: dict[str, Worker] = {}
        self._desk = Desk(setup, self.clock)
        self._hearing = Hearing(self._desk)
        self._stacks = StackTaking(self._desk)
        self._endings = Endings(self._desk, self._hearing, self._stacks)
        self._marks = f"{setup.job}/{setup.term}/{os.getpid()}/{self.clock.monotonic_ns()}/"
        self._guarding = Guarding(self._marks, self._desk.say, self._listen, self._forget)
        self._leftovers = Leftovers(self._nothing_left)
        watch = Watch(setup.limits, self.clock.monotonic_ns())
        self._watching = Watching(self._desk, watch, self._stacks, self.kill, self._hear_out)
        self._next_tick_ns = 0
        self._orders: dict[type, Callable[..., None]] = {
            m.StartWorker: self._start,
            m.Assign: self._assign,
            m.Withdraw: self._withdraw,
            m.StopWorker: self._stop,
            m.KillWorker: self._kill_by_order,
            m.TakeStacks: self._take_stacks,
        }
        os.makedirs(setup.spool, exist_ok=True)
        adopts = HOST.enter()
        self._starting = Starting(
            self._desk, self._marks, self._adopt, self._listen, self._forget, forks=adopts
        )
        if not adopts:
            self._desk.say("WARNING", "Orphans of workers cannot be adopted here; some may stay behind.")
        self._sampler = Sampler(setup, self.clock, self.workers)
        self._sampler.start()
        self._desk.say("INFO", f"The agent of node {setup.node} started, term {setup.term}.")

    def fileno(self) -> int:
        """Readable when `poll` has something to do (its ticks apart)."""
        return self._selector.fileno()

    def carry_out(self, orders: Sequence[m.Order]) -> None:
        """Do what the master says. An order to a worker that is gone gives its mini-batches back."""
        self._starting.expect(orders)
        for order in orders:
            self._orders[type(order)](order)

    def poll(self, timeout_s: float, wake_fds: Sequence[int] = ()) -> m.Poll:
        """Everything since the last poll; waits for something to report, a wake-up or `timeout_s`."""
        self._watch_wake_fds(tuple(wake_fds))
        now_ns = self.clock.monotonic_ns()
        deadline_ns = now_ns + int(timeout_s * 1e9)
        self._woke = False
        while True:
            until_ns = deadline_ns if not self._desk.reports else now_ns
            self._turn(max(0, min(until_ns, self._due_ns()) - now_ns))
            now_ns = self.clock.monotonic_ns()
            if now_ns >= self._due_ns():
                self._tick(now_ns)
            if self._desk.reports or self._woke or now_ns >= deadline_ns:
                break
        if self._sampler.trouble:
            self._desk.finding("samples", f"Node {self.setup.node} was not sampled: {self._sampler.trouble}.")
        self._desk.flush()
        return m.Poll(self.setup.node, self._sampler.take_heartbeat(), self._desk.take_reports())

    def close(self) -> None:
        """End every worker and what it started, now, then the rest. A second time changes nothing."""
        if self._selector.closed:
            return
        self._sampler.finish()
        self._starting.stop()
        deadline_ns = self.clock.monotonic_ns() + _CLOSE_NS
        while True:
            for worker in self.workers.values():
                self.kill(worker, Ending(EndKind.ORDER, "the agent ended"))
            alive = self.workers or self._starting.forking()
            if not alive or self.clock.monotonic_ns() >= deadline_ns:
                break
            self._turn(TICK_NS)
        self._starting.close()
        self._leftovers.finish(self._guarding.pids())
        self._guarding.release()
        self._sampler.stop()
        self._guarding.wait()
        self._desk.say("INFO", f"The agent of node {self.setup.node} stopped.")
        self._desk.close()
        self._selector.close()
        HOST.leave()

    def kill(self, worker: Worker, ending: Ending) -> None:
        """Send SIGKILL to a worker's group; it is reported when its process has ended."""
        if worker.killed:
            return
        worker.ending = ending
        self._desk.report(e.WorkerStopping(self.clock.now(), worker.name, ending.reason))
        worker.system.kill()

    def _turn(self, wait_ns: int) -> None:
        for fd, mask in self._selector.poll(wait_ns / 1e9):
            handler = self._handlers.get(fd)
            if handler is not None:
                handler(mask)

    def _due_ns(self) -> int:
        """When the next tick is due; far away when nothing needs one."""
        if self._stacks.busy() or self._leftovers.busy():
            return min(self._next_tick_ns, self.clock.monotonic_ns() + _SOON_NS)
        return (
            self._next_tick_ns
            if self.workers or self._starting.busy()
            else self.clock.monotonic_ns() + 3600 * 10**9
        )

    def _tick(self, now_ns: int) -> None:
        # A judge must have heard everything that was said before.
        self._turn(0)
        self._next_tick_ns = now_ns + (_SOON_NS if self._stacks.busy() or self._leftovers.busy() else TICK_NS)
        self._watching.look_at(self.workers, now_ns)
        self._starting.look(now_ns, self._watching.init_ns, needed=bool(self.workers))
        living = {worker.system.pid for worker in self.workers.values()}
        living |= self._guarding.pids() | self._starting.pids()
        self._leftovers.tidy(now_ns, living)
        if self._leftovers.busy():
            killed = self._leftovers.work(now_ns, living)
            if killed:
                self._desk.say("WARNING", f"Ended {killed} process(es) that a dead worker had left behind.")

    def _watch_wake_fds(self, wake: tuple[int, ...]) -> None:
        if wake == self._wake:
            return
        for fd in self._wake:
            # A closed one may have given its number to a worker's socket since.
            if self._handlers.get(fd) == self._wake_up:
                self._forget(fd)
        for fd in wake:
            self._selector.register(fd, select.EPOLLIN)
            self._handlers[fd] = self._wake_up
        self._wake = wake

    def _wake_up(self, _mask: int) -> None:
        self._woke = True

    def _forget(self, fd: int) -> None:
        self._handlers.pop(fd, None)
        try:
            self._selector.unregister(fd)
        except (FileNotFoundError, OSError):
            # Closed by its owner: the kernel has forgotten it by itself.
            return

    def _start(self, order: m.StartWorker) -> None:
        self._starting.start(order.worker)

    def _adopt(self, name: str, system: worker_process.WorkerProcess) -> None:
        """A worker's process has started: listen to it, and tell it what it is."""
        process = name.rpartition("/")[2]
        now_ns = self.clock.monotonic_ns()
        link, control = Link(system.main, self._selector), Link(system.control, self._selector)
        log = WorkerLog(self.setup.tree, self.setup.node, process, system.pid, self._desk.stamps)
        spool = os.path.join(self.setup.spool, f"{self.setup.node}.{process}.{system.pid}")
        worker = Worker(name, process, system, link, control, log, spool, now_ns)
        self.workers[name] = worker
        self._leftovers.expect(system.pid)
        # Behind the start of the first worker, which its own start would only delay.
        self._guarding.expect(system.pid)
        self._handlers[link.fileno()] = lambda mask: self._hear(worker, link, mask)
        self._handlers[control.fileno()] = lambda mask: self._hear(worker, control, mask)
        self._listen(system.pidfd, lambda _mask: self._ended(worker))
        self._listen(system.stacks_fd, lambda _mask: self._stacks.read(worker, self.clock.monotonic_ns()))
        link.send([("setup", worker_process.worker_setup(self.setup, process, spool, system.user_fds))])
        self._desk.report(e.WorkerStarting(self.clock.at(now_ns), name, system.pid))
        self._desk.say("INFO", f"{process} started, pid {system.pid}.")
        self.carry_out(self._starting.take_postponed())

    def _nothing_left(self, pid: int) -> None:
        if all(worker.system.pid != pid for worker in self.workers.values()):
            self._guarding.forget(pid)

    def _listen(self, fd: int, handler: Callable[[int], None]) -> None:
        self._selector.register(fd, select.EPOLLIN)
        self._handlers[fd] = handler

    def _hear(self, worker: Worker, link: Link, mask: int) -> None:
        if mask & select.EPOLLOUT:
            link.flush()
        if mask & ~select.EPOLLOUT:
            self._hearing.hear(worker, link.receive(), self.clock.monotonic_ns())
            if link.fault:
                worker.link.blame(link.fault)

    def _hear_out(self, worker: Worker) -> None:
        self._hearing.hear(worker, worker.link.receive(everything=True), self.clock.monotonic_ns())

    def _ended(self, worker: Worker) -> None:
        now_ns = self.clock.monotonic_ns()
        del self.workers[worker.name]
        system = worker.system
        for fd in (worker.link.fileno(), worker.control.fileno()):
            self._handlers.pop(fd, None)
        self._forget(system.pidfd)
        self._forget(system.stacks_fd)
        ended = self._endings.report(worker, now_ns)
        self._starting.ended(worker, ended)
        self._leftovers.look_for(system.pid, system.mark, now_ns)

    def _assign(self, order: m.Assign) -> None:
        worker = self.workers.get(order.worker)
        if worker is None or worker.ending is not None:
            pairs = as_pairs(batch.mini_batch for batch in order.batches)
            self._desk.report(e.Withdrawn(self.clock.now(), order.worker, pairs))
            return
        worker.assign(order.batches, order.manifest)

    def _withdraw(self, order: m.Withdraw) -> None:
        worker = self.workers.get(order.worker)
        if worker is not None:
            worker.withdraw(order.mini_batches)

    def _stop(self, order: m.StopWorker) -> None:
        worker = self.workers.get(order.worker)
        if worker is None:
            self._end_unborn(order)
        if worker is None or worker.ending is not None:
            return
        worker.ending = Ending(EndKind.STOP, order.reason)
        worker.asked_to_stop_ns = self.clock.monotonic_ns()
        self._desk.report(e.WorkerStopping(self.clock.now(), worker.name, order.reason))
        worker.link.send([("stop",)])

    def _kill_by_order(self, order: m.KillWorker) -> None:
        worker = self.workers.get(order.worker)
        if worker is None:
            self._end_unborn(order)
        else:
            self.kill(worker, Ending(EndKind.ORDER, order.reason))

    def _end_unborn(self, order: m.StopWorker | m.KillWorker) -> None:
        """The end of a worker whose process does not exist yet."""
        if self._starting.cancel(order.worker):
            at = self.clock.now()
            self._desk.report(e.WorkerGone(at, order.worker, None, None, order.reason, False, True))
        else:
            self._starting.postpone(order)

    def _take_stacks(self, order: m.TakeStacks) -> None:
        worker = self.workers.get(order.worker)
        if worker is not None:
            self._stacks.ask(worker, Why.ORDER, self.clock.monotonic_ns())
            self._next_tick_ns = 0


def _absolute(setup: m.AgentSetup) -> m.AgentSetup:
    """The setup with paths that hold wherever a worker starts; an interpreter by name is left to PATH."""
    interpreter = setup.interpreter
    return replace(
        setup,
        tree=os.path.abspath(setup.tree),
        spool=os.path.abspath(setup.spool),
        code=os.path.abspath(setup.code),
        interpreter=os.path.abspath(interpreter) if "/" in interpreter else interpreter,
    )
