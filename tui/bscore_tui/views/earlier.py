"""What is different since the job before: its outcome, the script, options, the number of items."""

from __future__ import annotations

from dataclasses import dataclass

from bscore_tui.views.styles import Options
from bscore_tui.views.words import day, minute, plural


@dataclass(frozen=True, slots=True)
class Earlier:
    """The last earlier job of the same script, and what differs since."""

    job: str
    #: Completed, Failed, Canceled, not ended; empty for unknown.
    state: str
    #: Whether a file of the script's folder is another one, and when the script was edited in between.
    script_changed: bool
    edited_at: int | None = None
    #: How many there were then.
    items: int | None = None
    #: (name, value now, value then) of options that differ.
    options: tuple[tuple[str, str, str], ...] = ()


def in_words(earlier: Earlier, script: str, now: int, options: Options) -> str:
    """`since nightly-0410, Completed: score.py edited Sat 17:20; 98,211 items`."""
    parts = [_script(earlier, script, now, options)]
    if not earlier.script_changed and not earlier.options:
        parts = ["same script and options"]
    if earlier.items is not None:
        parts.append(plural(earlier.items, "item"))
    parts += [f"{name} {value} (was {then})" for name, value, then in earlier.options]
    state = f", {earlier.state}" if earlier.state else ""
    return f"since {earlier.job}{state}: {'; '.join(part for part in parts if part)}"


def _script(earlier: Earlier, script: str, now: int, options: Options) -> str:
    """When the script was edited in between, or that something beside it was."""
    if not earlier.script_changed:
        return ""
    name = script.rpartition("/")[2] or "script"
    if earlier.edited_at is None:
        return f"folder of {name} changed"
    when = f"{day(earlier.edited_at, now, options)} {minute(earlier.edited_at, options)}".strip()
    return f"{name} edited {when}"
