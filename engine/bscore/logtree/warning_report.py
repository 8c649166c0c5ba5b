"""`logs/user/warning.txt`: what the script and the run itself warned of, grouped. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bscore.core.diagnose import in_common
from bscore.core.groups import MAX_WARNING_GROUPS, WarningGroup
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.causes import node_names
from bscore.logtree.lines import one_line, shorten
from bscore.logtree.overview import iso

_OF_SCRIPT = ("warnings", "logging")


def warning_summary(run: Run) -> str:
    """The text of `logs/user/warning.txt`."""
    groups = sorted(run.warnings.values(), key=lambda group: (-group.count, group.first_at))
    script = [group for group in groups if group.source in _OF_SCRIPT]
    own = [group for group in groups if group.source not in _OF_SCRIPT]
    blocks = [
        _block("Warnings of the script", run, script),
        _block("Warnings of the run itself; every line is in logs/sys/warning/ or in the journal", run, own),
    ]
    if run.other_warnings:
        blocks.append(f"Other warnings, beyond {MAX_WARNING_GROUPS} groups: {run.other_warnings}\n")
    return "\n".join(block for block in blocks if block) or "There were no warnings.\n"


def script_warnings(run: Run) -> int:
    """How often the script warned; what is beyond all groups is the script's, as far as can be known."""
    counts = [group.count for group in run.warnings.values() if group.source in _OF_SCRIPT]
    return sum(counts) + run.other_warnings


def _block(title: str, run: Run, groups: Iterable[WarningGroup]) -> str:
    lines = [line for group in groups for line in _lines(run, group)]
    return "\n".join([title, *lines]) + "\n" if lines else ""


def _lines(run: Run, group: WarningGroup) -> list[str]:
    times = "once" if group.count == 1 else f"{group.count} times"
    facts = [f"in {one_line(group.place)}"] if group.place else []
    if group.nodes:
        facts.append(f"on {node_names(group.nodes)}")
    facts.append(f"{iso(group.first_at)[:19]} to {iso(group.last_at)[:19]}")
    lines = [
        f"  * {one_line(group.category)} {shorten(group.message)!r}, {times}",
        f"    {', '.join(facts)}",
    ]
    shared = in_common(run, group)
    if shared:
        lines.append(f"    In common: {one_line('; '.join(shared))}")
    if group.source in _OF_SCRIPT and group.worker:
        lines.append(f"    First: {_first(group)}")
    return lines


def _first(group: WarningGroup) -> str:
    when = (
        f"mini-batch {group.first_mini_batch}"
        if group.first_mini_batch >= 0
        else "before the first mini-batch"
    )
    make = paths.user_stderr if group.source == "warnings" else paths.user_stdout
    node, process = paths.split_worker(group.worker)
    return f"{when}, as a rule in {one_line(make(node, process))}"
