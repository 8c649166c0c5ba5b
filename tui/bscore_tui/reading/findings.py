"""What deviates, in a sentence and with a remedy; and what happens next if nobody acts."""

from __future__ import annotations

import re

from bscore.core.next_limit import next_limits
from bscore.core.standing import Late, SlowWorker
from bscore.core.state import Run
from bscore.observe import NodeUsage
from bscore_tui.reading.notes import worker_text
from bscore_tui.reading.rows import FULL_PERCENT, Deviating, slow_text
from bscore_tui.views.finding import Finding, NextEvent
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Options
from bscore_tui.views.words import batch_name, nanoseconds, plural, span

_SENTENCE = re.compile(r"(?<=[.;:]) (?=[A-Z])")
MAX_FINDINGS = 20
#: Workers or nodes that are said to be slow; the others are counted.
MAX_SLOW = 3
_PLAIN = Options()

#: A limit is told once a third of it is used up, or so much of it.
LONG_S = 30.0


def findings(run: Run, at: int, usages: dict[str, NodeUsage], deviating: Deviating) -> tuple[Finding, ...]:
    """The most pressing first: memory, what is late, who is slow, then what the master found."""
    found = []
    if run.outcome is None:
        found += [*_memory(run, at, usages), *_late([*deviating.late.values()])]
        found += _slow(run, [*deviating.slow.values()])
    found += [_made(text) for text in run.findings.values()]
    return tuple(found[:MAX_FINDINGS])


def _made(text: str) -> Finding:
    first, *rest = _SENTENCE.split(safe_text(text, 1000), maxsplit=1)
    return Finding(first, rest[0] if rest else "")


def _memory(run: Run, at: int, usages: dict[str, NodeUsage]) -> list[Finding]:
    found: list[Finding] = []
    for node in run.nodes.values():
        usage = usages.get(node.id)
        samples = usage.upto(at) if usage else []
        percent = samples[-1].memory_percent if samples else None
        killed = sum(gone.signal == 9 and gone.id.rpartition("/")[0] == node.id for gone in run.gone)
        if percent is None or percent < FULL_PERCENT or not node.live:
            continue
        deaths = f", {killed} worker{'s' if killed > 1 else ''} killed by signal 9" if killed else ""
        fewer = max(node.workers - max(killed, 1), 1)
        remedy = (
            f"set max_concurrency_per_instance to {fewer} (now {node.workers})" if node.workers > 1 else ""
        )
        text = f"{safe_text(node.id, 100)} is out of memory ({percent:.0f} %){deaths}"
        found.append(Finding(text, remedy, f"node:{node.id}"))
    return found


def _late(late: list[Late]) -> list[Finding]:
    if not late:
        return []
    oldest = late[0]
    others = f" and {len(late) - 1} more are late" if len(late) > 1 else " is late"
    median = nanoseconds(oldest.median_us * 1000, _PLAIN)
    text = f"{batch_name(oldest.mini_batch)}{others}: {span(oldest.age_us / 1e6)}, median {median}"
    return [Finding(text, "", f"mb:{oldest.mini_batch}")]


def _slow(run: Run, slow: list[SlowWorker]) -> list[Finding]:
    """Workers, the slowest first; those of a node in one where they are half of it or more."""
    by_node: dict[str, list[SlowWorker]] = {}
    for one in slow:
        by_node.setdefault(run.workers[one.worker].node, []).append(one)
    found: list[tuple[Finding, int]] = []
    for node, those in by_node.items():
        all_there = sum(worker.node == node for worker in run.workers.values())
        if len(those) > 1 and 2 * len(those) >= all_there:
            name = safe_text(node, 100)
            text = f"{name} is slow: {len(those)} of {all_there} workers, {slow_text(those)}"
            found.append((Finding(text, "", f"node:{node}"), len(those)))
        else:
            found += [
                (
                    Finding(
                        f"{worker_text(one.worker)} is slow: {slow_text([one])}", "", f"worker:{one.worker}"
                    ),
                    1,
                )
                for one in those
            ]
    left_out = sum(number for _, number in found[MAX_SLOW:])
    more = [Finding(f"{plural(left_out, 'more worker is', 'more workers are')} slow", "", "list:nodes")]
    return [finding for finding, _ in found[:MAX_SLOW]] + (more if left_out else [])


def next_events(run: Run, at: int) -> tuple[NextEvent, ...]:
    """The limits that will act if nothing changes, the nearest first, but for those hardly used up."""
    return tuple(
        NextEvent(at + int(limit.seconds * 1e6), safe_text(limit.short, 200))
        for limit in next_limits(run, at)
        if limit.used_s > min(limit.limit_s / 3, LONG_S)
    )
