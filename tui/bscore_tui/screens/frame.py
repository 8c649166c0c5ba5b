"""The fixed places: rows above and below the body, what a click in them means, the window's title. Pure."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len

from bscore_tui.actions import BY_ID, ROOTS
from bscore_tui.screens.navigation import Navigation
from bscore_tui.screens.page import Entry, Page
from bscore_tui.views import head as head_view
from bscore_tui.views.layout import MIN_HEIGHT, MIN_WIDTH
from bscore_tui.views.model import Mode, Model
from bscore_tui.views.strip import time_at
from bscore_tui.views.styles import Line, Options
from bscore_tui.views.words import percent

_WIDE = 100
_PAST = (Mode.FROZEN, Mode.REPLAY)
_FROZEN_KEYS: tuple[Entry, ...] = (
    ("freeze", "", "play"),
    ("step", ", .", "event"),
    ("next_error", "e/E", "error"),
    ("faster", "< >", "speed"),
    ("at", "", "time"),
    ("its_time", "", "here"),
    ("live", "end", "live"),
    "back",
)


def head(model: Model, navigation: Navigation, width: int, options: Options) -> list[Line]:
    """The two rows above the body."""
    screen = screen_of(navigation)
    tabs = head_view.tabs(model, screen, width, options)
    if navigation.crumbs:
        root = f"{ROOTS.index(navigation.root.name) + 1} {screen}"
        hint = navigation.page.hint()
        tabs = head_view.crumbs((root, *navigation.crumbs), hint, width, options)
    return [head_view.head(model, width, options), tabs]


def screen_of(navigation: Navigation) -> str:
    """The name of the screen, as it stands in the second row."""
    return head_view.SCREENS[ROOTS.index(navigation.root.name)]


def page_at(model: Model, screen: str, width: int, column: int, options: Options) -> str:
    """The screen whose name stands in a column of the second row; empty beside them."""
    name = head_view.screen_at(model, screen, width, column, options)
    return ROOTS[head_view.SCREENS.index(name)] if name else ""


def moment_at(model: Model, width: int, column: int, options: Options) -> int | None:
    """The moment under a column of the strip."""
    return time_at(model, width, column, options)


def too_small(width: int, height: int) -> bool:
    """Whether nothing sensible fits."""
    return width < MIN_WIDTH or height < MIN_HEIGHT


def small(width: int, height: int) -> dict[str, list[Line]]:
    """What the places show then."""
    text = f" too small: {width}x{height}, {MIN_WIDTH}x{MIN_HEIGHT} is needed"
    return {"head": [[(text[:width], "text")]], "body": [], "foot": [[(" Q quit", "dim")]]}


def footer_entries(
    page: Page, model: Model, key_of: Callable[[str], str], width: int
) -> list[tuple[str, str, str]]:
    """(action, key, label) of the keys that work here, most useful first."""
    entries: list[tuple[str, str, str]] = []
    if page.filter:
        entries.append(("filter", key_of("filter"), f"{page.filter} (esc clears)"))
    chosen = _FROZEN_KEYS if model.mode in _PAST and page.name in ROOTS else page.entries()
    if width >= _WIDE:
        chosen += page.footer_wide
    for entry in chosen:
        name, key, label = (entry, "", "") if isinstance(entry, str) else entry
        if name == "back":
            quits = page.name == ROOTS[0] and not page.filter and model.mode not in _PAST
            label = "quit" if quits else "back"
        if name == "freeze" and model.speed is not None:
            label = "pause"
        if page.name in BY_ID[name].pages:
            entries.append((name, key or key_of(name), label or BY_ID[name].label))
    return _fitting(entries, width)


def _fitting(entries: list[tuple[str, str, str]], width: int) -> list[tuple[str, str, str]]:
    """The first entries that fit, and the way back in any case."""
    gap = 3 if width >= _WIDE else 2
    cells = [gap + cell_len(key) + (1 + cell_len(label) if label else 0) for _, key, label in entries]
    room = (
        width + gap - 1 - sum(size for size, entry in zip(cells, entries, strict=True) if entry[0] == "back")
    )
    kept = []
    for size, entry in zip(cells, entries, strict=True):
        if entry[0] != "back":
            room -= size
        if room >= 0 or entry[0] == "back":
            kept.append(entry)
    return kept


def window_title(model: Model) -> str:
    """`62 % nightly-0412 3 err`; the state in place of the percent once it has ended."""
    share = percent(model.done, model.mini_batches) if model.mini_batches and model.listed else None
    start = model.state if model.ended is not None else "- %" if share is None else f"{int(share)} %"
    wrong = sum(row.count for row in model.errors) + model.other_errors
    return f"{start} {model.job}" + (f" {wrong:,} err" if wrong else "")
