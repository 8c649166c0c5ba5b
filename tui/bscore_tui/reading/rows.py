"""Workers, nodes and errors of a run as rows; what deviates comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from bscore.core.attempts import attempt_of
from bscore.core.diagnose import in_common
from bscore.core.groups import ErrorGroup
from bscore.core.item_words import items_words
from bscore.core.standing import Late, SlowWorker, silent
from bscore.core.state import GoneWorker, Run, Worker, WorkerState
from bscore.observe import NodeUsage
from bscore.observe.usage import Sample
from bscore_tui.reading.figures import quantile
from bscore_tui.reading.gone import gone_rows, is_violent
from bscore_tui.reading.notes import error_text
from bscore_tui.views.model import ErrorRow, NodeRow, WorkerRow
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Options
from bscore_tui.views.words import nanoseconds

#: A sample of this age says nothing of the present; the cloud takes one in ten minutes.
STALE_US = 750_000_000
#: Memory above this share of the node is nearly full.
FULL_PERCENT = 95.0
HISTORY = 120
_PLAIN = Options()


@dataclass(frozen=True, slots=True)
class Deviating:
    """What `bscore.core.standing` says of workers, by their ids."""

    #: The longest late first.
    late: Mapping[str, Late] = field(default_factory=dict)
    #: The slowest first.
    slow: Mapping[str, SlowWorker] = field(default_factory=dict)


def worker_row(run: Run, worker: Worker, at: int, deviating: Deviating, usage: NodeUsage | None) -> WorkerRow:
    """A living worker."""
    process = worker.id.rpartition("/")[2]
    running = worker.queue[0] if worker.state is WorkerState.BUSY and worker.queue else None
    pulse = usage.processes.get(process) if usage else None
    if pulse is not None and (pulse.at > at + 1_000_000 or at - pulse.at > STALE_US):
        pulse = None
    late, slow = worker.id in deviating.late, deviating.slow.get(worker.id)
    stack = run.stacks.get(worker.id)
    current = stack is not None and stack[1] == (running if running is not None else -1)
    return WorkerRow(
        id=worker.id,
        node=safe_text(worker.node, 100),
        process=safe_text(process, 60),
        state=worker.state.value,
        sign="!" if late or slow else "",
        late=late,
        slow=slow is not None,
        since=worker.since or worker.started,
        pid=worker.pid or None,
        mini_batch=running,
        attempt=None if running is None else attempt_of(run, running),
        queued=max(len(worker.queue) - (running is not None), 0),
        done=worker.finished,
        failed=worker.failed,
        items_s=_items_s(worker, at, late=late),
        median_ns=quantile(list(worker.recent_ns), 0.5),
        init_ns=worker.init_ns if worker.init_ns >= 0 else None,
        cpu_percent=pulse.cpu_percent if pulse else None,
        memory_mb=pulse.memory_mb if pulse else None,
        stack=safe_text(stack[2], 200) if stack and current else "",
        stack_at=stack[0] if stack and current else None,
        trace=stack[3] if stack and current else "",
        cause=safe_text(worker.stopping_reason, 200) or (slow_text([slow]) if slow else ""),
    )


def _items_s(worker: Worker, at: int, *, late: bool) -> float | None:
    """Items per second of run() lately; a late one is no faster than what it is at."""
    if not worker.finished:
        return None
    mean_items, recent = worker.items / worker.finished, worker.recent_ns
    items_s = mean_items * 1e9 * len(recent) / sum(recent) if mean_items and sum(recent) else None
    return min(items_s or 0.0, mean_items * 1e6 / max(at - worker.since, 1)) if late else items_s


def slow_text(slow: Sequence[SlowWorker]) -> str:
    """How slow workers are, the slowest first: `median 31.0 s, others 11.0 s`."""
    middle = slow[len(slow) // 2]
    median, others = (nanoseconds(value, _PLAIN) for value in (middle.median_ns, middle.others_ns))
    return f"median {median}, others {others}"


def node_rows(
    run: Run, at: int, usages: dict[str, NodeUsage], deviating: Deviating, live: bool
) -> tuple[NodeRow, ...]:
    """Every node; those with something wrong first, else in the order of their ids."""
    by_node: dict[str, list[WorkerRow]] = {node: [] for node in run.nodes}
    for worker in run.workers.values():
        row = worker_row(run, worker, at, deviating, usages.get(worker.node))
        by_node.setdefault(worker.node, []).append(row)
    gone: dict[str, list[GoneWorker]] = {}
    for lost in reversed(run.gone):
        gone.setdefault(lost.id.rpartition("/")[0], []).append(lost)
    rows = [
        _node_row(run, node, by_node[node], gone.get(node, []), usages.get(node), at, live)
        for node in run.nodes
    ]
    return tuple(sorted(rows, key=lambda row: ({"x": 0, "!": 1, "?": 2}.get(row.sign, 3), _natural(row.id))))


def unknown_since(node: NodeRow, at: int) -> NodeRow:
    """What is left to say of a node whose master does not respond: what was done there until then."""
    workers = (
        replace(row, state="unknown", sign="?", since=at, items_s=None, cpu_percent=None, memory_mb=None)
        for row in node.workers
    )
    return replace(
        node,
        sign=node.sign or ("?" if node.workers else ""),
        workers=tuple(workers),
        items_s=None,
        cpu_percent=None,
        memory_mb=None,
        disk_mb_s=None,
        network_mb_s=None,
    )


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in name.replace(".", " . ").split()]


def _node_row(
    run: Run,
    name: str,
    workers: list[WorkerRow],
    gone: list[GoneWorker],
    usage: NodeUsage | None,
    at: int,
    live: bool,
) -> NodeRow:
    node, ended = run.nodes[name], run.outcome is not None
    violent = [lost for lost in gone if is_violent(lost)]
    shown, past = gone_rows(gone, usage, at, over=ended or not node.live)
    speeds = [worker.items_s for worker in workers if worker.items_s is not None and worker.state == "busy"]
    samples = usage.upto(at) if usage else []
    done = sum(worker.done for worker in workers) + node.gone_finished
    knows = bool(done or node.live or node.lost_reason)
    row = NodeRow(
        id=name,
        host=safe_text(node.host, 100),
        live=node.live,
        sign="" if ended else _node_sign(node.live, workers, violent, samples[-1] if samples else None, at),
        workers=tuple(sorted(workers, key=lambda w: _natural_process(w.process))),
        gone=shown,
        past=past,
        wanted=0 if ended else node.workers,
        done=done if knows else None,
        failed=sum(worker.failed for worker in workers) + node.gone_failed if knows else None,
        items_s=sum(speeds) if speeds else None,
        cpus=node.cpus or None,
        memory_total_mb=(usage.memory_total_mb if usage else None) or (float(node.memory_mb) or None),
        sample_step_s=_step_s(samples[-HISTORY:]),
        lost_reason=safe_text(node.lost_reason, 200),
    )
    if usage:
        row = _with_usage(row, usage, samples, at, ended=ended)
    silent_too = live and not ended and not row.sign and bool(workers) and _is_silent(row, at)
    return replace(row, sign="?") if silent_too else row


def _with_usage(
    row: NodeRow, usage: NodeUsage, samples: Sequence[Sample], at: int, *, ended: bool
) -> NodeRow:
    """What the node's tables say, at a moment and before."""
    last, lately = samples[-1] if samples else None, samples[-HISTORY:]
    slow = [sample for sample in usage.slow if sample.at <= at]
    peak = max(
        (s for s in samples if s.memory_mb is not None), key=lambda s: s.memory_mb or 0.0, default=None
    )
    current = last if last is not None and (ended or at - last.at <= STALE_US) else None
    return replace(
        row,
        cpu_percent=current.cpu_percent if current else None,
        memory_mb=current.memory_mb if current else None,
        disk_mb_s=slow[-1].disk_mb_s if slow else None,
        network_mb_s=slow[-1].network_mb_s if slow else None,
        cpu=tuple(sample.cpu_percent for sample in lately),
        memory=tuple(_memory_percent(sample, row.memory_total_mb) for sample in lately),
        disk=tuple(sample.disk_mb_s for sample in slow[-HISTORY:]),
        network=tuple(sample.network_mb_s for sample in slow[-HISTORY:]),
        memory_peak_mb=peak.memory_mb if peak else None,
        memory_peak_at=peak.at if peak else None,
        sample_at=last.at if last else None,
    )


