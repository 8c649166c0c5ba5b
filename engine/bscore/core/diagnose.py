"""Errors by cause: the shape of a message, groups of failures, what the failing items share."""

from __future__ import annotations

import re

from bscore.core import events as e
from bscore.core.state import MAX_ERROR_GROUPS, ErrorGroup, Run

MAX_NODES_OF_GROUP = 16

#: What differs between two occurrences of one error: quoted text, paths, numbers.
_VARIABLE = re.compile(
    r"'[^'\n]{0,400}'"
    r'|"[^"\n]{0,400}"'
    r"|(?:[A-Za-z]:)?(?:/[\w.@%+=~-]+){2,}/?"
    r"|0x[0-9a-fA-F]+"
    r"|\b[0-9a-f]{8,}\b"
    r"|[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?"
)


def message_shape(message: str) -> str:
    """The first line of a message without quoted texts, paths and numbers; at most 200 characters."""
    first = message.strip().split("\n", 1)[0][:1000]
    return _VARIABLE.sub("#", first)[:200]


def error_key(kind: str, error_type: str, message: str, place: str) -> str:
    """What two failures must share to be one error: kind, type, message shape and place."""
    return "\n".join((kind, error_type, message_shape(message), place))


def add_error(run: Run, event: e.AttemptFailed, node: str) -> None:
    """Count a failed attempt in its group; beyond the limit, in "other"."""
    key = error_key(event.kind, event.error_type, event.message, event.place)
    group = run.errors.get(key)
    if group is not None:
        _count(group, event.at, node)
        group.folder = common_folder(group.folder, event.item)
    elif len(run.errors) >= MAX_ERROR_GROUPS:
        run.other_errors += 1
    else:
        folder = event.item.rpartition("/")[0]
        run.errors[key] = _group(event, event.mini_batch, event.attempt, event.item, folder, node)


def add_init_error(run: Run, event: e.InitFailed) -> None:
    """Count a worker that never became ready, in a group of its own kind of place."""
    node = event.worker.rpartition("/")[0]
    key = error_key(f"init {event.kind}", event.error_type, event.message, event.place)
    group = run.errors.get(key)
    if group is not None:
        _count(group, event.at, node)
    elif len(run.errors) >= MAX_ERROR_GROUPS:
        run.other_errors += 1
    else:
        run.errors[key] = _group(event, -1, 0, "", "", node)


def _count(group: ErrorGroup, at: int, node: str) -> None:
    group.count += 1
    group.last_at = at
    if node not in group.nodes and len(group.nodes) < MAX_NODES_OF_GROUP:
        group.nodes.append(node)


def _group(
    event: e.AttemptFailed | e.InitFailed, mini_batch: int, attempt: int, item: str, folder: str, node: str
) -> ErrorGroup:
    return ErrorGroup(
        kind=event.kind,
        error_type=event.error_type,
        message=event.message,
        place=event.place,
        count=1,
        first_at=event.at,
        last_at=event.at,
        first_mini_batch=mini_batch,
        first_attempt=attempt,
        worker=event.worker,
        trace=event.trace,
        item=item,
        folder=folder,
        nodes=[node],
    )


def common_folder(folder: str, item: str) -> str:
    """The longest folder that holds `folder` and `item`; empty for none."""
    parts = folder.split("/")
    others = item.split("/")[:-1]
    shared = 0
    for mine, theirs in zip(parts, others, strict=False):
        if mine != theirs:
            break
        shared += 1
    return "/".join(parts[:shared])
