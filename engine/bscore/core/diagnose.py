"""Errors by cause: the shape of a message, groups of failures, what the failing items share."""

from __future__ import annotations

from bscore.core import events as e
from bscore.core.groups import (
    MAX_ERROR_GROUPS,
    MAX_MESSAGES,
    MAX_WARNING_GROUPS,
    MESSAGE_CHARS,
    ErrorGroup,
    MessageGroup,
    WarningGroup,
)
from bscore.core.state import Run
from bscore_worker.shapes import MAX_SHAPES_OF_PLACE, OTHER_MESSAGE, OTHER_SHAPE, message_shape

MAX_NODES_OF_GROUP = 16
#: Failures within so much time, of a run that lasted twice as long or longer, have that in common.
ONE_MINUTE_US = 60_000_000


#: Failures that are one error whatever their message, also where no line is known.
_ONE_ERROR = (e.FailureKind.REJECTED, e.FailureKind.SHORT)


def error_key(kind: str, error_type: str, message: str, place: str) -> str:
    """What two failures must share to be one error: kind, type and raising line, else the message's shape."""
    return "\n".join((kind, error_type, place or ("" if kind in _ONE_ERROR else message_shape(message))))


def key_of(event: e.AttemptFailed | e.InitFailed | e.ShutdownFailed) -> str:
    """The key of the group that a failure is counted in."""
    kind: str = event.kind
    if isinstance(event, e.InitFailed):
        kind = f"{'load' if event.loading else 'init'} {kind}"
    elif isinstance(event, e.ShutdownFailed):
        kind = f"shutdown {kind}"
    return error_key(kind, event.error_type, event.message, event.place)


def add_error(run: Run, event: e.AttemptFailed, node: str) -> None:
    """Count a failed attempt in its group; beyond the limit, in "other"."""
    key = key_of(event)
    group = run.errors.get(key)
    if group is not None:
        _count(group, event.at, node)
        group.folder = common_folder(group.folder, event.item)
    elif len(run.errors) >= MAX_ERROR_GROUPS:
        run.other_errors += 1
        return
    else:
        folder = event.item.rpartition("/")[0]
        group = _group(event, event.mini_batch, event.attempt, event.item, folder, node)
        group.items, group.last_item, group.printed = event.items, event.last_item, event.printed
        run.errors[key] = group
    _count_message(group, event.message, event.mini_batch)


def add_init_error(run: Run, event: e.InitFailed) -> None:
    """Count a worker that never became ready, in a group of its own kind of place."""
    group = _count_of_worker(run, event)
    if group is not None:
        group.loading = event.loading


def add_shutdown_error(run: Run, event: e.ShutdownFailed) -> None:
    """Count a worker whose shutdown() failed."""
    group = _count_of_worker(run, event)
    if group is not None:
        group.ending = True


def _count_of_worker(run: Run, event: e.InitFailed | e.ShutdownFailed) -> ErrorGroup | None:
    """Count what no mini-batch was running for; its group, None where it is one of "other"."""
    node = event.worker.rpartition("/")[0]
    key = key_of(event)
    group = run.errors.get(key)
    if group is not None:
        _count(group, event.at, node)
    elif len(run.errors) >= MAX_ERROR_GROUPS:
        run.other_errors += 1
        return None
    else:
        group = run.errors[key] = _group(event, -1, 0, "", "", node)
    _count_message(group, event.message, -1)
    return group


def _count_message(group: ErrorGroup, message: str, mini_batch: int) -> None:
    shape = message_shape(message)
    known = group.messages.get(shape)
    if known is not None:
        known.count += 1
    elif len(group.messages) < MAX_MESSAGES:
        group.messages[shape] = MessageGroup(message[:MESSAGE_CHARS], 1, mini_batch)


def add_missing(run: Run, event: e.ItemsMissing) -> None:
    """Count the items that a mini-batch goes without, all of them in one group."""
    message = f"missing when the job was resumed: {event.first}"
    group = run.errors.get(e.FailureKind.MISSING)
    if group is not None:
        _count(group, event.at, "", event.items)
        group.folder = common_folder(group.folder, event.first)
        return
    run.errors[e.FailureKind.MISSING] = ErrorGroup(
        kind=e.FailureKind.MISSING,
        error_type="",
        message=message,
        place="",
        count=event.items,
        first_at=event.at,
        last_at=event.at,
        first_mini_batch=event.mini_batch,
        first_attempt=0,
        worker="",
        trace="",
        item=event.first,
        folder=event.first.rpartition("/")[0],
    )


def _count(group: ErrorGroup | WarningGroup, at: int, node: str, count: int = 1) -> None:
    group.count += count
    group.last_at = max(group.last_at, at)
    if node and node not in group.nodes and len(group.nodes) < MAX_NODES_OF_GROUP:
        group.nodes.append(node)


def add_warnings(run: Run, event: e.WarningsSeen) -> None:
    """Count warnings in their group; beyond the limit, in "other"."""
    key, message = f"{event.source}\n{event.category}\n{event.shape}\n{event.place}", event.message
    node = event.worker.rpartition("/")[0]
    if key not in run.warnings and event.place and _warnings_at(run, event) >= MAX_SHAPES_OF_PLACE:
        key, message = f"{event.source}\n{event.category}\n{OTHER_SHAPE}\n{event.place}", OTHER_MESSAGE
    group = run.warnings.get(key)
    if group is not None:
        _count(group, event.last_at, node, event.count)
        group.first_at = min(group.first_at, event.first_at)
    elif event.source == "other" or len(run.warnings) >= MAX_WARNING_GROUPS:
        run.other_warnings += event.count
    else:
        run.warnings[key] = WarningGroup(
            source=event.source,
            category=event.category,
            place=event.place,
            message=message,
            worker=event.worker,
            first_mini_batch=event.mini_batch,
            count=event.count,
            first_at=event.first_at,
            last_at=event.last_at,
            nodes=[node] if node else [],
        )


def _warnings_at(run: Run, event: e.WarningsSeen) -> int:
    """How many groups one place has."""
    where = (event.source, event.category, event.place)
    return sum((one.source, one.category, one.place) == where for one in run.warnings.values())


def add_own_warning(run: Run, event: e.Event, text: str, worker: str = "") -> None:
    """Count a warning that the journal itself holds; `worker` is whom it is about."""
    at, category = event.at, type(event).__name__
    add_warnings(
        run, e.WarningsSeen(at, worker, "master", category, message_shape(text), "", text, -1, 1, at, at)
    )


def in_common(run: Run, group: ErrorGroup | WarningGroup) -> tuple[str, ...]:
    """What all of a group share though the run gave them room to differ, in words: folder, node, minute."""
    if group.count < 2:
        return ()
    shared = []
    folder = group.folder if isinstance(group, ErrorGroup) else ""
    if folder:
        shared.append(f"first items below {folder}")
    if len(group.nodes) == 1 and len(run.nodes) > 1:
        shared.append(f"on node {group.nodes[0]} only, of {len(run.nodes)} nodes")
    if group.last_at - group.first_at <= ONE_MINUTE_US and run.ran_us(run.last) >= 2 * ONE_MINUTE_US:
        shared.append(f"within one minute only, of {run.ran_us(run.last) // ONE_MINUTE_US} minutes")
    return tuple(shared)


def _group(
    event: e.AttemptFailed | e.InitFailed | e.ShutdownFailed,
    mini_batch: int,
    attempt: int,
    item: str,
    folder: str,
    node: str,
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
