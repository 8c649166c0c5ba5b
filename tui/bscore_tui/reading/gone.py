"""Workers that are gone, as rows: those worth one, and the others for who looks for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from bscore.core.state import GoneWorker
from bscore.observe import NodeUsage
from bscore_tui.views.model import WorkerRow
from bscore_tui.views.safe import safe_text

#: Gone workers shown per node.
MAX_GONE_ROWS = 20


def is_violent(gone: GoneWorker) -> bool:
    """Whether it ended otherwise than it was told to."""
    return gone.signal is not None or gone.exit_code not in (0, None)


def gone_rows(
    gone: Sequence[GoneWorker], usage: NodeUsage | None, at: int, *, over: bool
) -> tuple[tuple[WorkerRow, ...], tuple[WorkerRow, ...]]:
    """(rows worth showing, the other rows) of a node's gone workers, the last gone first.

    While a node works those that ended as they were told to are not worth a row; `over`: it does not.
    """
    violent: list[WorkerRow] = []
    clean: list[WorkerRow] = []
    for lost in gone:
        row = gone_row(lost, _memory_mb(lost, usage, at), quiet=not is_violent(lost))
        (violent if row.sign else clean).append(row)
    worthy = [*violent, *clean] if over else violent
    shown, past = worthy[:MAX_GONE_ROWS], worthy[MAX_GONE_ROWS:]
    return tuple(shown), tuple(past if over else [*past, *clean])


def _memory_mb(gone: GoneWorker, usage: NodeUsage | None, at: int) -> float | None:
    """What was sampled of it last."""
    sample = usage.processes.get(gone.id.rpartition("/")[2]) if usage else None
    return sample.memory_mb if sample is not None and sample.at <= at else None


@lru_cache(maxsize=4096)
def gone_row(gone: GoneWorker, memory_mb: float | None, *, quiet: bool) -> WorkerRow:
    """A worker whose process ended; `quiet`: as it was told to."""
    node, _, process = gone.id.rpartition("/")
    return WorkerRow(
        id=gone.id,
        node=safe_text(node, 100),
        process=safe_text(process, 60),
        state="gone",
        sign="" if quiet else "x",
        since=gone.at,
        pid=gone.pid or None,
        done=gone.finished,
        failed=gone.failed,
        init_ns=gone.init_ns if gone.init_ns >= 0 else None,
        memory_mb=memory_mb,
        cause=safe_text(gone.cause, 200) or how_gone(gone),
    )


def how_gone(gone: GoneWorker) -> str:
    """Signal or exit code in words."""
    if gone.signal is not None:
        return f"signal {gone.signal}"
    return "ended" if gone.exit_code is None else f"exit code {gone.exit_code}"
