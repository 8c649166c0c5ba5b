"""One master's time in a run: claims it, folds what was before, opens everything, begins.

The order matters: lock, read, claim, move the old journal aside, create the new one, TermStarted.
A master killed between any two of these leaves a job that the next one opens the same way.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bscore import __version__
from bscore.core import events as e
from bscore.core.state import Phase, Run
from bscore.core.vitals import Vitals
from bscore.errors import NoJournalError, StorageError, TreeError, UsageError, in_words
from bscore.inputs.listing import Listing, NoListing
from bscore.inputs.manifest import Manifest
from bscore.inputs.ready import ReadyListing
from bscore.logtree import paths
from bscore.logtree.history import History, read_history
from bscore.logtree.lost_parts import lost_parts
from bscore.logtree.source import LocalSource
from bscore.master.committer import Committer
from bscore.master.job import Job, script_digest
from bscore.master.lock import JobLock, Say, boot_id, silent
from bscore.master.place import refuse_copy
from bscore.master.recorder import Recorder
from bscore.master.requests import lying_there
from bscore.master.settling import settled
from bscore.node.clock import Clock
from bscore.outputs.checks import check_output, refuse_parts, refuse_there
from bscore.outputs.part import PartFile
from bscore.outputs.publish import no_step
from bscore.outputs.reservation import Reservation
from bscore.spec.within import open_within

Step = Callable[[str], None]


@dataclass(slots=True)
class Term:
    """Everything a master holds open during its term."""

    job: Job
    clock: Clock
    lock: JobLock
    run: Run
    recorder: Recorder
    part: PartFile
    manifest: Manifest
    listing: Listing | ReadyListing | NoListing
    committer: Committer
    journal_fd: int
    reservation: Reservation
    #: Requests that were meant for an earlier master: they lay there before this term began.
    too_old: frozenset[str]

    def close(self) -> None:
        """Let go of everything; safe after a failure."""
        self.listing.stop()
        self.committer.close()
        self.part.close()
        self.manifest.close()
        os.close(self.journal_fd)
        self.reservation.release()
        self.lock.close()


def _admit_any(_run: Run) -> None:
    return


@contextlib.contextmanager
def _nothing_ran() -> Iterator[None]:
    """What cannot be written before a term begins is no failure of the run: the exit code says so."""
    try:
        yield
    except StorageError as error:
        error.exit_code = UsageError.exit_code
        raise


@_nothing_ran()
def open_term(
    job: Job,
    *,
    take_over: bool = False,
    retry_failed: bool = False,
    clock: Clock | None = None,
    step: Step = no_step,
    list_inputs: bool = True,
    reserve: bool = True,
    admit: Callable[[Run], None] = _admit_any,
    say: Say = silent,
    sleep: Callable[[float], None] = time.sleep,
) -> Term:
    """Begin the next term of a job: the first of a new one, or one that resumes.

    `step` is told the name of each step after it was done, `clock` is the term's where it is not a new one.
    With `retry_failed` mini-batches that were abandoned in earlier terms are tried again.
    `say` is told why it takes a while where another host's master may live, which `sleep` may break off.
    `admit` looks at the run as it was left, with the job held and nothing changed yet; it may raise.
    `reserve`: nobody else may write to its output meanwhile.
    Raises BscoreError when a living master has the job, its journal cannot be read, another job has its
    output, or the directory is a copy of another one and would write the same output.
    """
    if job.writes_elsewhere:
        refuse_copy(job.tree)
    lock = JobLock(job.tree, sleep)
    lock.acquire(take_over=take_over, say=say)
    reservation = Reservation()
    try:
        step("locked")
        job = settled(job)
        history = _history(job.tree)
        admit(history.run if history else Run())
        if reserve:
            _reserve(job, reservation, history)
            step("output reserved")
        clock = Clock() if clock is None else clock
        term = _begin(job, lock, reservation, clock, step, history, list_inputs=list_inputs)
        if retry_failed:
            _return_abandoned(term)
    except BaseException:
        reservation.release()
        lock.close()
        raise
    return term


def _reserve(job: Job, reservation: Reservation, history: History | None) -> None:
    """Let nobody else write to the output. Raises UsageError where somebody does, or has rows there."""
    config = job.config
    reservation.take(config.output, job.reserved, job.holder)
    if history is None:
        check_output(config.output, config.output_file_name, job.mark)
        return
    run = history.run
    # With rows of its own committed, what stands there may be its own from before a crash.
    if run.committed_rows or run.phase is Phase.FINALIZING:
        return
    if job.mark:
        refuse_parts(config.output, config.output_file_name, job.mark)
    if config.append_row:
        refuse_there(job.final)


def _return_abandoned(term: Term) -> None:
    """Let what was given up in earlier terms wait again."""
    run, recorder = term.run, term.recorder
    if run.abandoned or run.charges:
        at = max(term.clock.now(), run.last)
        recorder.record(e.AbandonedReturned(at, len(run.abandoned), run.abandoned_items))
        recorder.flush()


def _begin(
    job: Job,
    lock: JobLock,
    reservation: Reservation,
    clock: Clock,
    step: Step,
    history: History | None,
    *,
    list_inputs: bool,
) -> Term:
    run = history.run if history else Run()
    _check_parts(job, run)
    number = lock.next_term(run.term)
    # Whoever resumes a job wants it to go on; whoever sees the new term may ask it.
    too_old = lying_there(job.tree) if history else frozenset()
    lock.claim(number)
    step("claimed")
    _check_manifest(job.tree, run)
    if history:
        _set_journal_aside(job.tree, history)
        step("journal aside")
    _cut_parts(job, run, number)
    journal_fd = _create_journal(job.tree)
    step("journal created")
    part = PartFile(job.part(number))
    step("part created")
    recorder = Recorder(run, Vitals(), journal_fd, part)
    at = max(clock.now(), run.last)
    recorder.record(_started(job, number, at, history.offset if history else 0))
    recorder.record(_configured(job, at))
    recorder.flush()
    step("term started")
    config = job.config
    begun = bool(history) or (job.tree / paths.MANIFEST_INDEX).exists()
    listing = start_listing(job, resume=begun, done=run.done.pairs()) if list_inputs else NoListing()
    manifest = Manifest(job.tree / paths.CHECKPOINT)
    if history and list_inputs and not config.listed and run.mini_batches:
        recorder.vitals.found = 0
    committer = Committer(
        recorder, run.rows, (part.sync, manifest.sync), lock.check, config.commit_interval_s, step
    )
    return Term(
        job,
        clock,
        lock,
        run,
        recorder,
        part,
        manifest,
        listing,
        committer,
        journal_fd,
        reservation,
        too_old,
    )


def _started(job: Job, term: int, at: int, previous_bytes: int) -> e.TermStarted:
    return e.TermStarted(
        at,
        job.name,
        term,
        e.FORMAT,
        __version__,
        socket.gethostname(),
        boot_id(),
        os.getpid(),
        previous_bytes,
    )


def start_listing(job: Job, *, resume: bool, done: Sequence[tuple[int, int]] = ()) -> Listing | ReadyListing:
    """List a job's inputs into its manifest, behind what is there where it is resumed."""
    config = job.config
    checkpoint = job.tree / paths.CHECKPOINT
    if config.listed:
        return ReadyListing(checkpoint)
    return Listing.start(
        config.inputs,
        config.mini_batch_size,
        checkpoint,
        resume=resume,
        limit=config.item_limit,
        done=done,
    )


