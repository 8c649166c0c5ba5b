"""The moment that is shown: now, a frozen one, or one that moves at a speed. Pure: time is handed in."""

from __future__ import annotations

from bscore_tui.views.model import Mode, Model, TermGap

SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 1000.0)
#: A replay from the start takes about so long.
REPLAY_S = 60.0


class Playhead:
    """`at(monotonic)` is the moment to show; None is now."""

    def __init__(self) -> None:
        self.playing = False
        self.speed = 1.0
        self._at: int | None = None
        self._since_s = 0.0
        self._gaps: tuple[TermGap, ...] = ()

    def go(self, at: int | None) -> None:
        """Stand still at a moment, or follow the present."""
        self._at, self.playing = at, False

    def at(self, monotonic_s: float) -> int | None:
        """The moment to show now."""
        if self._at is not None and self.playing:
            passed_s = monotonic_s - self._since_s
            self._since_s = monotonic_s
            self._at = self._behind_gaps(self._at, self._at + int(passed_s * self.speed * 1e6))
        return self._at

    def _behind_gaps(self, before: int, at: int) -> int:
        """The moment to go on at: time without a master passes at once."""
        for gap in self._gaps:
            if before < gap.until and at > gap.since:
                at += gap.until - max(gap.since, before)
        return at

    def toggle(self, model: Model, monotonic_s: float) -> None:
        """Live: freeze. Ended or silent: play from the start in about a minute. Past: play or pause."""
        self._since_s, self._gaps = monotonic_s, model.timeline.gaps
        if model.mode is Mode.LIVE:
            self._at, self.playing = model.at, False
        elif model.mode in (Mode.END, Mode.READING, Mode.SILENT):
            begun = model.started or model.at
            self._at, self.playing = begun, True
            self.speed = nearest_speed(
                (model.last - begun - model.timeline.idle_us(model.last)) / 1e6 / REPLAY_S
            )
        else:
            self._at, self.playing = model.at, not self.playing

    def change_speed(self, steps: int) -> None:
        """The next speed of the list."""
        index = SPEEDS.index(nearest_speed(self.speed)) + steps
        self.speed = SPEEDS[max(0, min(index, len(SPEEDS) - 1))]


def nearest_speed(speed: float) -> float:
    """The speed of the list that is nearest from above, so that a replay never takes longer than meant."""
    return next((known for known in SPEEDS if known >= speed), SPEEDS[-1])
