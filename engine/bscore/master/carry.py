"""Carries out instructions: each becomes an event of the run and an order to an agent."""

from __future__ import annotations

from collections.abc import Iterator

from bscore.backends.base import Backend
from bscore.core import events as e
from bscore.core import instructions as i
from bscore.core.attempts import attempt_of
from bscore.core.ranges import as_pairs, from_pairs
from bscore.inputs.manifest import Manifest
from bscore.inputs.missing import MissingItems
from bscore.logtree.paths import split_worker
from bscore.master.left_out import LeftOut
from bscore.master.recorder import Recorder
from bscore.node.messages import Assign, Batch, KillWorker, Order, StartWorker, TakeStacks, Withdraw


class Carrier:
    """Turns a plan into orders, one lease per node and wake-up."""

    def __init__(
        self, recorder: Recorder, backend: Backend, manifest: Manifest, missing: MissingItems | None = None
    ) -> None:
        self._recorder = recorder
        self._backend = backend
        self._manifest = manifest
        self._left_out = LeftOut(recorder, manifest, missing)
        self._gave_up = False

    def carry_out(self, instructions: list[i.Instruction], now: int) -> bool:
        """Do everything but ending the run; whether something was given up in place of being handed out."""
        self._gave_up = False
        orders: dict[str, list[Order]] = {}
        record = self._recorder.record
        for instruction in instructions:
            match instruction:
                case i.Give(worker, pairs):
                    for assign in self._assign(worker, pairs, now):
                        self._order(orders, worker, assign)
                case i.Start(worker):
                    record(e.WorkerStarting(now, worker, 0))
                    self._order(orders, worker, StartWorker(worker))
                case i.TakeBack(worker, pairs):
                    record(e.WithdrawalAsked(now, worker, pairs))
                    self._order(orders, worker, Withdraw(worker, tuple(from_pairs(pairs))))
                case i.Abandon(mini_batch, items, reason):
                    items = self._items(mini_batch) if items < 0 else items
                    record(e.MiniBatchAbandoned(now, mini_batch, items, reason))
                case i.AbandonRest(reason):
                    record(self._rest(now, reason))
                case i.Kill(worker, reason):
                    record(e.WorkerStopping(now, worker, reason))
                    self._order(orders, worker, KillWorker(worker, reason))
                case i.Stacks(worker):
                    self._order(orders, worker, TakeStacks(worker))
                case i.LoseNode(node, reason):
                    record(e.NodeLost(now, node, reason))
                    self._backend.kill(node)
                case i.BlameInit(worker, text, place, trace):
                    kind = e.FailureKind.TIMEOUT
                    record(e.InitFailed(now, worker, kind, "TimeoutError", text, place, trace))
                case i.Find(code, text):
                    record(e.FindingMade(now, code, text))
        for node, of_node in orders.items():
            self._backend.lease(node, of_node)
        return self._gave_up

    @staticmethod
    def _order(orders: dict[str, list[Order]], worker: str, order: Order) -> None:
        orders.setdefault(split_worker(worker)[0], []).append(order)

    def _items(self, mini_batch: int) -> int:
        sizes, _ = self._manifest.mini_batches(mini_batch, 1)
        return sizes[0][0]

    def _rest(self, now: int, reason: str) -> e.RemainingAbandoned:
        run = self._recorder.run
        items = run.items - run.done_items - run.abandoned_items
        return e.RemainingAbandoned(now, run.mini_batches - run.over, items, reason)

    def _assign(self, worker: str, pairs: tuple[tuple[int, int], ...], now: int) -> Iterator[Assign]:
        if self._left_out:
            yield from self._assign_what_is_there(worker, pairs, now)
            return
        run = self._recorder.run
        batches: list[Batch] = []
        blobs: list[bytes] = []
        for first, count in pairs:
            sizes, blob = self._manifest.mini_batches(first, count, run.mini_batches)
            blobs.append(blob)
            for mini_batch, (items, nbytes) in enumerate(sizes, first):
                batches.append(Batch(mini_batch, attempt_of(run, mini_batch), items, nbytes))
        self._recorder.record(e.Assigned(now, worker, pairs))
        yield Assign(worker, tuple(batches), b"".join(blobs))

    def _assign_what_is_there(
        self, worker: str, pairs: tuple[tuple[int, int], ...], now: int
    ) -> Iterator[Assign]:
        """The mini-batches without their missing items; those of which nothing is left are given up."""
        record = self._recorder.record
        for first, count in pairs:
            there: list[tuple[Batch, bytes]] = []
            for batch, records in self._left_out.cut(first, count, now):
                if batch.items:
                    there.append((batch, records))
                else:
                    reason = "all its items were missing when the job was resumed"
                    record(e.MiniBatchAbandoned(now, batch.mini_batch, batch.missing, reason))
                    self._gave_up = True
            if there:
                # Pairs stay apart: those that wait again and new ones are assigned in different ways.
                record(e.Assigned(now, worker, as_pairs(batch.mini_batch for batch, _ in there)))
                yield Assign(worker, tuple(batch for batch, _ in there), b"".join(of for _, of in there))
