"""A run, seen at a moment, as the model the screens draw."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bscore.core.events import Event, Finished
from bscore.core.lasting_failure import fails_again
from bscore.core.limits import Limits as CoreLimits
from bscore.core.rates import rate
from bscore.core.standing import late, standing_still
from bscore.core.state import Run, WorkerState
from bscore.observe import NodeUsage, Pulse
from bscore_tui.reading import batch_rows, figures, rows
from bscore_tui.reading.aftermath import NO_AFTERMATH, Aftermath
from bscore_tui.reading.findings import findings, next_events
from bscore_tui.reading.notes import note_of, with_gaps
from bscore_tui.reading.outlook import NO_OUTLOOK, Outlook
from bscore_tui.reading.rows import Deviating
from bscore_tui.views.earlier import Earlier
from bscore_tui.views.limits import Limits
from bscore_tui.views.model import Face, Mode, Model, NodeRow, Timeline
from bscore_tui.views.safe import safe_text


@dataclass(slots=True)
class Seen:
    """What is known beside the run itself."""

    now: int
    at: int
    mode: Mode
    pulse: Pulse
    timeline: Timeline = field(default_factory=Timeline)
    usages: dict[str, NodeUsage] = field(default_factory=dict)
    outlook: Outlook = NO_OUTLOOK
    #: (journal, offset, event) of the last notable records, the newest first.
    notable: Sequence[tuple[str, int, Event]] = ()
    #: The last finished mini-batches.
    finished: Sequence[Finished] = ()
    read_share: float = 1.0
    damage: str = ""
    #: The last record of the whole tree, and whether it is its end.
    horizon: int = 0
    over_at_horizon: bool = False
    #: The job before, where it was looked for.
    earlier: Earlier | None = None
    aftermath: Aftermath = NO_AFTERMATH
    #: What commands call the job; its own name where that is not known.
    called: str = ""


def build(run: Run, seen: Seen) -> Model:
    """The model. Pure but for its size: some milliseconds at 400 workers."""
    return _with_rows(_with_times(_with_counts(_head(run, seen), run), run, seen), run, seen)


def _head(run: Run, seen: Seen) -> Model:
    """What job this is, and which moment of it is shown."""
    config, still_s, lost = run.config, standing_still(run, seen.at), seen.aftermath.lost_rows
    return Model(
        job=safe_text(run.job, 200),
        called=shlex.quote(safe_text(seen.called or run.job, 4000)),
        face=face_of(run, seen.pulse, seen.mode, still_s),
        still_since=None if still_s is None else seen.at - int(still_s * 1e6),
        mode=seen.mode,
        state=state_of(run, seen.pulse),
        at=seen.at,
        now=seen.now,
        started=run.started or None,
        ended=run.last if run.outcome is not None else None,
        script=safe_text(config.script, 200) if config else "",
        interpreter=safe_text(config.interpreter, 400) if config else "",
        output=safe_text(run.output or (config.output if config else ""), 400),
        reason=safe_text(run.reason or seen.aftermath.last_words, 1000),
        fails_again=fails_again(run),
        term=run.term,
        last=run.last,
        silent_master=seen.aftermath.master,
        lost_rows=None if lost is None else safe_text(lost, 400),
        limits=limits_of(_limits(run)),
        read_share=seen.read_share,
        damage=safe_text(seen.damage, 400),
        horizon=max(seen.horizon, run.last),
        over_at_horizon=seen.over_at_horizon or run.outcome is not None,
        mini_batch_size=config.mini_batch_size if config else None,
        earlier=seen.earlier,
        timeline=seen.timeline,
    )


def _limits(run: Run) -> CoreLimits:
    return run.config.limits if run.config else CoreLimits()


def _with_counts(model: Model, run: Run) -> Model:
    """How much there is, and how it stands."""
    busy = sum(worker.state is WorkerState.BUSY for worker in run.workers.values())
    return replace(
        model,
        mini_batches=run.mini_batches if run.mini_batches or run.listing_finished else None,
        items=run.items if run.items or run.listing_finished else None,
        listed=run.listing_finished,
        listing_items_s=listing_rate(run, model.at),
        done=len(run.done),
        running=busy,
        waiting=max(run.mini_batches - run.over - busy, 0),
        abandoned=len(run.abandoned),
        short=run.short,
        retried=run.retried,
        done_items=run.done_items,
        abandoned_items=run.abandoned_items,
        failed_items=run.failed_items,
        rows=run.rows,
        committed_rows=run.committed_rows,
        restarts=run.deaths,
        other_errors=run.other_errors,
    )


def _items_s(run: Run, per_s: float | None, mean_items: float | None) -> float | None:
    """Items per second: just now, or of the whole run where it has ended."""
    if run.outcome is not None:
        whole = rate(run)
        return whole.items if whole else None
    return None if per_s is None or mean_items is None else per_s * mean_items


def _with_times(model: Model, run: Run, seen: Seen) -> Model:
    """Rates, durations, and when it will end."""
    recent, workers = list(run.recent_ns), run.workers.values()
    # What nobody works on has no rate.
    per_s = None if model.silent else figures.batches_per_s(seen.timeline, model.at, run.first_assigned)
    mean_items = run.done_items / len(run.done) if len(run.done) else None
    end = seen.outlook.end
    inits = [worker.init_ns for worker in workers if worker.init_ns >= 0]
    return replace(
        model,
        items_s=_items_s(run, per_s, mean_items),
        batches_s=per_s,
        ends=None if end is None or end.low_us is None or end.high_us is None else (end.low_us, end.high_us),
        end_confidence=end.confidence.value if end else "",
        end_reason=safe_text(end.reason, 400) if end else "",
        latest_end=end.latest_us if end else None,
        busy_percent=busy_percent(run, per_s, recent, len(workers)),
        median_ns=figures.quantile(recent, 0.5),
        p95_ns=figures.quantile(recent, 0.95),
        p99_ns=figures.quantile(recent, 0.99),
        longest_ns=run.longest_run_ns or None,
        init_ns=figures.quantile(inits, 0.5),
        outside_ns=figures.quantile([max(e.elapsed_ns - e.run_ns, 0) for e in seen.finished], 0.5),
        recent_ns=tuple(recent),
    )


def _with_rows(model: Model, run: Run, seen: Seen) -> Model:
    """What is told one by one."""
    at = model.at
    deviating = _deviating(run, seen)
    return replace(
        model,
        next_events=next_events(run, at) if _lives(run, seen) else (),
        findings=findings(run, at, seen.usages, deviating),
        errors=rows.error_rows(run),
        warnings=sum(group.count for group in run.warnings.values()) + run.other_warnings,
        warning_kinds=len(run.warnings),
        warning=rows.most_frequent_warning(run),
        nodes=_with_shares(model, _nodes(model, run, seen, deviating), seen),
        running_batches=batch_rows.running_rows(run, at, deviating.late, silent=model.silent),
        waiting_batches=batch_rows.waiting_rows(run),
        retried_batches=batch_rows.retried_rows(run),
        abandoned_batches=batch_rows.abandoned_rows(run),
        done_batches=batch_rows.done_rows(run, seen.finished),
        slowest_batches=batch_rows.slowest_rows(run),
        notes=with_gaps(
            [note_of(event, path, offset) for path, offset, event in seen.notable], seen.timeline.gaps, at
        ),
    )


def _nodes(model: Model, run: Run, seen: Seen, deviating: Deviating) -> tuple[NodeRow, ...]:
    nodes = rows.node_rows(run, model.at, seen.usages, deviating, seen.mode is Mode.LIVE)
    return tuple(rows.unknown_since(node, run.last) for node in nodes) if model.silent else nodes


def _with_shares(model: Model, nodes: tuple[NodeRow, ...], seen: Seen) -> tuple[NodeRow, ...]:
    """Nodes with their part of the job's rate, by what they finished in the same while."""
    if model.items_s is None or model.ended is not None:
        return nodes
    since = model.at - int(figures.RATE_WINDOW_S * 1e6)
    items = Counter[str]()
    for event in seen.finished:
        if event.at >= since:
            items[event.worker.rpartition("/")[0]] += event.items
    per_item = model.items_s / items.total() if items else 0.0
    return tuple(replace(node, finished_s=items[node.id] * per_item) for node in nodes)


