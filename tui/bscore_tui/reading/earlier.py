"""The job before: the last earlier one of the same script in the same folder, and what differs since.

Only ends of files are read: the first records of at most `MAX_TREES` trees, and of one of them the nearest
snapshot with what follows it. What cannot be read is left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path

from bscore.core.events import Event, RunConfigured, TermStarted
from bscore.core.limits import Limits
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.journal import terms
from bscore.logtree.records import StrangeLine, decode
from bscore.logtree.source import LocalSource
from bscore.observe import Follower
from bscore_tui.reading.jobs import begun, is_tree
from bscore_tui.views.earlier import Earlier
from bscore_tui.views.safe import safe_text

#: Trees whose first records are read, most of them older than the job by their files' times.
MAX_TREES = 50
_NEWER_TREES = 10
_MAX_ENTRIES = 5_000
_HEAD_BYTES = 16 * 1024
#: Journal folded behind the nearest snapshot.
_FOLD_BYTES = 2 * 1024 * 1024
_JOB_FILE_BYTES = 64 * 1024
#: Limits that no job file names.
_OWN_LIMITS = ("node_silent_s", "needs_results", "retry_short_returns")


@dataclass(frozen=True, slots=True)
class _Begun:
    """A tree by its first records."""

    tree: Path
    at: int
    script: str


def earlier_job(tree: Path, run: Run) -> Earlier | None:
    """What is different since the job before; None where there is none, or nothing of it can be read."""
    if run.config is None or not run.config.script or not run.started:
        return None
    code = _text_of(tree, "code")
    earlier = [known for other in _neighbours(tree) if (known := _begun(other)) and known.at < run.started]
    for known in sorted(earlier, key=lambda known: known.at, reverse=True):
        theirs = _text_of(known.tree, "code")
        if known.script == run.config.script and (not code or not theirs or code == theirs):
            return _compared(run, code, known)
    return None


def _neighbours(tree: Path) -> list[Path]:
    """Trees beside this one, those begun shortly before it and a few begun after it."""
    try:
        with os.scandir(tree.parent) as entries:
            found = [tree.parent / entry.name for entry in islice(entries, _MAX_ENTRIES)]
    except OSError:
        return []
    trees = sorted((begun(other), other) for other in {*found, tree} if is_tree(other))
    own = next((number for number, (_, other) in enumerate(trees) if other == tree), len(trees))
    first = max(own - MAX_TREES + _NEWER_TREES, 0)
    return [other for _, other in trees[first : own + _NEWER_TREES] if other != tree]


def _begun(tree: Path) -> _Begun | None:
    at = 0
    for event in _first_events(LocalSource(tree)):
        if isinstance(event, TermStarted):
            at = event.at
        elif isinstance(event, RunConfigured) and at:
            return _Begun(tree, at, event.script)
    return None


def _first_events(source: LocalSource) -> Iterator[Event]:
    journals = terms(source)
    data = source.read(journals[0].path, 0, _HEAD_BYTES) if journals else b""
    for line in data.split(b"\n")[:-1]:
        event = decode(line)
        if not isinstance(event, StrangeLine):
            yield event


def _compared(run: Run, code: str, known: _Begun) -> Earlier | None:
    follower = Follower(LocalSource(known.tree))
    progress = follower.poll(_FOLD_BYTES)
    then, config = follower.run, run.config
    if then.config is None or config is None:
        return None
    whole = not progress.more
    changed = then.config.script_hash != config.script_hash
    edited = _edited(os.path.join(code, config.script)) if changed and code else None
    if edited is not None and not then.started < edited <= run.term_started:
        edited = None
    return Earlier(
        job=safe_text(known.tree.name, 100),
        state=then.outcome.value if then.outcome else "not ended" if whole else "",
        script_changed=changed,
        edited_at=edited,
        items=then.items if then.listing_finished else None,
        options=tuple(_options(run, then)),
    )


def _edited(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns // 1000
    except (OSError, ValueError):
        return None


def _options(run: Run, then: Run) -> Iterator[tuple[str, str, str]]:
    """(name, value now, value then) of what differs."""
    now_config, then_config = run.config, then.config
    assert now_config is not None
    assert then_config is not None
    pairs: list[tuple[str, object, object]] = [
        ("mini_batch_size", now_config.mini_batch_size, then_config.mini_batch_size),
        ("nodes", len(run.nodes) or None, len(then.nodes) or None),
        ("workers", _workers(run), _workers(then)),
    ]
    for field in fields(Limits):
        if field.name not in _OWN_LIMITS:
            values = (getattr(now_config.limits, field.name), getattr(then_config.limits, field.name))
            pairs.append((field.name.removesuffix("_s"), *values))
    for name, value, before in pairs:
        unknown = name in ("nodes", "workers") and None in (value, before)
        if value != before and not unknown:
            yield name, _value(value), _value(before)


def _workers(run: Run) -> int | None:
    return sum(node.workers for node in run.nodes.values()) or None


def _value(value: object) -> str:
    return "unset" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)


def _text_of(tree: Path, key: str) -> str:
    """A text of the job file's first level; empty where it cannot be read."""
    # Only an ended job is compared: none waits for YAML before its first screen.
    import yaml

    data = LocalSource(tree).read(paths.JOB_FILE, 0, _JOB_FILE_BYTES).decode("utf-8", "replace")
    match = re.search(rf"^{key}:.*\n(?:[ ].*\n)*", data, re.MULTILINE)
    try:
        value = yaml.safe_load(match[0])[key] if match else ""
    except (yaml.YAMLError, ValueError, TypeError, KeyError, RecursionError):
        return ""
    return value if isinstance(value, str) else ""
