"""What a page may ask of the stage it stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from bscore_tui.views.styles import Options

if TYPE_CHECKING:
    from bscore_tui.feed import Feed
    from bscore_tui.views.model import Model


T = TypeVar("T")


class Desk(Protocol):
    """The present picture, and ways to other pages."""

    @property
    def model(self) -> Model:
        """The job as of the moment shown."""
        ...

    @property
    def feed(self) -> Feed:
        """Reads what the model does not hold: traces, items, files."""
        ...

    @property
    def options(self) -> Options:
        """How everything is drawn: glyphs, zone of times."""
        ...

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment the monitor was started in."""
        ...

    def keys_of(self, action: str) -> tuple[str, ...]:
        """The keys of an action, in Textual's names."""
        ...

    def say(self, text: str) -> None:
        """Show a short sentence above the strip's place until the next key."""
        ...

    def open(self, target: str) -> None:
        """Go to what a target names."""
        ...

    def fetch(self, read: Callable[[], T], take: Callable[[T | None], None]) -> None:
        """Read in a thread; `take` gets what was read (None if that failed), then all is drawn again."""
        ...

    def ask(self, prompt: str, take: Callable[[str], None], *, text: str = "", kind: str = "") -> None:
        """Let a line be typed; `take` gets it on enter. Texts of one kind are recalled by `up`."""
        ...

    def redraw(self) -> None:
        """Draw everything again from the model."""
        ...
