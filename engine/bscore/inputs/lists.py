"""List files: one path per line, or separated by NUL as `find -print0` writes them.

Blank lines are skipped. Relative paths count from the current directory, as in a shell. The paths
need not exist. `file://` is accepted, other URLs stay as they are. Lines are raw bytes.
"""

from __future__ import annotations

import os
import re
from urllib.parse import unquote_to_bytes

from bscore.inputs.manifest import UNKNOWN
from bscore.inputs.skipped import shown
from bscore.inputs.walk import InputError, Records

_FIRST_BLOCK, _LARGEST_BLOCK = 4096, 1 << 20
_URL = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*(?:://|::)")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_list(path: str) -> Records:
    """Records of every line, in chunks. Raises InputError when the list cannot be read."""
    lines = _Lines(path)
    try:
        with open(path, "rb", buffering=0) as file:
            size = _FIRST_BLOCK
            while block := file.read(size):
                yield lines.records(block)
                size = min(size * 2, _LARGEST_BLOCK)
    except OSError as error:
        raise InputError(f"The list file {path} cannot be read: {error.strerror}.") from error
    yield lines.rest()


class _Lines:
    """Cuts blocks into lines. What separates them is seen in the first block."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._here = os.getcwdb() + b"/"
        self._begun = False
        self._separator = b"\n"
        self._carriage = False
        self._torn = b""

    def records(self, block: bytes) -> list[bytes]:
        """The records of all lines that are whole by now."""
        if not self._begun:
            self._begun = True
            block = block.removeprefix(_BYTE_ORDER_MARK)
            self._separator = b"\0" if b"\0" in block else b"\n"
            first, newline, _ = block.partition(b"\n")
            self._carriage = self._separator == b"\n" and bool(newline) and first.endswith(b"\r")
        if self._separator == b"\n" and b"\0" in block:
            raise InputError(
                f"The list file {self._path} holds NUL bytes further down, so it is no list of paths.",
                remedy="Separate all paths by newlines, or all by NUL.",
            )
        lines = (self._torn + block).split(self._separator)
        self._torn = lines.pop()
        return self._encode(lines)

    def rest(self) -> list[bytes]:
        """The record of a last line without a newline."""
        return self._encode([self._torn])

    def _encode(self, lines: list[bytes]) -> list[bytes]:
        if self._carriage:
            lines = [line.removesuffix(b"\r") for line in lines]
        return [
            (line if line.startswith(b"/") else self._absolute(line)) + UNKNOWN
            for line in lines
            if line and (line[0] > 32 or line.strip())
        ]

    def _absolute(self, line: bytes) -> bytes:
        match = _URL.match(line)
        if match is None:
            return self._here + line.removeprefix(b"./")
        return local_path(line) or line


def local_path(url: bytes) -> bytes | None:
    """The path that a `file://` URL names (RFC 8089, percent signs decoded); None for other URLs.

    Raises InputError when it names another host.
    """
    if not url.lower().startswith(b"file://"):
        return None
    host, slash, path = url[7:].partition(b"/")
    if host not in (b"", b"localhost"):
        raise InputError(f"{shown(url)} names a file of another host; use file:///path.")
    return unquote_to_bytes(slash + path) or b"/"
