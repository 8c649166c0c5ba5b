"""Whose a file or directory is, and what to say of one that this user may not read."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from bscore.errors import UsageError


def user_name(uid: int) -> str:
    """A user's name; its number where it has none on this host."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def stranger(path: Path) -> str:
    """The name of the user whose a path is; empty where it is this user's own, or cannot be told."""
    try:
        uid = os.lstat(path).st_uid
    except OSError:
        return ""
    return "" if uid == os.geteuid() else user_name(uid)


def not_readable(path: Path, why: str) -> UsageError:
    """What to say of a path that may not be read, with its owner."""
    near = path
    while not os.path.lexists(near) and near != near.parent:
        near = near.parent
    owner = stranger(near)
    whose = f"; it belongs to {owner}" if owner else ""
    return UsageError(
        f"{path} cannot be read: {why}{whose}.",
        remedy=f"Ask as {owner}, or have it made readable for you." if owner else "Make it readable first.",
    )
