"""The memory of one worker, as the heartbeats of its node have it. Slow: the file is read anew."""

from __future__ import annotations

import re

from bscore.logtree import paths
from bscore.logtree.source import Source
from bscore.observe import UsageReader, heartbeat_of
from bscore.observe.usage_tables import moment_of
from bscore_tui.views.pages import MemoryPeak, MemoryThen

#: A sample of this age says nothing of the moment.
STALE_US = 60_000_000
#: How much of the heartbeats is searched for a peak, from the end.
PEAK_BYTES = 64 * 1024 * 1024
_BLOCK = 1024 * 1024


def memory_then(source: Source, worker: str, at: int) -> MemoryThen | None:
    """The memory of a worker and of its node as it was sampled last before a moment; None for no sample."""
    node, process = paths.split_worker(worker)
    usage = UsageReader(source).at([node], at)[node]
    own, samples = usage.processes.get(process), usage.upto(at)
    own = own if own is not None and at - own.at <= STALE_US else None
    whole = samples[-1] if samples and at - samples[-1].at <= STALE_US else None
    taken = own or whole
    if taken is None:
        return None
    return MemoryThen(
        taken.at,
        own.memory_mb if own else None,
        whole.memory_mb if whole else None,
        usage.memory_total_mb,
    )


def memory_peak(source: Source, worker: str, until: int | None = None) -> MemoryPeak | None:
    """The most memory that was sampled of a worker, and when; None where none was."""
    node, process = paths.split_worker(worker)
    path = heartbeat_of(source, node)
    entry = source.stat(path)
    if entry is None or b"Name,Cpu Percent,Memory (MB)," not in source.read(path, 0, 4096):
        return None
    row = re.compile(rb"^([^,\n]+),%b,[^,\n]*,([0-9.]{1,20})," % re.escape(process.encode()), re.MULTILINE)
    best: tuple[float, int] | None = None
    offset, carry = max(0, entry.size - PEAK_BYTES), b""
    while data := source.read(path, offset, _BLOCK):
        offset += len(data)
        data = carry + data
        whole = data.rfind(b"\n") + 1
        carry = data[whole:][-4096:]
        for time, megabytes in row.findall(data[:whole]):
            value, at = _number(megabytes), moment_of(time.decode("utf-8", "replace"))
            known = value is not None and at is not None and (until is None or at <= until)
            if known and value is not None and at is not None and (best is None or value > best[0]):
                best = value, at
    return None if best is None else MemoryPeak(*best)


def _number(text: bytes) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