def _is_silent(row: NodeRow, at: int) -> bool:
    """Which heartbeats there are says how often they come; the cloud's come every ten minutes."""
    if row.sample_at is None or not row.sample_step_s:
        return False
    return bool(silent({row.id: row.sample_at}, int(row.sample_step_s * 1e6), at))


def _step_s(samples: Sequence[Sample]) -> float | None:
    """The usual time between two samples, in seconds."""
    steps = [later.at - sample.at for sample, later in pairwise(samples[-10:])]
    return sorted(steps)[len(steps) // 2] / 1e6 if steps else None


def _natural_process(process: str) -> tuple[int, str]:
    digits = process.removeprefix("process")
    return (int(digits), "") if digits.isdigit() else (1 << 60, process)


def _memory_percent(sample: Sample, total_mb: float | None) -> float | None:
    if sample.memory_percent is not None:
        return sample.memory_percent
    return None if sample.memory_mb is None or not total_mb else sample.memory_mb * 100 / total_mb


def _node_sign(
    alive: bool,
    workers: Sequence[WorkerRow],
    violent: list[GoneWorker],
    last: Sample | None,
    at: int,
) -> str:
    if not alive:
        return "x"
    if any(worker.sign for worker in workers):
        return "!"
    if violent and at - violent[0].at < 15 * 60 * 1_000_000:
        return "!"
    full = last is not None and last.memory_percent is not None and last.memory_percent >= FULL_PERCENT
    return "!" if full else ""


def error_rows(run: Run) -> tuple[ErrorRow, ...]:
    """Groups of errors, the most frequent first."""
    rows = [_error_row(key, group, in_common(run, group)) for key, group in run.errors.items()]
    return tuple(sorted(rows, key=lambda row: (-row.count, row.first_at)))


def _error_row(key: str, group: ErrorGroup, common: tuple[str, ...]) -> ErrorRow:
    return ErrorRow(
        key=safe_text(key.replace("\n", "|"), 400),
        group=key,
        kind=group.kind.value,
        what=what_failed(group),
        place=safe_text(group.place, 200),
        count=group.count,
        first_at=group.first_at,
        last_at=group.last_at,
        first_mini_batch=group.first_mini_batch if group.first_mini_batch >= 0 else None,
        first_attempt=group.first_attempt,
        worker=safe_text(group.worker, 200),
        trace=group.trace,
        item=safe_text(group.item, 400),
        folder=safe_text(group.folder, 400),
        nodes=tuple(safe_text(node, 100) for node in group.nodes),
        common=tuple(safe_text(text, 400) for text in common),
        messages=_messages(group),
        items=items_words(safe_text(group.item, 400), safe_text(group.last_item, 400), group.items),
        printed=safe_text(group.printed, 400),
        phase=group.phase,
    )


def _messages(group: ErrorGroup) -> tuple[tuple[int, str], ...]:
    """Nothing where all messages have one shape; what is beyond all shapes comes last."""
    if len(group.messages) < 2:
        return ()
    ranked = sorted(group.messages.values(), key=lambda one: -one.count)
    rows = [(one.count, safe_text(one.message, 300)) for one in ranked]
    return (*rows, (group.other_messages, "other messages")) if group.other_messages else tuple(rows)


def most_frequent_warning(run: Run) -> str:
    """The warning given most often, in a few words, and where; empty for none."""
    group = max(run.warnings.values(), key=lambda group: group.count, default=None)
    if group is None:
        return ""
    # What the run itself warns of says in its text what it is.
    category = group.category if group.source in ("warnings", "logging") else ""
    place = f"  {safe_text(group.place, 200)}" if group.place else ""
    return f"{error_text(category, group.message)}{place}"


def what_failed(group: ErrorGroup) -> str:
    """The error in a few words; what a worker was at is named where no mini-batch is."""
    what = error_text(group.error_type, group.message)
    return f"{group.phase}: {what}" if group.phase else what
