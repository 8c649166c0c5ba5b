"""Which kind of input a text is, and its records: folder, file, pattern, `@LISTFILE` or URL."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from bscore.inputs.globs import is_glob, walk_glob
from bscore.inputs.lists import local_path, read_list
from bscore.inputs.manifest import encode_item
from bscore.inputs.skipped import Skipped
from bscore.inputs.urls import is_url, walk_url
from bscore.inputs.walk import InputError, Records, walk_folder


def as_local(text: str) -> str:
    """A `file://` or `local://` URL as the path it names; anything else unchanged. Raises InputError."""
    scheme, colon, rest = text.partition("://")
    is_local = colon and scheme.lower() in ("file", "local")
    path = local_path(os.fsencode(f"file://{rest}")) if is_local else None
    return text if path is None else os.fsdecode(path)


def list_inputs(inputs: Sequence[str], skipped: Skipped, *, gone_is_empty: bool = False) -> Records:
    """Records of all inputs, one input after the other; what is named twice is listed twice.

    Raises InputError for the first that cannot be listed; with `gone_is_empty` a path that does not
    exist any more holds nothing instead.
    """
    for text in inputs:
        local = as_local(text)
        if gone_is_empty and not is_url(local) and not os.path.lexists(local.removeprefix("@")):
            if is_glob(local):
                yield from walk_glob(local, skipped)
            continue
        yield from _list_input(local, skipped)


def _list_input(text: str, skipped: Skipped) -> Records:
    if text.startswith("@"):
        return read_list(as_local(text[1:]))
    if is_url(text) and not os.path.lexists(text):
        return walk_url(text)
    if is_glob(text):
        return walk_glob(text, skipped)
    return _list_path(os.fsencode(os.path.abspath(text)), text, skipped)


def _list_path(path: bytes, text: str, skipped: Skipped) -> Records:
    try:
        status = os.stat(path)
    except OSError as error:
        raise InputError(f"The input {text} cannot be read: {error.strerror}.") from error
    if stat.S_ISDIR(status.st_mode):
        yield from walk_folder(path, skipped)
    elif stat.S_ISREG(status.st_mode):
        yield [encode_item(path, status.st_size, status.st_mtime_ns)]
    else:
        raise InputError(f"The input {text} is neither a file nor a folder.")
