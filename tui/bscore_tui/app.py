"""Starting the monitor: settings, terminal, job; Textual last, for it reads its environment when loaded."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, MutableMapping

from bscore.logtree.source import LocalSource
from bscore_tui.config import Settings, config_path, load_settings
from bscore_tui.feed import Feed
from bscore_tui.reading.blocks import cache_folder
from bscore_tui.reading.jobs import find_tree
from bscore_tui.reading.plain import exit_code
from bscore_tui.remember import state_path
from bscore_tui.setup import Setup
from bscore_tui.views.styles import ASCII, UNICODE, Options

#: Read by Textual when it is imported: no animation, no smooth scrolling, at most 15 pictures a second.
_TEXTUAL = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0", "TEXTUAL_FPS": "15"}
_FEW_COLOURS = ("linux", "dumb", "ansi", "vt100", "vt220", "xterm", "screen")


def run_app(job: str | None, *, ascii_only: bool, read_only: bool, bell: bool) -> int:
    """Show a job until the person leaves; the exit code tells how the job is. Raises BscoreError."""
    environ = os.environ
    settings = load_settings(config_path(environ))
    tree = find_tree(job or "last", environ)
    feed = Feed(LocalSource(tree), fast_s=settings.refresh_s, cache=cache_folder(environ))
    feed.begin_ahead()
    first = feed.first()
    theme = theme_for(settings, environ)
    prepare(environ, theme)
    # Textual reads its environment when it is imported, and takes longer than all the rest.
    from bscore_tui.monitor import Monitor

    setup = Setup(
        settings=settings,
        options=Options(glyphs=ASCII if ascii_only or settings.ascii else UNICODE),
        environ=environ,
        theme=theme,
        root=str(tree),
        state=state_path(environ, str(tree)),
        read_only=read_only,
    )
    monitor = Monitor(feed, first, setup, bell=bell or settings.bell)
    try:
        monitor.run()
    finally:
        feed.stop()
    if monitor.ended_by is not None:
        # Whoever waits for it learns what ended it.
        signal.signal(monitor.ended_by, signal.SIG_DFL)
        os.kill(os.getpid(), monitor.ended_by)
    return exit_code(monitor.model)


def prepare(environ: MutableMapping[str, str], theme: str) -> None:
    """Set what Textual reads when it is imported; what the person has set stays."""
    for name, value in _TEXTUAL.items():
        environ.setdefault(name, value)
    if theme.startswith("ansi-"):
        # Whether NO_COLOR means no colour at all is decided by the theme an app begins with.
        environ["TEXTUAL_THEME"] = theme


def theme_for(settings: Settings, environ: Mapping[str, str]) -> str:
    """The chosen theme; without a choice dark, or the terminal's own colours where it has only few.

    With NO_COLOR it is always one of the terminal's own: only there Textual sends no colour at all.
    """
    light = settings.theme in ("light", "ansi-light")
    if environ.get("NO_COLOR"):
        return "ansi-light" if light else "ansi-dark"
    if settings.theme:
        return settings.theme
    few = environ.get("TERM", "dumb") in _FEW_COLOURS and not environ.get("COLORTERM")
    return "ansi-dark" if few else "dark"
