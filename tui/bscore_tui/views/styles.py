"""The shape of a rendered line, the names of its styles, and the sign beside every colour.

A view returns lines; a line is a list of (text, style name). The text went through `safe_text` where it
came from outside. What a name looks like is decided by the widgets' themes, never here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Style = Literal[
    "text",  # what is simply said
    "dim",  # labels, column heads, what matters less
    "strong",  # totals and names that a person looks for
    "title",  # the job's name, the heading of a block
    "ok",  # Completed, done
    "warn",  # late, nearly full, tried again: the sign ! stands beside it
    "error",  # failed, lost: the sign x stands beside it
    "unknown",  # silent or not known: the sign ? stands beside it
    "accent",  # the open tab, links
    "key",  # a key in the footer
    "selected",  # the selected row
    "playhead",  # the moment shown
    "bar",  # the done part of a progress bar
    "bar_empty",  # the open part
    "bar_lost",  # the abandoned part
    "busy",  # worker cells, one name per state
    "idle",
    "starting",
    "gone",
    "spark",  # sparklines and the time strip
    "spark_empty",  # time that has not come
    "match",  # what the filter or the search found
]

Line = list[tuple[str, str]]
"""One row of the screen: (safe text, name of a style), left to right."""

STYLES: tuple[str, ...] = Style.__args__  # type: ignore[attr-defined]  # what Literal holds

GONE_SIGN = "x"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters drawn by a view; one set for UTF-8, one for terminals without it."""

    busy: str
    idle: str
    moving: str
    full: str
    empty: str
    levels: str
    playhead: str
    future: str
    ellipsis: str
    folded: str
    opened: str
    axis: str
    dash: str
    done: str


UNICODE = Glyphs("█", "░", "▒", "█", "░", " ▁▂▃▄▅▆▇█", "┃", "·", "…", "▸", "▾", "┤", "–", "✓")
ASCII = Glyphs("#", "-", "=", "#", "-", " ..--==##", "|", ".", "...", ">", "v", "|", "-", "+")


@dataclass(frozen=True, slots=True)
class Options:
    """How a view draws, whatever it draws; what a screen remembers of its user is in here too."""

    glyphs: Glyphs = UNICODE
    #: Minutes east of UTC that times are shown in, and the name written beside them.
    zone_minutes: int = 0
    zone: str = "UTC"
    #: Target id of the selected thing (see `Body.targets`); "" for none.
    selected: str = ""
    #: Only rows that hold this text (any case); `!` in front: only rows that do not.
    filter: str = ""
    #: Name of the column to sort by ("" for the view's own order), and its direction.
    sort: str = ""
    reverse: bool = False
    #: Which of a screen's views, one of its `VARIANTS`.
    variant: str = ""
    #: How many seconds of the past charts of resources show.
    span_s: int = 600
    #: Nodes folded or opened by a person (`fold:…`, `open:…`), and what else is unfolded, by name.
    toggled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Body:
    """What stands between the tabs and the strip."""

    lines: list[Line]
    #: Line number -> what enter or a click opens there: `mb:5530`, `worker:10.0.0.7/process002`,
    #: `node:10.0.0.7`, `error:<key>`, `at:<microseconds>`, `file:<path>`, `log:<path>@<offset>`,
    #: `list:<name>`.
    targets: dict[int, str] = field(default_factory=dict)
    #: First lines that do not scroll (facts, column heads).
    fixed: int = 0


#: Behind a target: tells rows apart that open the same; no text from outside holds it.
_APART = "\x1f"


def apart(target: str, name: object) -> str:
    """The target of one of several rows that open the same, so that one alone is selected."""
    return f"{target}{_APART}{name}" if target else ""


def opened(target: str) -> str:
    """What a row's target opens."""
    return target.partition(_APART)[0]


def name_of(target: str) -> str:
    """What tells a row apart from others that open the same; empty for nothing."""
    return target.partition(_APART)[2]


def text_of(line: Line) -> str:
    """The line without its styles."""
    return "".join(text for text, _ in line)
