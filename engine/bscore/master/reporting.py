"""The reports of a run: derived from its journal and its manifest, so that they can be made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bscore.core.diagnose import in_common
from bscore.core.events import Event, Outcome
from bscore.core.groups import ErrorGroup
from bscore.core.lasting_failure import fails_again
from bscore.core.rates import rate
from bscore.core.state import Run
from bscore.logtree import job_report, paths
from bscore.logtree.causes import Cause, cause_lines, user_error_summary
from bscore.logtree.journal import read_events
from bscore.logtree.reports import ResultFacts, job_result
from bscore.logtree.source import LocalSource
from bscore.logtree.trees import in_commands
from bscore.logtree.warning_report import script_warnings, warning_summary
from bscore.logtree.writer import TreeWriter
from bscore.master.term import Term

_CHUNK_LINES = 2000


def causes_of(run: Run) -> tuple[Cause, ...]:
    """The run's error groups as causes."""
    return tuple(_cause(run, group) for group in run.errors.values())


def _cause(run: Run, group: ErrorGroup) -> Cause:
    return Cause(
        kind=group.kind,
        error_type=group.error_type,
        message=group.message,
        place=group.place,
        count=group.count,
        first_at=group.first_at,
        last_at=group.last_at,
        nodes=tuple(group.nodes),
        first_mini_batch=group.first_mini_batch,
        trace=group.trace,
        item=group.item,
        common=in_common(run, group),
        loading=group.loading,
        first_items=group.items,
        last_item=group.last_item,
        printed=group.printed,
        ending=group.ending,
        messages=tuple((one.count, one.message) for one in group.messages.values()),
    )


def result_facts(
    run: Run, called: str = "", *, of_functions: bool = False, debugs: bool = False
) -> ResultFacts:
    """What job_result.txt says of an ended run; `called` is how commands name it."""
    completed = run.outcome is Outcome.COMPLETED
    return ResultFacts(
        job=run.job,
        outcome=run.outcome or Outcome.FAILED,
        reason=run.reason,
        started_at=run.started,
        ended_at=run.last,
        mini_batches=run.mini_batches,
        done=len(run.done),
        abandoned=len(run.abandoned),
        retried=run.retried,
        items=run.items,
        succeeded=run.succeeded_items,
        failed=run.failed_items,
        rows=run.committed_rows,
        output=run.output if completed else "",
        part="" if completed else run.output,
        resumed=run.resumes,
        idle=(run.idle_us, run.term),
        causes=causes_of(run),
        other_failures=run.other_errors,
        findings=tuple(run.findings.values()),
        workers_gone=run.deaths,
        nodes_lost=sum(1 for node in run.nodes.values() if node.lost_at),
        listed=run.listing_finished,
        append_row=run.config is None or run.config.limits.needs_results,
        warnings=script_warnings(run),
        short=run.short,
        rate=rate(run),
        given_up=tuple(run.given_up.items()),
        called=called,
        fails_again=fails_again(run),
        of_functions=of_functions,
        debugs=debugs,
    )


class _Hurried(Exception):  # noqa: N818  # nothing is wrong: somebody wants to leave
    """Nobody wants to wait for the rest."""


def write_reports(term: Term, hurried: Callable[[], bool]) -> bool:
    """Write `logs/sys/job_report` and the summaries of errors and warnings, streaming over the journal.

    Once `hurried` says so the tables, which take a while after millions of mini-batches, are left out, those
    of earlier terms removed: False.
    """
    writer = TreeWriter(term.job.tree)
    summary = job_report.Summary()
    run = term.run
    errors = user_error_summary(causes_of(run), run.other_errors)
    writer.replace(paths.USER_ERRORS, errors.encode("utf-8", "backslashreplace"))
    writer.replace(paths.USER_WARNINGS, warning_summary(run).encode("utf-8", "backslashreplace"))
    try:
        _write_lines(term, paths.MINI_BATCHES_REPORT, _rows(term, summary), hurried)
        _write_lines(term, paths.PROCESS_REPORT, summary.process_rows(), hurried)
        _write_lines(term, paths.NODE_REPORT, summary.node_rows(), hurried)
    except _Hurried:
        for path in (paths.MINI_BATCHES_REPORT, paths.PROCESS_REPORT, paths.NODE_REPORT):
            (term.job.tree / path).unlink(missing_ok=True)
        return False
    return True


def write_result(tree: Path, run: Run) -> None:
    """Write `job_result.txt`, and `job_error.txt` where something went wrong."""
    writer = TreeWriter(tree)
    of_functions, debugs = ((tree / path).exists() for path in (paths.FUNCTION, paths.DEBUGGED))
    facts = result_facts(run, in_commands(tree), of_functions=of_functions, debugs=debugs)
    result = job_result(facts)
    writer.replace(paths.JOB_RESULT, result.encode("utf-8", "backslashreplace"))
    if run.outcome is not Outcome.COMPLETED or run.errors:
        lines = [run.reason, *cause_lines(causes_of(run), run.other_errors)]
        text = "\n".join(line for line in lines if line) + "\n"
        writer.replace(paths.JOB_ERROR, text.encode("utf-8", "backslashreplace"))


def _rows(term: Term, summary: job_report.Summary) -> Iterator[str]:
    yield job_report.HEADER
    names = partial(term.manifest.names, upto=term.run.mini_batches)
    events: Iterator[Event] = read_events(LocalSource(term.job.tree))
    for event in events:
        summary.add(event)
        row = job_report.row(event, names)
        if row:
            yield row


def _write_lines(term: Term, path: str, lines: Iterator[str], hurried: Callable[[], bool]) -> None:
    """Write a whole file beside its final name, in bounded memory, then put it there."""
    fresh = f"{path}.new"
    full = term.job.tree / fresh
    full.unlink(missing_ok=True)
    if hurried():
        raise _Hurried
    with TreeWriter(term.job.tree) as writer:
        chunk: list[str] = []
        for line in lines:
            chunk.append(line)
            if len(chunk) >= _CHUNK_LINES:
                writer.append(fresh, "".join(chunk).encode("utf-8", "backslashreplace"))
                chunk.clear()
                term.lock.renew()
                if hurried():
                    full.unlink(missing_ok=True)
                    raise _Hurried
        writer.append(fresh, "".join(chunk).encode("utf-8", "backslashreplace"))
    full.replace(term.job.tree / path)
