"""What each style name looks like in each theme.

A healthy job is grey. Orange is brighter than red in every palette, so that they differ without hue.
"""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme

from bscore_tui.views.styles import STYLES

_DARK = {
    "text": "#c6cbd1",
    "dim": "#7d858e",
    "strong": "bold #eceff2",
    "title": "bold #eceff2",
    "ok": "#c6cbd1",
    "warn": "bold #ffb454",
    "error": "bold #e5534b",
    "unknown": "#b79df2",
    "accent": "bold #6cb6ff",
    "key": "#6cb6ff",
    "selected": "#ffffff on #26384a",
    "playhead": "bold #6cb6ff",
    "bar": "#97a0a9",
    "bar_empty": "#3c444d",
    "bar_lost": "bold #e5534b",
    "busy": "#97a0a9",
    "idle": "#4b545e",
    "starting": "#97a0a9",
    "gone": "bold #e5534b",
    "spark": "#8a939c",
    "spark_empty": "#4b545e",
    "match": "#101418 on #e3c565",
}
_LIGHT = {
    "text": "#2b3138",
    "dim": "#6b737c",
    "strong": "bold #0b0e11",
    "title": "bold #0b0e11",
    "ok": "#2b3138",
    "warn": "bold #b35c00",
    "error": "bold #a3111a",
    "unknown": "#6b42b8",
    "accent": "bold #0a5cad",
    "key": "#0a5cad",
    "selected": "#0b0e11 on #cfe3f7",
    "playhead": "bold #0a5cad",
    "bar": "#6b737c",
    "bar_empty": "#c9ced4",
    "bar_lost": "bold #a3111a",
    "busy": "#6b737c",
    "idle": "#b4bac1",
    "starting": "#6b737c",
    "gone": "bold #a3111a",
    "spark": "#7d858e",
    "spark_empty": "#b4bac1",
    "match": "#0b0e11 on #ffe08a",
}
_ANSI = {
    "text": "",
    "dim": "dim",
    "strong": "bold",
    "title": "bold",
    "ok": "",
    "warn": "bold yellow",
    "error": "bold red",
    "unknown": "magenta",
    "accent": "bold cyan",
    "key": "cyan",
    "selected": "reverse",
    "playhead": "bold cyan",
    "bar": "",
    "bar_empty": "dim",
    "bar_lost": "bold red",
    "busy": "",
    "idle": "dim",
    "starting": "",
    "gone": "bold red",
    "spark": "",
    "spark_empty": "dim",
    "match": "black on yellow",
}
_ANSI_LIGHT = _ANSI | {"accent": "bold blue", "key": "blue", "playhead": "bold blue", "match": "reverse"}

_BACKGROUNDS = {"dark": "#12161a", "light": "#f7f8f9"}

PALETTES: dict[str, dict[str, Style]] = {
    name: {style: Style.parse(looks.get(style, "") or "none") for style in STYLES}
    for name, looks in (
        ("dark", _DARK),
        ("light", _LIGHT),
        ("ansi-dark", _ANSI),
        ("ansi-light", _ANSI_LIGHT),
    )
}
THEMES: tuple[str, ...] = tuple(PALETTES)


def own_themes() -> list[Theme]:
    """The Textual themes that are not built in; the `ansi-` ones are Textual's own."""
    return [
        Theme(
            name=name,
            primary=looks["key"],
            foreground=looks["text"],
            background=_BACKGROUNDS[name],
            surface=_BACKGROUNDS[name],
            panel=_BACKGROUNDS[name],
            dark=name == "dark",
        )
        for name, looks in (("dark", _DARK), ("light", _LIGHT))
    ]
