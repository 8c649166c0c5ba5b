"""Whether the process of a silent master is frozen or gone; told only on its own host."""

from __future__ import annotations

import json
import os
import socket

from bscore.logtree import paths
from bscore.logtree.source import LocalSource, Source
from bscore.observe.life import has_open, process_start
from bscore_tui.views.master import SilentMaster


def silent_master(source: Source) -> SilentMaster | None:
    """The process that the lease names; None where that cannot be seen from here."""
    try:
        lease = json.loads(source.read(paths.LEASE, 0, 4096))
        host, pid, started = lease["host"], int(lease["pid"]), lease["started"]
    except (ValueError, TypeError, KeyError):
        return None
    if not isinstance(source, LocalSource) or host != socket.gethostname():
        return None
    begun = process_start(pid)
    if begun is None or begun != started:
        return SilentMaster(pid, frozen=False)
    # One that lives without this lock open holds the original of a copied tree.
    return SilentMaster(pid, frozen=True) if has_open(pid, os.path.join(source.root, paths.LOCK)) else None
