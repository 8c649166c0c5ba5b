"""Which files in a job's directory bscore made itself; all others are somebody else's. Pure: names only."""

from __future__ import annotations

import re

#: Folders that bscore alone fills, with names that scripts and nodes have a say in.
_WHOLE = (
    "logs/sys/node",
    "logs/sys/error",
    "logs/sys/warning",
    "logs/sys/job_report",
    "logs/user/error",
    "logs/user/stdout",
    "logs/user/stderr",
    "logs/user/entry_script_log",
    "logs/perf",
    "checkpoint/function",
    "checkpoint/items",
    "checkpoint/model",
    "checkpoint/spool",
    "control",
    #: Where the script of `bscore demo --chaos` notes what it has done.
    "chaos",
)
_FOLDERS = frozenset(
    ("", "azureml-logs", "logs", "logs/sys", "logs/user", "checkpoint", "outputs", "outputs/score")
)
_FILES = re.compile(
    r"job\.yml"
    r"|azureml-logs/70_driver_log\.txt"
    r"|logs/(readme|job_progress_overview|job_result|job_error)\.txt"
    r"|logs/sys/master_role(\.[0-9]+)?\.txt"
    r"|logs/user/(error|warning)\.txt"
    r"|checkpoint/(lock|lease|place|snapshots|missing|manifest(\.index|\.finished)?|mini-batch\.txt)"
    r"|checkpoint/term\.[0-9]+"
    r"|outputs/score/\.[^/]+\.[0-9]+(\.[0-9a-f]+)?\.part"
    r"|outputs/score/\.[^/]+\.lock"
)
#: What a file is called until it is whole.
_UNFINISHED = re.compile(r"(?P<plain>.+)\.(new|tmp)|(?P<folder>(?:.*/)?)\.(?P<hidden>[^/]+)\.[0-9]+(\.tmp)?")


def is_own_file(path: str) -> bool:
    """Whether bscore makes a file or link of this name, relative to a job's directory."""
    if _below_whole(path) or _FILES.fullmatch(path):
        return True
    match = _UNFINISHED.fullmatch(path)
    whole = match and (match["plain"] or f"{match['folder']}{match['hidden']}")
    return bool(whole) and _FILES.fullmatch(whole or "") is not None


def is_own_folder(path: str) -> bool:
    """As `is_own_file`, for a folder; it may hold what bscore did not make."""
    return path in _FOLDERS or _below_whole(f"{path}/")


def _below_whole(path: str) -> bool:
    return any(path.startswith(f"{folder}/") for folder in _WHOLE)
