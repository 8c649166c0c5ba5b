"""The job before: the last earlier one of the same script in the same folder, and what differs since."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from bscore.core.events import RunConfigured
from bscore.core.limits import Limits
from bscore.core.state import Run
from bscore.logtree.earlier import EarlierRun, code_of, earlier_runs
from bscore_tui.views.earlier import Earlier
from bscore_tui.views.safe import safe_text

#: Limits that no job file names.
_OWN_LIMITS = ("node_silent_s", "needs_results", "retry_short_returns")


def earlier_job(tree: Path, run: Run) -> Earlier | None:
    """What is different since the job before; None where there is none, or nothing of it can be read."""
    if run.config is None or not run.config.script or not run.started:
        return None
    before = next(earlier_runs(tree, run.config.script, run.started), None)
    return _compared(run, run.config, code_of(tree), before) if before else None


def _compared(run: Run, config: RunConfigured, code: str, before: EarlierRun) -> Earlier | None:
    then = before.run
    if then.config is None:
        return None
    changed = then.config.script_hash != config.script_hash
    edited = _edited(os.path.join(code, config.script)) if changed and code else None
    if edited is not None and not then.started < edited <= run.term_started:
        edited = None
    return Earlier(
        job=safe_text(before.tree.name, 100),
        state=then.outcome.value if then.outcome else "not ended" if before.whole else "",
        script_changed=changed,
        edited_at=edited,
        items=then.items if then.listing_finished else None,
        options=tuple(_options(run, config, then, then.config)),
    )


def _edited(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns // 1000
    except (OSError, ValueError):
        return None


def _options(
    run: Run, config: RunConfigured, then: Run, then_config: RunConfigured
) -> Iterator[tuple[str, str, str]]:
    """(name, value now, value then) of what differs."""
    pairs: list[tuple[str, object, object]] = [
        ("mini_batch_size", config.mini_batch_size, then_config.mini_batch_size),
        ("nodes", len(run.nodes) or None, len(then.nodes) or None),
        ("workers", _workers(run), _workers(then)),
    ]
    for field in fields(Limits):
        if field.name not in _OWN_LIMITS:
            values = (getattr(config.limits, field.name), getattr(then_config.limits, field.name))
            pairs.append((field.name.removesuffix("_s"), *values))
    for name, value, before in pairs:
        unknown = name in ("nodes", "workers") and None in (value, before)
        if value != before and not unknown:
            yield name, _value(value), _value(before)


def _workers(run: Run) -> int | None:
    return sum(node.workers for node in run.nodes.values()) or None


def _value(value: object) -> str:
    return "unset" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)
