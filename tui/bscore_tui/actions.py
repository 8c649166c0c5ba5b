"""Every key of the monitor, once: it feeds the bindings, the footer, `?`, the palette and the README.

A key may stand for two things only where no page has both; the test of this table proves it.
"""

from __future__ import annotations

from dataclasses import dataclass

ROOTS = ("overview", "batches", "nodes", "errors", "timeline", "logs")
INNER = ("trace", "mini_batch", "worker", "file", "files", "help")
PAGES: tuple[str, ...] = (*ROOTS, *INNER)
ALL = frozenset(PAGES)
_UNFOLDS = frozenset({"errors", "trace", "mini_batch"})
_TEXT = frozenset({"logs", "file"})
_LISTS = frozenset({"overview", "batches", "nodes", "errors", "mini_batch", "worker"})
_OF_ERROR = frozenset({"overview", "errors", "trace", "mini_batch"})


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does. `keys` are Textual's names, the first is the one shown."""

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    pages: frozenset[str] = ALL
    group: str = "this page"


_MOVE = "moving"
_TIME = "time"
_FIND = "finding"
_OTHER = "everywhere"

ACTIONS: tuple[Action, ...] = (
    Action("open", ("enter",), "open", "open what is selected"),
    Action("log", ("l",), "log line", "its log, at the very line", _LISTS | {"trace"}),
    Action("items", ("i",), "items", "the items of the mini-batch", _OF_ERROR | {"batches"}),
    Action(
        "view",
        ("v",),
        "view",
        "the next view of this page",
        frozenset({"nodes", "batches", "logs", "worker"}),
    ),
    Action("sort", ("s",), "sort", "the next order", frozenset({"nodes", "batches", "errors"})),
    Action("sort_back", ("S",), "reverse", "turn the order round", frozenset({"nodes", "batches", "errors"})),
    Action("fold", ("z",), "fold", "fold or unfold a node", frozenset({"nodes"})),
    Action("wrap", ("x",), "wrap", "wrap long lines", frozenset({"file"})),
    Action("unfold", ("x",), "unfold", "what is folded: frames of libraries, a long story", _UNFOLDS),
    Action("files", ("f",), "file", "every file of the log tree", _TEXT),
    Action("raw", ("r",), "raw", "show records as they stand in the file", frozenset({"logs"})),
    Action("follow", ("F",), "follow", "follow the end of the file", _TEXT),
    Action("actions", ("a",), "actions", "commands for what is selected"),
    Action("copy", ("y",), "copy", "copy the selected line, or its command"),
    Action("whole", ("Y",), "whole text", "long texts of what is selected: read them whole, copy one"),
    Action("pager", ("o",), "pager", "open the file in $PAGER at this line"),
    Action("up", ("up", "k"), "up", "one row up", group=_MOVE),
    Action("down", ("down", "j"), "down", "one row down", group=_MOVE),
    Action("page_up", ("pageup", "ctrl+b"), "page up", "one page up", group=_MOVE),
    Action("page_down", ("pagedown", "ctrl+f"), "page down", "one page down", group=_MOVE),
    Action("first", ("home", "g"), "first", "to the first row", group=_MOVE),
    Action("last", ("G",), "last", "to the last row", group=_MOVE),
    Action("left", ("left", "h"), "left", "sideways", frozenset({"file"}), group=_MOVE),
    Action("right", ("right", "l"), "right", "sideways", frozenset({"file"}), group=_MOVE),
    Action("overview", ("1",), "Overview", "the overview", group=_MOVE),
    Action("batches", ("2",), "Batches", "mini-batches", group=_MOVE),
    Action("nodes", ("3",), "Nodes", "nodes and workers", group=_MOVE),
    Action("errors", ("4",), "Errors", "failed attempts, grouped", group=_MOVE),
    Action("timeline", ("5",), "Timeline", "what happened when", group=_MOVE),
    Action("logs", ("6",), "Logs", "the journal and every file", group=_MOVE),
    Action("next_page", ("tab",), "next screen", "the next screen", group=_MOVE),
    Action("previous_page", ("shift+tab",), "screen before", "the screen before", group=_MOVE),
    Action("back", ("q",), "back", "back; on the Overview: quit", group=_MOVE),
    Action("escape", ("escape", "backspace"), "back", "back; never quits", group=_MOVE),
    Action("filter", ("slash",), "filter", "rows with a word; !word: without", group=_FIND),
    Action("next_match", ("n",), "next", "the next match, attempt or error", group=_FIND),
    Action("previous_match", ("N",), "previous", "the match before", group=_FIND),
    Action("next_error", ("e",), "error", "the next error", group=_FIND),
    Action("previous_error", ("E",), "error before", "the error before", group=_FIND),
    Action("next_warning", ("w",), "warning", "the next warning", group=_FIND),
    Action("previous_warning", ("W",), "warning before", "the warning before", group=_FIND),
    Action("mark", ("m",), "mark", "mark this moment, or unmark it", group=_FIND),
    Action("next_mark", ("u",), "next mark", "the next mark", group=_FIND),
    Action("previous_mark", ("U",), "mark before", "the mark before", group=_FIND),
    Action(
        "palette",
        ("colon", "ctrl+p"),
        "go to",
        "page, node, worker, batch, item, time",
        group=_FIND,
    ),
    Action("freeze", ("space",), "freeze", "freeze this moment, or go on", group=_TIME),
    Action("step", ("full_stop", "right_square_bracket"), "step", "one event on", group=_TIME),
    Action("step_back", ("comma", "left_square_bracket"), "step back", "one event back", group=_TIME),
    Action("faster", ("greater_than_sign", "right_curly_bracket"), "faster", "play faster", group=_TIME),
    Action("slower", ("less_than_sign", "left_curly_bracket"), "slower", "play slower", group=_TIME),
    Action("longer", ("plus",), "longer", "longer span; else play faster", group=_TIME),
    Action("shorter", ("minus",), "shorter", "shorter span; else play slower", group=_TIME),
    Action("at", ("at",), "time", "go to a time", group=_TIME),
    Action("its_time", ("T",), "its time", "everything at the time of the row", group=_TIME),
    Action("live", ("end",), "live", "now; at the end of an ended job", group=_TIME),
    Action("clock", ("t",), "clock", "times in UTC, local, since start", group=_TIME),
    Action("help", ("question_mark",), "keys", "these keys", group=_OTHER),
    Action("snapshot", ("P",), "snapshot", "save the screen as SVG and text", group=_OTHER),
    Action("mouse", ("M",), "mouse", "mouse off and on, to select text", group=_OTHER),
    Action("theme", ("ctrl+t",), "theme", "the next theme", group=_OTHER),
    Action("repaint", ("ctrl+l",), "repaint", "paint everything again", group=_OTHER),
    Action("suspend", ("ctrl+z",), "suspend", "back to the shell; fg returns", group=_OTHER),
    Action("quit", ("Q", "ctrl+q"), "quit", "quit from anywhere; the job goes on", group=_OTHER),
)
BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

