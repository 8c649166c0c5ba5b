"""Whether the process of a silent master is frozen or gone; told only on its own host."""

from __future__ import annotations

import os
import socket

from bscore.logtree import paths
from bscore.logtree.lease import lease_of
from bscore.logtree.source import LocalSource, Source
from bscore.observe.life import has_open, process_start
from bscore_tui.views.master import SilentMaster


def silent_master(source: Source) -> SilentMaster | None:
    """The process that the lease names; None where that cannot be seen from here."""
    lease = lease_of(source)
    if lease is None or not isinstance(source, LocalSource) or lease.host != socket.gethostname():
        return None
    if process_start(lease.pid) != lease.started:
        return SilentMaster(lease.pid, frozen=False)
    # One that lives without this lock open holds the original of a copied tree.
    open_here = has_open(lease.pid, os.path.join(source.root, paths.LOCK))
    return SilentMaster(lease.pid, frozen=True) if open_here else None
