"""Bad inputs are refused before anything runs, in words that say what to do."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from bscore.errors import NotFoundError, UsageError
from bscore.inputs.descriptions import refuse_description
from bscore.inputs.globs import is_glob, literal_root, walk_glob
from bscore.inputs.kinds import as_local
from bscore.inputs.lists import read_list
from bscore.inputs.skipped import Skipped
from bscore.inputs.urls import is_url, walk_url
from bscore.inputs.walk import InputError, Records, walk_folder

#: Entries of a folder that are looked at for a near match.
_NEIGHBOURS = 10_000


def check_inputs(inputs: Sequence[str]) -> None:
    """Look for a first item in each input. Raises UsageError or NotFoundError for the first bad one."""
    if not inputs:
        raise UsageError("No input was given.", remedy="Name a folder, a file, a pattern or @LISTFILE.")
    for text in inputs:
        try:
            _check(text, as_local(text))
        except InputError as error:
            raise UsageError(error.message, remedy=error.remedy) from error


def check_apart(inputs: Sequence[str], output: Path) -> None:
    """Raise UsageError when the output lies inside an input folder: its part files would be scored, too."""
    where = os.path.realpath(output)
    for text in inputs:
        folder = os.path.realpath(as_local(text))
        if os.path.isdir(folder) and Path(where).is_relative_to(folder):
            raise UsageError(
                f"The output folder {where} lies inside the input folder {folder}: what is written there "
                "would be scored, too.",
                remedy="Choose an output folder elsewhere, or a pattern as input, such as "
                f"'{text.rstrip('/')}/*.csv'.",
            )


def _check(given: str, text: str) -> None:
    if not text:
        raise UsageError("An input is empty text.", remedy="Name a folder, a file, a pattern or @LISTFILE.")
    if text.startswith("@"):
        _check_list(as_local(text[1:]))
    elif is_url(text) and not os.path.lexists(text):
        if not _has_items(walk_url(text)):
            raise UsageError(
                f"Nothing was found at {given}.", remedy="Check the address and who may read it."
            )
    elif is_glob(text):
        _check_glob(text)
    else:
        _check_path(given, text)


def _check_list(path: str) -> None:
    if is_url(path) and not os.path.lexists(path):
        raise UsageError(
            f"The list file {path} is not on this machine.", remedy="Download it, and give the file."
        )
    mode = _mode(f"@{path}", path, "the list file")
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        raise UsageError(
            f"{path} is not a file, but @ asks for a list file.",
            remedy=f"To score a folder whose name begins with @, write ./@{os.path.basename(path)}",
        )
    # A list out of a pipe can be read only once, so that nothing is looked at here.
    if stat.S_ISFIFO(mode):
        raise UsageError(
            f"The list file {path} is a pipe.",
            remedy="Write the list to a file first: a job that is resumed reads it again.",
        )
    if not _has_items(read_list(path)):
        raise UsageError(f"The list file {path} names no path.", remedy="Write one path per line.")


def _check_glob(text: str) -> None:
    if _has_items(walk_glob(text, Skipped())):
        return
    root = literal_root(text)[0]
    if not os.path.isdir(root):
        raise NotFoundError(f"No file matches {text}: there is no folder {root}.", remedy=_near(root))
    raise UsageError(
        f"No file matches {text}.", remedy="** goes through all folders; * does not match a leading dot."
    )


def _check_path(given: str, text: str) -> None:
    path = os.path.abspath(text)
    mode = _mode(given, path, "the input")
    refuse_description(given, path)
    if stat.S_ISDIR(mode):
        skipped = Skipped()
        if not _has_items(walk_folder(os.fsencode(path), skipped)):
            left_out = skipped.kinds()
            more = f", only {'; '.join(map(str, left_out))}" if left_out else ""
            raise UsageError(f"The folder {given} holds no files{more}.", remedy="Name a folder that does.")
    elif not stat.S_ISREG(mode):
        raise UsageError(f"The input {given} is {_kind(mode)}.", remedy="Name a file or a folder.")


def _mode(given: str, path: str, what: str) -> int:
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        if Path(path).is_symlink():
            target = os.readlink(path)
            raise NotFoundError(f"{given} is a link to {target}, which does not exist.") from error
        raise NotFoundError(f"There is no {path}, which is given as {what}.", remedy=_near(path)) from error
    except OSError as error:
        remedy = "Check the rights of its folders." if isinstance(error, PermissionError) else None
        raise UsageError(f"{given} cannot be read: {error.strerror}.", remedy=remedy) from error


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISBLK, "a device"))
    return next((name for is_kind, name in kinds if is_kind(mode)), "a device")


def _near(path: str) -> str:
    """What exists of the path, and what there is called nearly like the rest."""
    folder, name = os.path.split(os.path.abspath(path))
    while folder != "/" and not os.path.isdir(folder):
        folder, name = os.path.split(folder)
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_NEIGHBOURS), strict=False)]
    except OSError:
        return f"Check {folder}."
    near = difflib.get_close_matches(name, names, 1)
    if near:
        return f"Did you mean {os.path.join(folder, near[0])}?"
    return f"{folder} exists, but holds no {name}."


def _has_items(records: Records) -> bool:
    return any(records)
