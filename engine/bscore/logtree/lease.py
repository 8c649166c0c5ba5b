"""What the living master of a job says of itself, in a file that it renews."""

from __future__ import annotations

from dataclasses import dataclass

from bscore.logtree import paths
from bscore.logtree.source import Source
from bscore.spec.documents import flat, read_json

#: No lease is that long.
MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Lease:
    """What the living master says of itself; `beat` grows while it lives."""

    host: str
    boot_id: str
    pid: int
    started: int
    term: int
    beat: int


def decode_lease(data: bytes) -> Lease | None:
    """The lease in these bytes; None for anything else."""
    try:
        return flat(Lease, read_json(data))
    except ValueError:
        return None


def lease_of(source: Source) -> Lease | None:
    """The lease as it stands; None where there is none that can be read."""
    return decode_lease(source.read(paths.LEASE, 0, MAX_BYTES))
