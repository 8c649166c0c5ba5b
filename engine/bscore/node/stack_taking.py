"""Stacks of workers, read from a pipe and kept in `logs/user/error/…`.

A thread of the worker is asked first. Where it cannot answer, because native code holds the interpreter's
lock, a signal is sent: but not at half-time, since a signal interrupts system calls, which must not harm a
mini-batch that is only slow.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from bscore.core.events import StacksTaken
from bscore.node import stacks
from bscore.node.desk import Desk
from bscore.node.worker import StackRequest, Why, Worker
from bscore_worker.control import END_OF_STACKS

#: Nothing more for this long: what came by signal, where faulthandler marks no end, is whole.
_SETTLED_NS = 50_000_000
#: Not answered for this long: native code holds the lock.
_SIGNAL_AFTER_NS = 200_000_000
#: A process that shows nothing for this long will show nothing (stopped, or in the kernel).
_GIVEN_UP_NS = 600_000_000
_MAX_BYTES = 1 << 20

_HEADLINES = {
    Why.HALF_TIME: "stacks at half of the time-out",
    Why.ORDER: "stacks, asked for",
    Why.KILL: "stacks before the worker was killed",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """Stacks that were taken: the script's place, and where the text stands; empty where nothing came."""

    worker: Worker
    why: Why
    place: str
    trace: str


class StackTaking:
    """Asks workers for their stacks and collects the answers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._asked: dict[str, Worker] = {}

    def busy(self) -> bool:
        """Whether `work` has to be called again soon."""
        return bool(self._asked)

    def ask(self, worker: Worker, why: Why, now_ns: int) -> None:
        """Ask now; while an earlier question is open, the more important of both counts."""
        request = worker.stacks
        if request is not None:
            request.why = max(request.why, why)
            return
        running = worker.running
        mini_batch = running.pending.batch.mini_batch if running else -1
        worker.stacks = StackRequest(why, now_ns, mini_batch)
        worker.stacks_text.clear()
        self._asked[worker.name] = worker
        worker.control.send([("stacks",)])

    def read(self, worker: Worker, now_ns: int) -> None:
        """Take what the pipe holds; also without a question, for what a crash leaves there."""
        while True:
            try:
                data = os.read(worker.system.stacks_fd, 65536)
            except BlockingIOError:
                return
            if not data:
                return
            if len(worker.stacks_text) < _MAX_BYTES:
                worker.stacks_text += data
            if worker.stacks is not None:
                worker.stacks.grown_ns = now_ns

    def work(self, now_ns: int) -> list[Taken]:
        """The questions that are answered by now, or given up; each was reported where it should be."""
        taken = []
        for worker in list(self._asked.values()):
            request = worker.stacks
            if request is None:
                del self._asked[worker.name]
            elif self._complete(worker, request, now_ns):
                taken.append(self._take(worker, request, now_ns))
            elif self._wants_signal(worker, request, now_ns):
                request.signalled = True
                worker.condemned = request.why is Why.KILL and worker.running is not None
                worker.system.show_stacks()
        return taken

    def _complete(self, worker: Worker, request: StackRequest, now_ns: int) -> bool:
        if END_OF_STACKS in worker.stacks_text:
            return True
        if request.grown_ns and request.signalled:
            return now_ns - request.grown_ns > _SETTLED_NS
        return now_ns - request.asked_ns > _GIVEN_UP_NS

    def _wants_signal(self, worker: Worker, request: StackRequest, now_ns: int) -> bool:
        if request.grown_ns or request.signalled or not worker.offers_stacks or request.why is Why.HALF_TIME:
            return False
        return now_ns - request.asked_ns > _SIGNAL_AFTER_NS

    def _take(self, worker: Worker, request: StackRequest, now_ns: int) -> Taken:
        del self._asked[worker.name]
        worker.stacks = None
        headline = _HEADLINES[request.why]
        if request.mini_batch >= 0:
            headline += f", running mini-batch {request.mini_batch}"
        place, trace = self.keep(worker, headline, now_ns)
        if request.why is Why.ORDER or (request.why is Why.HALF_TIME and trace):
            at = self._desk.clock.at(now_ns)
            self._desk.report(StacksTaken(at, worker.name, request.mini_batch, place, trace))
        return Taken(worker, request.why, place, trace)

    def keep(self, worker: Worker, headline: str, now_ns: int, said: str = "") -> tuple[str, str]:
        """Write what came, and `said` behind it, to the user's error file; the script's place, and where."""
        text = worker.stacks_text.replace(END_OF_STACKS, b"").decode("utf-8", "backslashreplace")
        worker.stacks_text.clear()
        if not text.strip():
            return "", ""
        at = self._desk.clock.at(now_ns)
        trace = self._desk.user_error(at, worker.process, headline, stacks.without_own_frames(text) + said)
        return stacks.place(text, os.path.abspath(self._desk.setup.code)), trace

    def forget(self, worker: Worker) -> None:
        """The worker is gone; its question, if any, goes with it."""
        self._asked.pop(worker.name, None)
        worker.stacks = None
