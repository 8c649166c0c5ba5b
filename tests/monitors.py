"""The monitor on small golden trees, driven without a terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bscore.logtree.source import LocalSource
from bscore_tui.config import Settings
from bscore_tui.feed import Feed
from bscore_tui.monitor import Monitor
from bscore_tui.setup import Setup
from bscore_tui.views.styles import Options

if TYPE_CHECKING:
    from textual.pilot import Pilot


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
async def shown(monitor: Monitor, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    """The monitor running; its feed is stopped afterwards."""
    async with monitor.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot
    monitor.feed.stop()


async def until(pilot: Pilot[None], true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        await pilot.pause(0.02)
    raise AssertionError("it never came:\n" + pilot.app.stage.as_text())  # type: ignore[attr-defined]  # a Monitor
