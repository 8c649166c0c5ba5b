"""What the master hears, turned into events: polls of agents, progress of the listing."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from bscore.core import columns
from bscore.core import events as e
from bscore.core.attempts import why_not_current
from bscore.inputs.listing import InputChanges, ListingProgress, ListingState, change_findings
from bscore.inputs.missing import MissingItems
from bscore.logtree.source import inside
from bscore.logtree.writer import TreeWriter
from bscore.master.recorder import Recorder
from bscore.node.messages import Answer, LogChunk, Poll

#: A listing that goes on without a new mini-batch is recorded no more often than this.
LISTED_AGAIN_US = 5_000_000


class Listener:
    """Records what agents and the lister report. `tree` is the job's directory."""

    def __init__(self, recorder: Recorder, tree: Path, missing: MissingItems) -> None:
        self._recorder = recorder
        self._missing = missing
        self._tree = tree
        self._writer = TreeWriter(tree)
        #: Columns that workers said and of which no rows were accepted yet.
        self._said: dict[str, e.ColumnsSeen] = {}

    def hear_poll(self, poll: Poll, now: int) -> None:
        """Everything one agent said, in its order."""
        recorder = self._recorder
        recorder.vitals.heard[poll.node] = now
        if poll.heartbeat is not None:
            recorder.vitals.heartbeats[poll.node] = poll.heartbeat
        for chunk in poll.logs:
            self._put(chunk)
        for report in poll.reports:
            if isinstance(report, Answer):
                self._hear_answer(report, now)
            elif isinstance(report, e.ColumnsSeen):
                self._said[report.worker] = report
            elif isinstance(report, e.FindingMade):
                if report.code not in recorder.run.findings:
                    recorder.record(report)
            else:
                recorder.record(report)

    def _hear_answer(self, answer: Answer, now: int) -> None:
        recorder, event = self._recorder, answer.event
        why = why_not_current(recorder.run, answer.term, event.worker, event.mini_batch, event.attempt)
        if why:
            recorder.record(e.AnswerDropped(now, event.worker, event.mini_batch, event.attempt, why))
            if answer.spool:
                with contextlib.suppress(OSError):
                    Path(answer.spool).unlink()
            return
        if type(event) is e.Finished:
            recorder.keep_rows(answer.rows, answer.header)
            if answer.spool:
                recorder.keep_spool(answer.spool)
            if self._said and event.worker in self._said:
                self._compare(self._said.pop(event.worker), event.mini_batch, now)
        recorder.record(event)

    def _compare(self, said: e.ColumnsSeen, mini_batch: int, now: int) -> None:
        """Keep the columns of a run's first rows, and say once where others differ from them."""
        recorder, seen = self._recorder, replace(said, at=now, mini_batch=mini_batch)
        if recorder.run.columns is None:
            recorder.record(seen)
        if columns.FINDING not in recorder.run.findings:
            text = columns.finding(recorder.run.columns or seen, seen)
            if text:
                recorder.record(e.FindingMade(now, columns.FINDING, text))

    def _put(self, chunk: LogChunk) -> None:
        """Write shipped log bytes at their offset; the same chunk twice changes nothing."""
        if not (chunk.path.startswith("logs/") and inside(chunk.path)):
            return
        self._writer.put(chunk.path, chunk.offset, chunk.data, private=chunk.private)

    def hear_listing(self, said: list[ListingProgress], now: int) -> None:
        """Totals of the listing, its end, and on resume what changed since the manifest was written."""
        run, record, vitals = self._recorder.run, self._recorder.record, self._recorder.vitals
        for progress in said:
            if vitals.found is not None:
                vitals.found = progress.found
            if progress.state is ListingState.FAILED:
                record(e.ListingFailed(now, progress.reason))
            elif progress.state is ListingState.FINISHED and not run.listing_finished:
                record(e.ListingFinished(now, progress.mini_batches, progress.items))
            elif progress.mini_batches > run.mini_batches:
                record(e.MiniBatchesCreated(now, progress.mini_batches, progress.items))
            elif run.mini_batches and not run.listing_finished and now - run.listed_at > LISTED_AGAIN_US:
                record(e.MiniBatchesCreated(now, run.mini_batches, run.items))
            if progress.changes:
                self._hear_changes(progress.changes, now)
            if progress.skipped:
                text = f"Left out of the inputs, {'; '.join(map(str, progress.skipped))}."
                record(e.FindingMade(now, "inputs-skipped", text))

    def _hear_changes(self, changes: InputChanges, now: int) -> None:
        run, record = self._recorder.run, self._recorder.record
        if changes.missing:
            self._missing.load()
        record(e.InputsChanged(now, changes.missing, changes.changed, changes.added, changes.first_names))
        for code, text in change_findings(changes):
            if text not in run.findings.values():
                record(e.FindingMade(now, f"{code}-{run.term}" if code in run.findings else code, text))

    def close(self) -> None:
        """Close the files of shipped logs."""
        self._writer.close()