def state_of(run: Run, pulse: Pulse) -> str:
    """The word for the run: its outcome, NotResponding, or its phase."""
    if run.outcome is not None:
        return run.outcome.value
    if pulse is Pulse.NOT_RESPONDING:
        return "NotResponding"
    return run.phase.value


def face_of(run: Run, pulse: Pulse, mode: Mode, still_s: float | None) -> Face:
    """Which face of the Overview tells the truth now; `still_s`: for how long it stands still."""
    if run.outcome is not None:
        return Face.ENDED
    if pulse is Pulse.NOT_RESPONDING and mode is not Mode.END:
        return Face.NOT_RESPONDING
    if still_s is not None:
        return Face.STANDING
    return Face.RUNNING if run.over else Face.PREPARING


def _lives(run: Run, seen: Seen) -> bool:
    return run.outcome is None and seen.pulse is not Pulse.NOT_RESPONDING


def _deviating(run: Run, seen: Seen) -> Deviating:
    """Who is late or slow; nobody where nobody works."""
    if not _lives(run, seen):
        return Deviating()
    return Deviating(
        late={one.worker: one for one in late(run, seen.at)},
        slow={one.worker: one for one in seen.outlook.slow if one.worker in run.workers},
    )


def limits_of(limits: CoreLimits) -> Limits:
    """The limits as screens name them."""
    return Limits(
        tries=limits.tries,
        attempt_s=limits.attempt_s,
        error_threshold=limits.error_threshold if limits.error_threshold >= 0 else None,
        no_progress_s=limits.no_progress_s,
        init_s=limits.init_s,
        run_s=limits.run_invocation_timeout_s,
        overhead_s=limits.task_overhead_timeout_s,
    )


def listing_rate(run: Run, at: int) -> float | None:
    """Items listed per second so far."""
    seconds = (at - run.term_started) / 1e6
    return run.items / seconds if run.items and seconds > 0 and not run.listing_finished else None


def busy_percent(run: Run, per_s: float | None, recent: list[int], workers: int) -> float | None:
    """How much of the workers' time went into run() lately."""
    if per_s is None or not recent or not workers or run.outcome is not None:
        return None
    return min(per_s * sum(recent) / len(recent) / 1e9 / workers * 100, 100.0)
