"""When the run will have done its last mini-batch: a range, how far it can be trusted, and why.

Never "what is left divided by the rate": the open mini-batches are played to their end many times, on the
workers that live, with durations as this run showed them. Chance comes from the caller; the same
draws give the same estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bscore.core.durations import (
    Draw,
    Durations,
    around_run_us,
    equal_parts,
    finished,
    learn,
    place,
    stood_still_us,
)
from bscore.core.events import EarlierRunFound
from bscore.core.latest_end import latest_end
from bscore.core.losses import MAX_DRAWN, Losses, losses
from bscore.core.makespan import PLAYED, ROUNDS, makespan
from bscore.core.standing import LATE_AT_LEAST_US, standing_still
from bscore.core.state import Phase, Run, Worker, WorkerState

MIN_FINISHED = 5
#: Work of one estimate, in played mini-batches, shared by the simulations; one costs so much by itself.
PLAYED_IN_ALL = 40_000
RESAMPLING = 150
MIN_SIMULATIONS = 20
MAX_SIMULATIONS = 100
#: For what no simulation knows (drift, other load) both ends of the range move by this part of what is left.
UNSEEN = 0.02
#: From this width on, as a part of what is left, a range is rough.
ROUGH_WIDTH = 0.5
#: A mini-batch of so many medians belongs to a tail, which is rough until so much is done.
TAIL_MEDIANS = 10.0
TAIL_KNOWN_PERCENT = 75
#: A tail of less than this part of what is left does not matter.
TAIL_MATTERS = 0.02
#: Which part of the simulated ends is left out on each side, so that four of five runs end inside. Weights
#: drawn anew vary too little, most of all those of a handful of long ones: there, 0.05 held the end of 78 %.
OUTSIDE, OUTSIDE_WITH_TAIL = 0.08, 0.02
#: Losses (failed attempts, new starts of workers) of more than this part of their time make the end rough.
ROUGH_FAILED = 0.2
#: Gaps between the end of run() and its answer, which are left out, of more than this part of the median.
ROUGH_STILL = 0.1
#: For how many durations an earlier run may speak, and in how many it is told.
PRIOR_WORTH = 20
PRIOR_PARTS = 40
#: It is not believed once a mini-batch takes so many times what its longest took.
UNBELIEVED = 3.0
#: A mini-batch that takes so many times what the longest took hangs.
HANGING = 2
HANGING_AT_LEAST_US = 10_000_000
HANGS = "one has been running much longer than any that finished"


class Confidence(StrEnum):
    """How far the range can be trusted, in a word for the screen."""

    #: Four of five runs like this end inside.
    LIKELY = "likely"
    #: The range rests on too little, or on a few very long mini-batches.
    ROUGH = "rough"
    #: There is no range.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Estimate:
    """When the last mini-batch will be over, microseconds UTC: P10, P50 and P90; None while unknown."""

    low_us: int | None
    likely_us: int | None
    high_us: int | None
    confidence: Confidence
    #: Why it is not better, in words; empty when it is likely.
    reason: str
    #: The job whose earlier run the durations are of; empty when they are of this one.
    earlier: str = ""
    #: When it will be over at the latest, where nothing finishes or one hangs: a fixed moment.
    latest_us: int | None = None


def earlier_run(job: str, run: Run, at: int) -> EarlierRunFound | None:
    """What a run says about durations to a later one of the same script; None when it finished too little.

    `job` is what the earlier run's job is called, `at` when the later one was told (microseconds UTC).
    """
    if sum(run.histogram) < MIN_FINISHED or not run.recent_ns:
        return None
    size = run.config.mini_batch_size if run.config else 0
    start_us = _start_us(run, None)
    start = None if start_us is None else int(start_us)
    return EarlierRunFound(at, job, size, equal_parts(finished(run), PRIOR_PARTS), start)


def percent(run: Run) -> int | None:
    """How much of the mini-batches is done, rounded down; None while their number is not final."""
    if not run.listing_finished:
        return None
    return 100 * len(run.done) // run.mini_batches if run.mini_batches else 100


def total_words(run: Run) -> str:
    """The number of mini-batches in words: "at least" while the listing goes on."""
    return f"{run.mini_batches:,}" if run.listing_finished else f"at least {run.mini_batches:,}"


def estimate(run: Run, now: int, draw: Draw) -> Estimate:
    """When the run will have done its last mini-batch (`now` in microseconds UTC).

    `draw` gives numbers in [0, 1). Give a generator with the same seed at each look, so that the picture
    moves only when the run does. An earlier run speaks until enough of this one has finished.
    """
    if run.phase is Phase.ENDED or run.exhausted:
        return Estimate(run.last, run.last, run.last, Confidence.LIKELY, "")
    crew = [worker for worker in run.workers.values() if worker.state is not WorkerState.STOPPING]
    enough = sum(run.histogram) >= max(MIN_FINISHED, len(run.workers))
    prior = None if enough or not run.earlier or not run.earlier.durations_us else run.earlier
    why = _why_unknown(run, now, crew, known=enough or prior is not None)
    why = why or (_why_unbelieved(run, now, crew, prior) if prior else "")
    if why:
        still = standing_still(run, now) is not None
        latest = latest_end(run) if still else None
        return Estimate(None, None, None, Confidence.UNKNOWN, why, latest_us=latest)
    picture = _pictured(run, now, crew, prior)
    low, likely, high = _simulated(picture, draw)
    latest = latest_end(run) if not picture.waiting and _hangs(picture) else None
    if latest is not None and latest > now + high:
        return Estimate(now, now + int(likely), latest, Confidence.ROUGH, HANGS, latest_us=latest)
    doubt = _doubt(picture, left_us=likely, width_us=high - low)
    return Estimate(
        now + int(low * (1 - UNSEEN)),
        now + int(likely),
        now + int(high * (1 + UNSEEN)) + 1,
        Confidence.ROUGH if doubt else Confidence.LIKELY,
        doubt,
        prior.job if prior else "",
    )


def _why_unknown(run: Run, now: int, crew: Sequence[Worker], *, known: bool) -> str:
    if not run.listing_finished:
        return f"the inputs are still being listed: {total_words(run)} mini-batches"
    still_s = standing_still(run, now)
    if still_s is not None:
        return f"nothing has finished for {still_s:.0f} s"
    if not crew:
        return "no worker is alive"
    if not known:
        count, needed = sum(run.histogram), max(MIN_FINISHED, len(run.workers))
        return f"{count} of the first {needed} mini-batches have finished"
    return ""


def _why_unbelieved(run: Run, now: int, crew: Sequence[Worker], prior: EarlierRunFound) -> str:
    """Why an earlier run tells nothing of this one, in words; empty where it may."""
    ages_us = [now - worker.since for worker in crew if worker.state is WorkerState.BUSY]
    longest_us = max([run.longest_run_ns / 1000, *ages_us])
    told_us = max(us for us, _, _ in _spoken(run, prior))
    if longest_us <= max(UNBELIEVED * told_us, LATE_AT_LEAST_US):
        return ""
    told = f"the earlier run {prior.job} took {told_us / 1e6:.2g} s at most"
    return f"a mini-batch takes {longest_us / 1e6:.3g} s where those of {told}"


@dataclass(frozen=True, slots=True)
class _Picture:
    """What the simulations start from; times in microseconds."""

    run: Run
    prior: EarlierRunFound | None
    durations: Durations
    losses: Losses
    #: For how long each busy worker has been running its mini-batch, and when the others are ready.
    ages_us: list[float]
    ready_us: list[float]
    median_us: float
    longest_us: float

    @property
    def waiting(self) -> int:
        """Mini-batches that nobody has begun."""
        return self.run.mini_batches - self.run.over - len(self.ages_us)

    @property
    def has_tail(self) -> bool:
        """Whether some take so long that a handful of them decides."""
        return self.longest_us > TAIL_MEDIANS * self.median_us


def _pictured(run: Run, now: int, crew: Sequence[Worker], prior: EarlierRunFound | None) -> _Picture:
    ages_us = [float(max(now - w.since, 0)) for w in crew if w.state is WorkerState.BUSY]
    limit_us = run.config.limits.attempt_s * 1e6 if run.config else float("inf")
    points = sorted((finished(run) if run.recent_ns else []) + (_spoken(run, prior) if prior else []))
    around_us, start_us = around_run_us(run), _start_us(run, prior)
    return _Picture(
        run,
        prior,
        learn(points, ages_us, limit_us),
        losses(run, start_us or 0.0),
        ages_us,
        _ready_us(crew, now, start_us),
        median_us=max(points[len(points) // 2][0], 1.0),
        longest_us=max([run.longest_run_ns / 1000 + around_us, *ages_us]),
    )


def _spoken(run: Run, prior: EarlierRunFound) -> list[tuple[float, float, float]]:
    """The prior's durations, for mini-batches as large as this run's, worth no more than a few."""
    size = run.config.mini_batch_size if run.config else 0
    scale = size / prior.mini_batch_size if size and prior.mini_batch_size else 1.0
    worth = PRIOR_WORTH / len(prior.durations_us)
    return [(max(us * scale, 1.0), worth, min(worth, 1.0)) for us in prior.durations_us]


def _start_us(run: Run, prior: EarlierRunFound | None) -> float | None:
    """What a worker takes until it is ready: the median of the last ones, else of the earlier run's."""
    starts_us = sorted(run.recent_starts_us)
    if starts_us:
        return float(starts_us[len(starts_us) // 2])
    return None if prior is None or prior.start_us is None else float(prior.start_us)


def _ready_us(crew: Sequence[Worker], now: int, start_us: float | None) -> list[float]:
    """When workers that run nothing are ready: at once, or after a start as long as others took."""
    ready: list[float] = []
    for worker in crew:
        age = float(max(now - worker.started, 0))
        if worker.state is WorkerState.IDLE:
            ready.append(0.0)
        elif worker.state is WorkerState.STARTING:
            ready.append(age if start_us is None else max(start_us - age, 0.0))
    return ready


def _simulated(picture: _Picture, draw: Draw) -> tuple[float, float, float]:
    """P10, P50 and P90 of what is left, in microseconds."""
    durations, waiting = picture.durations, picture.waiting
    ages = [(place(durations, age), age) for age in picture.ages_us]
    workers = len(ages) + len(picture.ready_us)
    cost = RESAMPLING + 2 * workers + min(waiting, max((ROUNDS + 1) * workers, PLAYED))
    cost += int(min(picture.losses.expected(waiting), MAX_DRAWN)) + len(picture.losses.costs_us)
    ends = []
    for _ in range(min(max(PLAYED_IN_ALL // cost, MIN_SIMULATIONS), MAX_SIMULATIONS)):
        drawer = durations.resampled(draw)
        lost_us = picture.losses.drawn(waiting + len(ages), draw)
        ends.append(makespan(drawer.left(ages) + picture.ready_us, waiting, drawer, draw, lost_us))
    ends.sort()
    outside = OUTSIDE_WITH_TAIL if picture.has_tail else OUTSIDE
    low, likely, high = (_quantile(ends, at) for at in (outside, 0.5, 1 - outside))
    return low, likely, high


def _hangs(picture: _Picture) -> bool:
    """Whether one has been running so much longer than any that finished that nobody can tell its end."""
    edge_us = max(HANGING * picture.durations.atoms[-1].us, HANGING_AT_LEAST_US)
    return max(picture.ages_us, default=0.0) > edge_us


def _quantile(ordered: Sequence[float], share: float) -> float:
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def _doubt(picture: _Picture, *, left_us: float, width_us: float) -> str:
    """Why the range is rough, in words; empty when it is not."""
    run, longest_us = picture.run, picture.longest_us
    if picture.prior is not None:
        return f"durations are those of the earlier run {picture.prior.job}"
    lost_us = picture.losses.all_us
    worker_us = run.finished_us + lost_us
    if lost_us > ROUGH_FAILED * worker_us:
        what = "failed attempts and new starts" if picture.losses.deadly else "failed attempts"
        return f"{what} took {100 * lost_us // worker_us:.0f} % of the workers' time"
    if stood_still_us(run) > ROUGH_STILL * picture.median_us:
        return "some answers waited long for their master, which is left out"
    early = 100 * run.over < TAIL_KNOWN_PERCENT * max(run.mini_batches, 1) or not run.listing_finished
    if picture.has_tail and early and longest_us > TAIL_MATTERS * left_us:
        return f"some mini-batches take {longest_us / picture.median_us:.0f} times the median"
    if longest_us > HANGING * picture.durations.atoms[-1].us:
        return HANGS
    if width_us > ROUGH_WIDTH * left_us:
        return "durations differ too much for what is left"
    return ""
