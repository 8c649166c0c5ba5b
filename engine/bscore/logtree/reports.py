"""What a job leaves to be read by people: result, error summary, driver log, readme. Pure.

Where the original has a sentence for it, that sentence is used (reference 5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bscore.core.counted import counted
from bscore.core.events import FailureKind, Outcome
from bscore.core.rates import Rate
from bscore.logtree import paths
from bscore.logtree.causes import Cause, cause_lines
from bscore.logtree.kept import split_kept
from bscore.logtree.lines import one_line
from bscore.logtree.overview import duration, iso

#: A finding ends with its remedy, which must not be cut.
FINDING_CHARS = 2000


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """Everything `job_result.txt` says; None is "not known" and is left out."""

    job: str
    outcome: Outcome
    reason: str
    started_at: int
    ended_at: int
    mini_batches: int
    done: int
    abandoned: int
    #: Mini-batches of which a second try was given out.
    retried: int
    items: int
    succeeded: int
    failed: int
    rows: int
    #: Where the rows are under their final name; "" if they never got it.
    output: str
    #: The part file that holds the committed rows of a job that did not complete; "" for none.
    part: str = ""
    #: How often it was resumed and went on scoring.
    resumed: int = 0
    #: Microseconds between its terms in which no master was at work, and how many terms it had.
    idle: tuple[int, int] = (0, 1)
    causes: tuple[Cause, ...] = ()
    #: Failed attempts that belong to none of `causes`.
    other_failures: int = 0
    findings: tuple[str, ...] = ()
    workers_gone: int = 0
    nodes_lost: int = 0
    #: False where the inputs were not listed to their end, so that the totals are "so far".
    listed: bool = True
    #: False for summary_only: the script writes its own files.
    append_row: bool = True
    #: How often the script warned.
    warnings: int = 0
    #: Mini-batches that returned fewer rows than items.
    short: int = 0
    #: What the last term that scored finished per second.
    rate: Rate | None = None
    #: (reason, mini-batches) of what was abandoned.
    given_up: tuple[tuple[str, int], ...] = ()
    #: How commands name the job; "" for its own name.
    called: str = ""
    #: Whether it would fail again however it is resumed.
    fails_again: bool = False
    #: Whether it scores with functions that Python code handed over, which nobody can repair.
    of_functions: bool = False
    #: Whether it is the small job of a mini-batch in `job debug`, which nobody goes on with.
    debugs: bool = False


def job_result(facts: ResultFacts) -> str:
    """The text of `logs/job_result.txt`."""
    blocks = [_outcome(facts), _counts(facts)]
    if facts.causes or facts.other_failures:
        blocks.append(
            ["What went wrong, most frequent first", *cause_lines(facts.causes, facts.other_failures)]
        )
    if facts.findings:
        blocks.append(
            ["Findings", *(f"  * {one_line(finding, FINDING_CHARS)}" for finding in facts.findings)]
        )
    blocks += [_rows(facts), _next(facts)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _outcome(facts: ResultFacts) -> list[str]:
    span = f"{iso(facts.started_at)[:19]} to {iso(facts.ended_at)[:19]} UTC"
    idle_us, terms = facts.idle
    elapsed = duration((facts.ended_at - facts.started_at - idle_us) / 1e6)
    reason = f" {_joined(facts.reason)}" if facts.reason else ""
    times = "once" if facts.resumed == 1 else f"{facts.resumed} times"
    resumed = f", resumed {times}" if facts.resumed else ""
    ran = f"ran {elapsed} in {terms} terms" if terms > 1 else f"took {elapsed}"
    return [f"{facts.outcome.value}.{reason}", f"Job {facts.job} {ran} ({span}){resumed}."]


def _counts(facts: ResultFacts) -> list[str]:
    processed = facts.done + facts.abandoned
    so_far = "" if facts.listed else " so far"
    open_ = facts.mini_batches - processed
    rest = f"{facts.abandoned} abandoned, {open_} not processed, {facts.retried} tried again"
    lines = [
        f"Items:        {facts.items} in all{so_far}, {facts.succeeded} succeeded, {facts.failed} failed",
        f"Mini-batches: {facts.mini_batches} in all{so_far}, {facts.done} done, {rest}",
    ]
    lines += [f"Given up:     {given_up_words(reason, count)}" for reason, count in facts.given_up]
    if facts.short:
        lines.append(
            f"Too short:    {counted(facts.short, 'mini-batch')}; {_why_short(facts)}, "
            "the missing ones count as failed"
        )
    if facts.rate is not None:
        lines.append(_rate(facts.rate))
    if not facts.listed:
        lines.append("The inputs were not listed to their end.")
    if facts.workers_gone or facts.nodes_lost:
        died, lost = counted(facts.workers_gone, "worker"), counted(facts.nodes_lost, "node")
        lines.append(f"Lost:         {died} died, {lost} lost")
    return lines


def given_up_words(reason: str, mini_batches: int) -> str:
    """Why so many mini-batches were abandoned."""
    were = "1 was" if mini_batches == 1 else f"{mini_batches:,} were"
    return f"{were} abandoned, {one_line(reason)}"


def _why_short(facts: ResultFacts) -> str:
    if any(cause.kind is FailureKind.MISSING for cause in facts.causes):
        return "run() returned fewer rows than items, or inputs were missing"
    return "run() returned fewer rows than items"


def _rate(rate: Rate) -> str:
    items = f"{rate.items:.1f} items/s"
    if rate.mini_batches is None:
        return f"Rate:         {items} while it scored, since it was resumed"
    return f"Rate:         {rate.mini_batches:.1f} mini-batches/s, {items} while it scored"


def _rows(facts: ResultFacts) -> list[str]:
    if facts.output and not facts.append_row:
        return [f"The files that the script wrote itself are in {facts.output}"]
    if facts.output:
        return [f"{counted(facts.rows, 'row')} {'is' if facts.rows == 1 else 'are'} in {facts.output}"]
    if facts.part and not facts.append_row:
        return [f"The files that the script wrote itself are kept in {facts.part}"]
    if facts.part:
        parts = split_kept(facts.part)
        kept = f"{counted(facts.rows, 'row')} of finished mini-batches are kept in"
        lines = [f"{kept} {parts[0]}"] if len(parts) == 1 else [kept, *(f"  {part}" for part in parts)]
        return lines if facts.fails_again or facts.debugs else [*lines, "A resumed job goes on behind them."]
    return ["No rows were written."]


#: For a run that fails again however it is resumed.
START_ANEW = (
    "Repair the script or its inputs, then start a new job: too much of what is done has no result, and a "
    "resume scores nothing again that is done."
)


#: For a run whose function fails: the job keeps it as it was.
SCORE_AGAIN = "Repair the function and call bscore.score() again: this job keeps the function as it was."


def resume_command(job: str, state: str, abandoned: int) -> str:
    """What goes on with a job in a state: one that failed by what it gave up has to try that again."""
    retry = " --retry-failed" if state == Outcome.FAILED and abandoned else ""
    return f"bscore job resume {job}{retry}"


def _next(facts: ResultFacts) -> list[str]:
    called = one_line(facts.called) or facts.job
    lines = [f"See what happened:  bscore-tui {called}"]
    if facts.warnings:
        lines.append(f"Warnings in short:  {paths.USER_WARNINGS} ({facts.warnings} of the script)")
    if facts.outcome is Outcome.COMPLETED:
        return [*lines, f"Every attempt:      {paths.MINI_BATCHES_REPORT}"] if facts.failed else lines
    if facts.fails_again:
        lines.append(f"What to do:         {START_ANEW}")
    elif facts.of_functions and facts.outcome is Outcome.FAILED and facts.causes:
        lines.append(f"What to do:         {SCORE_AGAIN}")
    elif not facts.debugs:
        lines.append(f"Go on from here:    {resume_command(called, facts.outcome, facts.abandoned)}")
    if facts.causes:
        lines += [
            f"Errors in short:    {paths.USER_ERRORS}",
            "Whole tracebacks:   logs/user/error/<node>/<process>.txt",
        ]
    lines.append(f"Every attempt:      {paths.MINI_BATCHES_REPORT}")
    return lines


def _joined(text: str) -> str:
    """Sentences that may stand on lines of their own, as one line."""
    return one_line(" ".join(text.splitlines()))


def driver_start(at: int, script: str, arguments: Iterable[str], version: str, host: str, pid: int) -> str:
    """The driver log's first lines, in the original's words (reference 4.3)."""
    return (
        f"Preparing to call script [{one_line(script)}] with arguments:{list(arguments)!r}\n"
        "Azure Machine Learning Batch Inference Start\n"
        f"[{iso(at).replace('T', ' ')}] bscore {version} on {host}, process {pid}.\n"
    )


def driver_end(at: int, outcome: Outcome, reason: str, trace: str = "") -> str:
    """The driver log's last lines; `trace` is bscore's own traceback when it broke."""
    stamp = iso(at).replace("T", " ")
    said = f" {_joined(reason)}" if reason else ""
    lines = [
        f"[{stamp}] {outcome.value}.{said} See {paths.JOB_RESULT}.",
        "Azure Machine Learning Batch Inference End",
    ]
    if trace:
        lines.append(trace.rstrip("\n"))
    return "\n".join(lines) + "\n"
