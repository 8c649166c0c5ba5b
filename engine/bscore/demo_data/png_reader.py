"""Reads small grey PNG files with nothing but the standard library.

Understands 8-bit grey images that are not interlaced, with all five row filters.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_grey(path: str | os.PathLike[str]) -> tuple[int, int, bytes]:
    """Width, height and pixels (0..255, row by row) of a PNG file.

    Raises ValueError when the file is damaged or of a kind that is not understood.
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        return _decode(data)
    except (ValueError, struct.error, zlib.error) as error:
        raise ValueError(f"{os.fspath(path)} cannot be read as a grey PNG image: {error}") from error


def _decode(data: bytes) -> tuple[int, int, bytes]:
    if not data.startswith(SIGNATURE):
        raise ValueError("it does not begin as a PNG file does")
    header, packed = b"", b""
    for kind, body in _chunks(data):
        if kind == b"IHDR":
            header = body
        elif kind == b"IDAT":
            packed += body
    width, height, *form = struct.unpack(">IIBBBBB", header)
    if form != [8, 0, 0, 0, 0]:
        raise ValueError("only 8-bit grey images that are not interlaced are understood")
    return width, height, _unfilter(zlib.decompress(packed), width, height)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    kind = b""
    while kind != b"IEND":
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        (checksum,) = struct.unpack_from(">I", data, at + 8 + size)
        if zlib.crc32(kind + body) != checksum:
            raise ValueError("a checksum is wrong")
        yield kind, body
        at += size + 12


def _unfilter(filtered: bytes, width: int, height: int) -> bytes:
    if len(filtered) != height * (width + 1):
        raise ValueError("it does not hold as many pixels as it says")
    pixels = bytearray()
    above = bytes(width)
    for at in range(0, len(filtered), width + 1):
        above = _unfilter_row(filtered[at], filtered[at + 1 : at + 1 + width], above)
        pixels += above
    return bytes(pixels)


def _unfilter_row(kind: int, row: bytes, above: bytes) -> bytes:
    if kind == 0:
        return row
    if kind > 4:
        raise ValueError(f"row filter {kind} is unknown")
    result = bytearray()
    left = above_left = 0
    for at, value in enumerate(row):
        up = above[at]
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, above_left))[kind]
        left, above_left = (value + guess) & 255, up
        result.append(left)
    return bytes(result)


def _paeth(left: int, up: int, above_left: int) -> int:
    guess = left + up - above_left
    return min((left, up, above_left), key=lambda neighbour: abs(guess - neighbour))
