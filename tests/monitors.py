"""The monitor on small golden trees, driven without a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.events import Key
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.pilot import Pilot

from bscore.logtree.source import LocalSource
from bscore_tui.config import Settings
from bscore_tui.feed import Feed
from bscore_tui.monitor import Monitor
from bscore_tui.setup import Setup
from bscore_tui.views.styles import Options


class Typist(Pilot[None]):
    """Types as textual's pilot does, but waits for queues to be empty where that one waits for idle time."""

    async def press(self, *keys: str) -> None:
        """Press keys, each through with all it does before the next."""
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
            try:
                character = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(name, name)))
            except KeyError:
                character = name if len(name) == 1 else None
            self.app.post_message(Key(name, character))
            # From the app to the screen, from there to the widget, and what that one posts.
            for _ in range(3):
                await self._wait_for_screen()


def make_monitor(
    tree: Path,
    *,
    settings: Settings | None = None,
    options: Options | None = None,
    state: Path | None = None,
    kind: type[Monitor] = Monitor,
    theme: str = "dark",
    read_only: bool = False,
) -> Monitor:
    """A monitor of a tree, everything read, not yet running."""
    feed = Feed(LocalSource(tree))
    first = feed.first()
    while feed.reader.poll()[1]:
        continue
    if feed.reader.there:
        first = feed.reader.model()
    setup = Setup(
        settings or Settings(),
        options or Options(),
        {"PAGER": "true"},
        theme,
        root=str(tree),
        state=state,
        read_only=read_only,
    )
    return kind(feed, first, setup)


@asynccontextmanager
async def shown(monitor: Monitor, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Typist]:
    """The monitor running; its feed is stopped afterwards."""
    async with monitor.run_test(size=size) as pilot:
        await pilot.pause()
        yield Typist(monitor)
    monitor.feed.stop()


async def until(pilot: Pilot[None], true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        await pilot.pause(0.02)
    raise AssertionError("it never came:\n" + pilot.app.stage.as_text())  # type: ignore[attr-defined]  # a Monitor
