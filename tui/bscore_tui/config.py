"""The monitor's settings: `$XDG_CONFIG_HOME/bscore/tui.toml`, every mistake at once, each with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from bscore.errors import UsageError
from bscore_tui.actions import ACTIONS, BY_ID, clashes, key_name, keymap

THEMES = ("dark", "light", "ansi-dark", "ansi-light")
_MIN_REFRESH_S, _MAX_REFRESH_S = 0.1, 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person may choose once for all jobs."""

    theme: str = ""
    """One of `THEMES`; empty: by the terminal (dark, or ansi-dark without colours)."""
    refresh_s: float = 0.25
    """Least time between two pictures (0.1 to 60 s)."""
    bell: bool = False
    """Ring when the job ends."""
    ascii: bool = False
    """Draw with ASCII characters only."""
    diff: bool = True
    """Send only the cells that changed."""
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Other keys for some actions, by the action's id, in Textual's names."""
    nodes: dict[str, str] = field(default_factory=dict)
    """Names to show instead of the addresses of nodes."""


def config_path(environ: Mapping[str, str]) -> Path:
    """Where the settings lie."""
    base = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME", "/")) / ".config")
    return Path(base) / "bscore" / "tui.toml"


def load_settings(path: Path) -> Settings:
    """The settings of a file; the usual ones if it is not there. Raises UsageError naming lines."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}", remedy="Repair or remove this file.") from error
    return parse_settings(text, str(path))


def parse_settings(text: str, name: str) -> Settings:
    """The settings written in `text`. Raises UsageError with every mistake and its line."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: {error}", remedy="Repair this line; the file is TOML.") from error
    problems: list[tuple[int, str]] = []
    chosen: dict[str, Any] = {}
    for key, value in document.items():
        try:
            chosen[key] = _checked(key, value)
        except _WrongValueError as wrong:
            problems.append((_line_of(text, wrong.key or key), str(wrong)))
    settings = replace(Settings(), **chosen)
    for clash in clashes(keymap(settings.keys)):
        named = [word for word in clash.split() if word in settings.keys]
        problems.append((_line_of(text, named[-1] if named else "keys"), clash))
    if problems:
        listed = "\n".join(f"{name}:{line}: {what}" for line, what in sorted(problems))
        raise UsageError(listed, remedy="Repair these lines, or remove them to get the usual settings.")
    return settings


class _WrongValueError(Exception):
    """A value that cannot be; `key` is the inner key it stands under."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


def _checked(key: str, value: object) -> object:
    check = _CHECKS.get(key)
    if check is None:
        raise _WrongValueError(f"{key}: no such setting{_nearest(key, _CHECKS)}")
    return check(key, value)


def _theme(key: str, value: object) -> str:
    if value not in THEMES:
        raise _WrongValueError(f"{key}: {value!r} is given, one of {', '.join(THEMES)} is expected")
    return str(value)


def _refresh(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _WrongValueError(f"{key}: {value!r} is given, a number of seconds is expected")
    if not _MIN_REFRESH_S <= value <= _MAX_REFRESH_S:
        raise _WrongValueError(
            f"{key}: {value} is given, {_MIN_REFRESH_S} to {_MAX_REFRESH_S:g} seconds are expected"
        )
    return float(value)


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _WrongValueError(f"{key}: {value!r} is given, true or false is expected")
    return value


def _keys(key: str, value: object) -> dict[str, tuple[str, ...]]:
    chosen: dict[str, tuple[str, ...]] = {}
    for action, given in _table(key, value).items():
        if action not in BY_ID:
            raise _WrongValueError(f"{key}.{action}: no such action{_nearest(action, BY_ID)}", action)
        several = [given] if isinstance(given, str) else given
        if not isinstance(several, list) or not several or not all(isinstance(k, str) and k for k in several):
            raise _WrongValueError(
                f"{key}.{action}: {given!r} is given, a key or a list of keys is expected", action
            )
        chosen[action] = tuple(key_name(k) for k in several)
    return chosen


def _nodes(key: str, value: object) -> dict[str, str]:
    for node, name in _table(key, value).items():
        if not isinstance(name, str) or not name:
            raise _WrongValueError(f"{key}.{node}: {name!r} is given, a name is expected", node)
    return cast("dict[str, str]", value)


def _table(key: str, value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _WrongValueError(f"{key}: {value!r} is given, a table [{key}] is expected")
    return value


_CHECKS: dict[str, Callable[[str, object], object]] = {
    "theme": _theme,
    "refresh_s": _refresh,
    "bell": _flag,
    "ascii": _flag,
    "diff": _flag,
    "keys": _keys,
    "nodes": _nodes,
}


def _nearest(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known)[:12])}"


def _line_of(text: str, key: str) -> int:
    """The line that sets `key` (1 if it cannot be found: TOML has several spellings)."""
    pattern = re.compile(rf"^\s*(?:\[\s*)?[\"']?{re.escape(key)}[\"']?\s*[=\].]")
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.match(line):
            return number
    return 1


def sample_settings() -> str:
    """A settings file with every setting at its usual value, for `bscore-tui --help` and the README."""
    return "\n".join(
        [
            'theme = "dark"       # ' + ", ".join(THEMES),
            "refresh_s = 0.25     # least time between two pictures",
            "bell = false         # ring when the job ends",
            "ascii = false        # draw with ASCII only",
            "diff = true          # send only the cells that changed",
            "[keys]               # an action and its key or keys; `?` in the monitor lists them",
            f'{ACTIONS[0].id} = "enter"',
            "[nodes]              # names instead of addresses",
            '"10.0.0.4" = "build-07"',
            "",
        ]
    )
