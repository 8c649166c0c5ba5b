"""What stands beside the journal of a run that nobody works on: last words, its process, its rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bscore.core.events import Outcome
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.lost_parts import lost_parts
from bscore.logtree.place import decode_place
from bscore.logtree.source import LocalSource, Source
from bscore.observe import Pulse, last_words
from bscore_tui.reading.silent_master import silent_master
from bscore_tui.views.master import SilentMaster


@dataclass(frozen=True, slots=True)
class Aftermath:
    """None is unknown."""

    #: Why a master that is gone gave up.
    last_words: str = ""
    master: SilentMaster | None = None
    #: The part file whose rows a resume would not find; empty where all are there.
    lost_rows: str | None = None


NO_AFTERMATH = Aftermath()


def aftermath(source: Source, run: Run, pulse: Pulse) -> Aftermath:
    """What can be seen from here; nothing for a run that goes on or is Completed."""
    if pulse is Pulse.NOT_RESPONDING:
        return Aftermath(last_words(source, run.term), silent_master(source), lost_rows(source, run))
    if run.outcome in (Outcome.FAILED, Outcome.CANCELED):
        return Aftermath(lost_rows=lost_rows(source, run))
    return NO_AFTERMATH


def lost_rows(source: Source, run: Run) -> str | None:
    """The part file that was removed or cut; empty for none, None for a tree that is not in its place."""
    if not isinstance(source, LocalSource) or run.config is None or not run.config.output:
        return None
    try:
        place = decode_place(source.read(paths.PLACE, 0, 4096))
    except (ValueError, TypeError):
        return None
    if place.tree != str(Path(source.root).resolve()):
        return None
    final = Path(run.config.output)
    if final.exists():
        return ""
    lost = lost_parts(run, lambda term: final.with_name(paths.part_file(final.name, term, place.mark)))
    return next((str(path) for path, _, _ in lost), "")
