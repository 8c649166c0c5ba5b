"""Screen 1: how the job stands, in one of five faces."""

from __future__ import annotations

from typing import ClassVar

from bscore_tui.screens.desk import Desk
from bscore_tui.screens.outputs import LastOutputs
from bscore_tui.screens.page import Entry, Page
from bscore_tui.views.model import Face
from bscore_tui.views.overview import overview
from bscore_tui.views.overview_ended import steps_of
from bscore_tui.views.styles import Body


class Overview(Page):
    """The state of the job chooses what is drawn, not the person."""

    name = "overview"
    footer: ClassVar[tuple[Entry, ...]] = (
        "open", "filter", "next_error", "actions", "freeze", "palette", "back",
    )  # fmt: skip
    footer_wide: ClassVar[tuple[Entry, ...]] = (
        ("next_warning", "w/W", ""), ("step", ", .", "step"), ("at", "", "go to time"), "mark", "clock",
    )  # fmt: skip
    _ended: ClassVar[tuple[Entry, ...]] = (
        ("open", "", "trace"), ("copy", "", "copy command"), "actions", ("freeze", "", "replay"), "palette",
        "back",
    )  # fmt: skip

    def __init__(self, desk: Desk, subject: str = "") -> None:
        super().__init__(desk, subject)
        self.outputs = LastOutputs(desk)

    def draw(self, width: int, height: int) -> Body:
        """The Overview's face; where it is about workers, with what they printed last."""
        model = self.desk.model
        if model.face in (Face.STANDING, Face.PREPARING):
            starting = model.face is Face.PREPARING
            workers = [w.id for w in model.workers if w.state == ("starting" if starting else "busy")]
            model = self.outputs.add_to(model, workers)
        return overview(model, width, height, self.options())

    def copied(self) -> str:
        """With nothing selected, the first command that helps an ended job."""
        if self.selected or self.desk.model.face not in (Face.ENDED, Face.NOT_RESPONDING):
            return ""
        steps = (
            step[step.find("bscore job ") :] for step in steps_of(self.desk.model) if "bscore job " in step
        )
        return next(steps, "")

    def entries(self) -> tuple[Entry, ...]:
        """What an ended job is looked at for."""
        return self._ended if self.desk.model.face in (Face.ENDED, Face.NOT_RESPONDING) else self.footer