def _history(tree: Path) -> History | None:
    try:
        return read_history(LocalSource(tree))
    except NoJournalError:
        return None


def _configured(job: Job, at: int) -> e.RunConfigured:
    config = job.config
    return e.RunConfigured(
        at,
        script=config.script,
        script_hash=script_digest(config),
        interpreter=str(config.interpreter or ""),
        output=str(job.final),
        mini_batch_size=config.mini_batch_size,
        limits=config.limits,
    )


def _check_manifest(tree: Path, run: Run) -> None:
    """Refuse to go on when the manifest has lost mini-batches that are done (a power failure)."""
    index = tree / paths.MANIFEST_INDEX
    known = index.stat().st_size // 16 if index.exists() else 0
    highest = max((stop for _, stop in run.done.pairs()), default=0)
    if highest > known:
        raise TreeError(
            f"The manifest of job {tree.name} holds {known} mini-batches, but number {highest - 1} is done.",
            remedy=f"{tree / paths.CHECKPOINT} was damaged; restore it, or run the job anew.",
        )


def _set_journal_aside(tree: Path, history: History) -> None:
    """Give the last journal the name of its term; one without a whole record counts for nothing."""
    current = tree / paths.JOURNAL
    if not current.exists():
        return
    try:
        if str(current) == str(tree / history.path):
            current.rename(tree / paths.journal_of_term(history.run.term))
        else:
            current.unlink()
    except OSError as error:
        raise in_words(error, current) from error


def _create_journal(tree: Path) -> int:
    path = tree / paths.JOURNAL
    try:
        return open_within(tree, paths.JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        try:
            path.unlink()
        except OSError as error:
            raise in_words(error, path) from error
        return _create_journal(tree)
    except OSError as error:
        raise StorageError(f"The journal {path} cannot be created: {error.strerror}.") from error


def _committed(job: Job, run: Run) -> dict[Path, int]:
    return {job.part(part.term): part.nbytes for part in run.parts if part.nbytes}


def _check_parts(job: Job, run: Run) -> None:
    """Refuse to go on when rows that were committed are gone; nothing was changed."""
    for path, size, nbytes in lost_parts(run, job.part):
        if size is None and not job.final.exists():
            raise UsageError(
                f"Rows of this job are gone: {path} does not exist.",
                remedy="Put the file back, or run the job anew.",
            )
        if size is not None:
            raise UsageError(
                f"{path} holds {size} bytes, but {nbytes} were committed.",
                remedy="Restore the file, or run the job anew.",
            )


def _cut_parts(job: Job, run: Run, number: int) -> None:
    """Cut the parts of earlier terms at their last commit point; remove those without rows."""
    committed = _committed(job, run)
    # Also of terms that were claimed, and whose master died before its journal said so.
    own = {job.part(term) for term in job.claimed() if term != number}
    for path in own | committed.keys():
        nbytes = committed.get(path, 0)
        try:
            if not nbytes:
                path.unlink(missing_ok=True)
            elif path.exists() and path.stat().st_size > nbytes:
                os.truncate(path, nbytes)
        except OSError as error:
            raise in_words(error, path) from error
