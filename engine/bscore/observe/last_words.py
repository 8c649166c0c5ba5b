"""Why a master gave up without bringing its run to an end."""

from __future__ import annotations

from bscore.logtree import paths
from bscore.logtree.last_words import RESERVED_BYTES, read_reserved
from bscore.logtree.source import Source


def last_words(source: Source, term: int) -> str:
    """What the master of a term said when it gave up, in one line; empty for nothing, as after a kill."""
    return read_reserved(source.read(paths.term_claim(term), 0, RESERVED_BYTES))
