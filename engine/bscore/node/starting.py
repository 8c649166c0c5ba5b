"""How a node's workers are started: forked from a template where that is safe, else each by exec.

One worker alone costs less by exec; from the second on the imports are paid once.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence

from bscore.core import events as e
from bscore.node import worker_process
from bscore.node.desk import Desk
from bscore.node.gpus import Gpus, found_gpus
from bscore.node.messages import AgentSetup, Order, StartWorker
from bscore.node.template import Template
from bscore.node.worker import EndKind, Worker
from bscore.node.worker_process import Ended, Ends, WorkerProcess

#: With nobody to start workers for a template ends after so long.
_IDLE_NS = 5_000_000_000
#: A template that ends so often is not made again.
_MOST_DEATHS = 3
#: What libraries say that cannot work in a fork.
_FORK_COMPLAINTS = ("forked subprocess", "fork()")


class Starting:
    """Starts workers. `adopt` is told of each, with the order that asked for it; `marks` begin their marks.

    `listen` and `unlisten` put a descriptor into the agent's selector and take it out again. `forks` is
    whether this process becomes the parent of what its children's children leave.
    """

    def __init__(
        self,
        desk: Desk,
        marks: str,
        adopt: Callable[[str, WorkerProcess], None],
        listen: Callable[[int, Callable[[int], None]], None],
        unlisten: Callable[[int], None],
        *,
        forks: bool,
    ) -> None:
        self._desk, self._marks, self._adopt = desk, marks, adopt
        self._listen, self._unlisten = listen, unlisten
        self._gpus = Gpus(found_gpus(os.environ))
        self._refused = _ruled_out(desk.setup, forks=forks)
        self._template: Template | None = None
        self._waiting: deque[str] = deque()
        #: The worker that is being forked, its descriptors and its mark.
        self._asked: tuple[str, Ends, str] | None = None
        #: What was ordered of it meanwhile.
        self._postponed: list[Order] = []
        self._expected = self._deaths = self._idle_since_ns = 0

    def expect(self, orders: Sequence[Order]) -> None:
        """These orders come next."""
        self._expected += sum(type(order) is StartWorker for order in orders)

    def start(self, worker: str) -> None:
        """Start a worker, now or as soon as the template can."""
        wanted = self._expected > 1 or self._desk.setup.start == "template"
        if self._refused or not wanted:
            self._exec(worker)
            return
        self._waiting.append(worker)
        self._go_on()

    def cancel(self, worker: str) -> bool:
        """Forget the start of a worker that was not begun; whether it was forgotten."""
        if worker not in self._waiting:
            return False
        self._waiting.remove(worker)
        return True

    def postpone(self, order: Order) -> bool:
        """Keep an order for the worker that is being forked just now; whether it is that one's."""
        if self._asked is None or order.worker != self._asked[0]:
            return False
        self._postponed.append(order)
        return True

    def take_postponed(self) -> list[Order]:
        """What was ordered of the worker that has just been adopted."""
        taken, self._postponed = self._postponed, []
        return taken

    def ended(self, worker: Worker, ended: Ended) -> None:
        """A worker is gone: its GPU is free, and a template whose workers fail at once is used no more."""
        self._gpus.give_back(worker.name)
        if worker.system.popen is not None or worker.ready or self._refused:
            return
        ending = worker.ending
        if ending is not None and ending.kind in (EndKind.ORDER, EndKind.STOP):
            return
        if ended.signal is not None or any(text in worker.init_cause for text in _FORK_COMPLAINTS):
            self._refuse(f"{worker.process}, forked from the template, ended before it was ready")

    def pids(self) -> set[int]:
        """The template's process id, if there is one: it is no leftover."""
        return set() if self._template is None else {self._template.pid}

    def busy(self) -> bool:
        """Whether `look` has to be called now and then."""
        return self._template is not None

    def forking(self) -> bool:
        """Whether a worker is being forked just now."""
        return self._asked is not None

    def look(self, now_ns: int, limit_ns: int, *, needed: bool) -> None:
        """End a template whose imports take longer than `limit_ns`, or that nobody has needed for a while."""
        if self._template is None:
            return
        if not self._template.ready and now_ns - self._template.begun_ns > limit_ns:
            self._refuse(f"the template's imports took longer than {limit_ns / 1e9:g} seconds")
        elif needed or self._waiting or self._asked:
            self._idle_since_ns = 0
        elif not self._idle_since_ns:
            self._idle_since_ns = now_ns
        elif now_ns - self._idle_since_ns > _IDLE_NS:
            self._end_template()

    def stop(self) -> None:
        """Start nobody any more; a worker that is being forked is still adopted."""
        self._waiting.clear()

    def close(self) -> None:
        """End the template."""
        self._waiting.clear()
        self._end_template()

    def _go_on(self) -> None:
        """Ask for the next worker where none is being forked; make a template where there is none."""
        while self._waiting and self._asked is None and not self._refused:
            if self._template is None:
                self._launch()
            if self._template is None or not self._template.ready:
                return
            worker = self._waiting.popleft()
            try:
                ends = worker_process.open_ends(self._desk.setup, _process(worker))
            except OSError as error:
                self._not_started(worker, error)
                continue
            mark = self._mark(_process(worker))
            self._asked = (worker, ends, mark)
            devices = worker_process.own_environment(self._desk.setup, self._gpus.take(worker))
            self._template.fork(ends, devices, mark)

    def _launch(self) -> None:
        self._idle_since_ns = 0
        try:
            self._template = Template(
                self._desk, self._mark("template"), self._listen, self._unlisten, self._answered
            )
        except OSError as error:
            self._refuse(f"the template could not be started: {error}")

    def _answered(self, answer: int | str) -> None:
        if self._template is None:
            return
        if isinstance(answer, str):
            self._lost(answer)
        elif answer and self._asked is not None:
            worker, ends, mark = self._asked
            self._asked = None
            self._adopt(worker, ends.process(answer, mark))
        self._go_on()

    def _lost(self, reason: str) -> None:
        """The template refuses, or it is dead; one that worked is made again where it is needed."""
        worked = self._template is not None and self._template.ready
        self._deaths += 1
        if not worked or self._deaths > _MOST_DEATHS:
            self._refuse(reason)
            return
        self._desk.say("WARNING", f"The template process is gone: {reason}.")
        self._end_template()

    def _refuse(self, reason: str) -> None:
        """Start everybody by exec from here on, those first that wait."""
        self._refused = reason
        level = "WARNING" if self._desk.setup.start == "template" else "INFO"
        self._desk.say(level, f"Workers are started by exec: {reason}.", counts=level == "WARNING")
        self._end_template()
        while self._waiting:
            self._exec(self._waiting.popleft())

    def _end_template(self) -> None:
        template, self._template = self._template, None
        if template is not None:
            template.end()
        if self._asked is not None:
            worker, ends, _mark = self._asked
            self._asked = None
            # A worker that it forked without a word ends when these descriptors do.
            ends.close()
            self._gpus.give_back(worker)
            self._waiting.appendleft(worker)

    def _exec(self, worker: str) -> None:
        mark = self._mark(_process(worker))
        try:
            system = worker_process.start(self._desk.setup, _process(worker), mark, self._gpus.take(worker))
        except OSError as error:
            self._not_started(worker, error)
            return
        self._adopt(worker, system)

    def _not_started(self, worker: str, error: OSError) -> None:
        self._gpus.give_back(worker)
        at = self._desk.clock.now()
        cause = f"{self._desk.setup.interpreter} could not be started: {error}"
        self._desk.report(e.WorkerStarting(at, worker, 0))
        self._desk.report(e.InitFailed(at, worker, e.FailureKind.DIED, type(error).__name__, cause, "", ""))
        self._desk.report(e.WorkerGone(at, worker, None, None, cause, init_failed=True))
        self._desk.say("ERROR", f"{_process(worker)}: {cause}")

    def _mark(self, process: str) -> str:
        """A mark of its own; all have one length, so that a worker's can be written over the template's."""
        return f"{self._marks}{self._desk.clock.monotonic_ns():020d}/{process:-<16.16}"


def _process(worker: str) -> str:
    return worker.rpartition("/")[2]


def _ruled_out(setup: AgentSetup, *, forks: bool) -> str:
    """Why no template is tried; empty where one may be."""
    if setup.start == "exec":
        return "as ordered"
    if setup.function:
        return "the functions come from Python, not from a script"
    return "" if forks else "this system cannot hand workers to the agent"
