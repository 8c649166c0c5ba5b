"""What of the stage comes back when a job is opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscore_tui.views.model import Face

if TYPE_CHECKING:
    from bscore_tui.screens.stage import Stage


def remembered(stage: Stage) -> dict[str, object]:
    """Screen, marks, typed texts, and what each screen remembers."""
    return {
        "screen": stage.navigation.root.name,
        "marks": stage.marks,
        "history": {kind: texts[-50:] for kind, texts in stage.history.items()},
        "pages": {name: page.remembered() for name, page in stage.navigation.roots.items()},
    }


def recall(stage: Stage, state: dict[str, object]) -> None:
    """Take what was remembered; what does not fit is left out. An ended job begins with its Overview."""
    pages, history, marks = state.get("pages"), state.get("history"), state.get("marks")
    if isinstance(pages, dict):
        for name, page in stage.navigation.roots.items():
            if isinstance(pages.get(name), dict):
                page.recall(pages[name])
    if isinstance(history, dict):
        stage.history = {
            k: [t for t in v if isinstance(t, str)] for k, v in history.items() if isinstance(v, list)
        }
    if isinstance(marks, list):
        stage.marks = sorted(mark for mark in marks if type(mark) is int)
    if stage.model.face not in (Face.ENDED, Face.NOT_RESPONDING):
        stage.navigation.show(str(state.get("screen")))