_SHOWN = {
    "slash": "/", "colon": ":", "question_mark": "?", "full_stop": ".", "comma": ",", "at": "@", "plus": "+",
    "minus": "-", "greater_than_sign": ">", "less_than_sign": "<", "left_square_bracket": "[",
    "right_square_bracket": "]", "left_curly_bracket": "{", "right_curly_bracket": "}", "escape": "esc",
    "pageup": "pgup", "pagedown": "pgdn", "exclamation_mark": "!", "equals_sign": "=",
}  # fmt: skip
_NAMES = {shown: name for name, shown in _SHOWN.items()}


def shown_key(key: str) -> str:
    """A key as a person knows it: `slash` is `/`."""
    return _SHOWN.get(key, key)


def key_name(shown: str) -> str:
    """A key as Textual names it: `/` is `slash`."""
    return _NAMES.get(shown, shown)


def actions_of(page: str) -> tuple[Action, ...]:
    """What can be done on a page, in the order of the table."""
    return tuple(action for action in ACTIONS if page in action.pages)


def keymap(changed: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The keys of every action; `changed` ones (Textual's names) take the place of the usual."""
    return {action.id: changed.get(action.id, action.keys) for action in ACTIONS}


def clashes(keys: dict[str, tuple[str, ...]]) -> list[str]:
    """Sentences about keys that stand for two actions of one page."""
    found: dict[str, None] = {}
    for page in PAGES:
        taken: dict[str, str] = {}
        for action in actions_of(page):
            for key in keys[action.id]:
                other = taken.setdefault(key, action.id)
                if other != action.id:
                    found[f"key {shown_key(key)} stands for {other} and {action.id}"] = None
    return list(found)


def key_reference() -> str:
    """The keys as Markdown tables, for the README."""
    groups = list(dict.fromkeys(action.group for action in ACTIONS))
    return "\n\n".join(_table(group) for group in groups) + "\n"


def _table(group: str) -> str:
    rows = [f"| {group} | |", "|---|---|"]
    for action in ACTIONS:
        if action.group == group:
            keys = " ".join(f"`{shown_key(key)}`" for key in action.keys)
            rows.append(f"| {keys} | {action.help} |")
    return "\n".join(rows)
