"""Which limit of a run will act next if nothing changes: its words, and when. Facts, no decisions."""

from __future__ import annotations

from dataclasses import dataclass

from bscore.core import listing
from bscore.core.attempts import attempt_of
from bscore.core.limits import Limits
from bscore.core.state import Phase, Run, WorkerState

#: A threshold is named from this part of it on.
_NEAR = 0.5


@dataclass(frozen=True, slots=True)
class NextLimit:
    """What will happen, and in how many seconds it does when nothing else happens before."""

    #: In a sentence, and in as few words as a row of a screen has room for.
    text: str
    short: str
    seconds: float
    #: What the limit allows in all.
    limit_s: float

    @property
    def used_s(self) -> float:
        """How much of the limit is used up, in seconds."""
        return self.limit_s - self.seconds


def next_limits(run: Run, now: int) -> list[NextLimit]:
    """The limits that a clock brings nearer, the next first; none before anything runs or after the end."""
    if run.config is None or run.phase in (Phase.FINALIZING, Phase.ENDED):
        return []
    limits = run.config.limits
    found = [*_attempt(run, limits, now), *_init(run, limits, now), *_first_task(run, limits, now)]
    return sorted([*found, *_no_progress(run, limits, now)], key=lambda limit: limit.seconds)


def near_thresholds(run: Run) -> list[str]:
    """Thresholds of failures that are half used up or more, in words."""
    if run.config is None:
        return []
    limits = run.config.limits
    counted = (
        ("failed items", run.failed_items, limits.error_threshold, "error_threshold"),
        ("failed mini-batches", run.failed_mini_batches, limits.allowed_failed_count, "allowed_failed_count"),
    )
    return [
        f"{count} of {most} {what} that {name} allows"
        for what, count, most, name in counted
        if most >= 0 and count and count >= most * _NEAR
    ]


def next_limit(run: Run, now: int) -> str | None:
    """The next limit that will act, in one sentence; None when there is none."""
    timed = next_limits(run, now)
    words = [f"{timed[0].text}, in {_seconds(timed[0].seconds)}"] if timed else []
    return "; ".join([*words, *near_thresholds(run)]) or None


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return "a moment"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _figure(seconds: float) -> str:
    return f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:g}"


def _limit(text: str, short: str, limit_s: float, used_us: int) -> NextLimit:
    return NextLimit(text, short, max(limit_s - used_us / 1e6, 0.0), limit_s)


def _attempt(run: Run, limits: Limits, now: int) -> list[NextLimit]:
    busy = [w for w in run.workers.values() if w.state is WorkerState.BUSY and w.queue]
    if not busy:
        return []
    oldest = min(busy, key=lambda worker: worker.since)
    mini_batch = oldest.queue[0]
    attempt = attempt_of(run, mini_batch)
    then = "then it is abandoned" if attempt >= limits.tries else "then it is tried again"
    text = (
        f"mini-batch {mini_batch} on {oldest.id} is ended at {limits.attempt_s:g} s "
        f"(attempt {attempt} of {limits.tries}, {then})"
    )
    short = f"time-out kills {oldest.id.replace('/', ' ')} (try {attempt} of {limits.tries})"
    return [_limit(text, short, limits.attempt_s, now - oldest.since)]


def _init(run: Run, limits: Limits, now: int) -> list[NextLimit]:
    starting = [w for w in run.workers.values() if w.state is WorkerState.STARTING]
    if not starting or len(starting) < len(run.workers):
        return []
    newest = max(worker.started for worker in starting)
    text = f"the run fails when init() is not done by {limits.init_s:g} s"
    short = f"job fails: init() not done in {_figure(limits.init_s)} s"
    return [_limit(text, short, limits.init_s, now - newest)]


def _first_task(run: Run, limits: Limits, now: int) -> list[NextLimit]:
    if run.mini_batches or run.listing_finished:
        return []
    most_s = limits.first_task_creation_timeout_s
    text = f"the run fails when nothing is listed by {most_s:g} s"
    short = f"job fails: first_task_creation_timeout {_figure(most_s)} s"
    return [_limit(text, short, most_s, now - run.term_started)]


def _no_progress(run: Run, limits: Limits, now: int) -> list[NextLimit]:
    waited = listing.waited_since(run)
    if waited is not None:
        most_s = listing.limit_s(limits)
        text = f"the run fails when the listing of the inputs shows no progress for {most_s:g} s"
        return [_limit(text, f"job fails: no listing in {_figure(most_s)} s", most_s, now - waited)]
    if not run.first_assigned or run.over == run.mini_batches:
        return []
    most_s = limits.no_progress_s
    text = f"the run fails when nothing finishes for {most_s:g} s"
    short = f"job fails: progress_update_timeout {_figure(most_s)} s"
    return [_limit(text, short, most_s, now - max(run.first_assigned, run.last_progress))]
