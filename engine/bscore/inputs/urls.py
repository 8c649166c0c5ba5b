"""Inputs by URL (`s3://…`, `abfs://…`, `zip://…::…`) through fsspec, which is imported only here."""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

from bscore.inputs.manifest import encode_item
from bscore.inputs.walk import InputError, Records

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:://|::)")
#: Which extra brings the file system of a scheme.
EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "abfs": "azure",
    "abfss": "azure",
    "az": "azure",
    "adl": "azure",
    "gs": "gcs",
    "gcs": "gcs",
    "http": "http",
    "https": "http",
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_CHUNK = 1024
#: Stands behind what a folder holds, so that it is seen that the listing goes on.
_FOLDER_DONE: tuple[str, dict[str, Any]] = ("", {})


def is_url(text: str) -> bool:
    """Whether the text names something by URL."""
    return _URL.match(text) is not None


def walk_url(url: str) -> Records:
    """Records of every file that the URL names, in chunks, one at least for each folder.

    Raises InputError in words of the file system.
    """
    chunk: list[bytes] = []
    try:
        for record in _records(url):
            if record:
                chunk.append(record)
            if not record or len(chunk) >= _CHUNK:
                yield chunk
                chunk = []
    except (ImportError, OSError, ValueError) as error:
        raise InputError(f"{url} cannot be listed: {error}", remedy=_remedy(url, error)) from error
    if chunk:
        yield chunk


def _records(url: str) -> Iterator[bytes]:
    from fsspec.core import url_to_fs  # costs as much as the rest of the lister together

    files, path = url_to_fs(url)
    tail = url.partition("::")[2]
    for name, info in _infos(files, path):
        if not name:
            yield b""
            continue
        whole = files.unstrip_protocol(name)
        whole = f"{whole}::{tail}" if tail and "::" not in whole else whole
        size = info.get("size")
        yield encode_item(os.fsencode(whole), -1 if size is None else int(size), _mtime_ns(info))


def _infos(files: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if any(mark in path for mark in "*?[") and not files.exists(path):
        matches = files.glob(path, detail=True)
        for name in sorted(matches):
            if matches[name]["type"] == "file":
                yield name, matches[name]
        for name in sorted(matches):
            if matches[name]["type"] == "directory" and not path.endswith("**"):
                yield from _infos(files, name)
        return
    info = files.info(path)
    if info["type"] == "file":
        yield path, info
        return
    for _, folders, found in files.walk(path, detail=True, on_error="raise"):
        for name in sorted(found):
            yield found[name]["name"], found[name]
        yield _FOLDER_DONE
        # walk() goes down in the order in which this dictionary stands now.
        ordered = {name: folders[name] for name in sorted(folders)}
        folders.clear()
        folders.update(ordered)


def _mtime_ns(info: dict[str, Any]) -> int:
    for key in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(key)
        if isinstance(value, dt.datetime):
            return int(value.timestamp() * 1_000_000) * 1000
        if isinstance(value, int | float):
            return int(value * 1_000_000) * 1000
    return -1


def _remedy(url: str, error: Exception) -> str | None:
    if not isinstance(error, ImportError):
        return None
    schemes = [EXTRAS.get(scheme.lower(), "") for scheme in _SCHEME.findall(url)]
    what = next((f"'bscore[{extra}]'" for extra in schemes if extra), "PACKAGE")
    return f"Install what it needs: {sys.executable} -m pip install {what}"
