"""What the agent does about its watch's verdicts: a line, stacks, or the end of a worker."""

from __future__ import annotations

from collections.abc import Callable

from bscore.node.deaths import is_stopped
from bscore.node.desk import Desk
from bscore.node.stack_taking import StackTaking, Taken
from bscore.node.timeouts import Verdict, Watch
from bscore.node.worker import Ending, EndKind, Running, Why, Worker


class Watching:
    """Carries out verdicts. `kill` ends a worker; `hear_out` reads all that it has said."""

    def __init__(
        self,
        desk: Desk,
        watch: Watch,
        stacks: StackTaking,
        kill: Callable[[Worker, Ending], None],
        hear_out: Callable[[Worker], None],
    ) -> None:
        self._desk = desk
        self._watch = watch
        self._stacks = stacks
        self._kill = kill
        self._hear_out = hear_out

    @property
    def init_ns(self) -> int:
        """What a worker may take until it is ready."""
        return self._watch.init_ns

    def look_at(self, workers: dict[str, Worker], now_ns: int) -> None:
        """Judge every worker; everything they said has been heard."""
        gap_ns = self._watch.tick(workers.values(), now_ns)
        if gap_ns:
            self._desk.say(
                "WARNING", f"Stood still for {gap_ns / 1e9:.1f} seconds; limits were moved by that."
            )
        another_ready = any(worker.ready for worker in workers.values())
        for worker in workers.values():
            if not worker.killed:
                verdict = self._watch.judge(worker, now_ns, another_ready)
                if verdict is not Verdict.FINE:
                    self._carry_out(worker, verdict, now_ns)
        for taken in self._stacks.work(now_ns):
            if taken.why is Why.KILL:
                self._kill_if_still_over(taken, now_ns, another_ready)

    def _carry_out(self, worker: Worker, verdict: Verdict, now_ns: int) -> None:
        running = worker.running
        if verdict is Verdict.SAY_PICKED and running is not None:
            self._say_picked(worker, running)
        elif verdict is Verdict.HALF_TIME:
            (worker if running is None else running).half_time = True
            self._stacks.ask(worker, Why.HALF_TIME, now_ns)
        elif verdict in (Verdict.OVER, Verdict.INIT_OVER):
            self._stacks.ask(worker, Why.KILL, now_ns)
        elif verdict is Verdict.STOP_OVER:
            limit = self._watch.attempt_ns / 1e9
            reason = f"it did not end within {limit:g} seconds after it was asked to stop"
            self._kill(worker, Ending(EndKind.FAULT, reason))
        elif verdict is Verdict.UNHEARD:
            reason = worker.link.fault or "its connection to the agent was closed while the process lived on"
            self._kill(worker, Ending(EndKind.FAULT, reason))

    def _say_picked(self, worker: Worker, running: Running) -> None:
        running.said = True
        batch = running.pending.batch
        start = self._desk.clock.at(running.start_ns)
        worker.log.picked(batch.mini_batch, batch.attempt, batch.items, start)
        self._desk.wants_flush(worker.log)

    def _kill_if_still_over(self, taken: Taken, now_ns: int, another_ready: bool) -> None:
        """Between the verdict and the stacks it may have answered after all."""
        worker = taken.worker
        if worker.killed:
            return
        self._hear_out(worker)
        verdict = self._watch.judge(worker, now_ns, another_ready)
        running = worker.running
        if verdict is Verdict.OVER and running is not None:
            limit = self._watch.attempt_ns / 1e9
            reason = f"run() of mini-batch {running.pending.batch.mini_batch} exceeded {limit:g} seconds"
            stopped = not taken.place and is_stopped(worker.system.pid)
            ending = Ending(EndKind.TIMEOUT, reason, running.sequence, taken.place, taken.trace, stopped)
            self._kill(worker, ending)
        elif verdict is Verdict.INIT_OVER:
            limit = self._watch.init_ns / 1e9
            at = f", at {taken.place}" if taken.place else ""
            reason = f"init() did not end within {limit:g} seconds (3 x run_invocation_timeout + 30){at}"
            self._kill(worker, Ending(EndKind.INIT, reason, -1, taken.place, taken.trace))
