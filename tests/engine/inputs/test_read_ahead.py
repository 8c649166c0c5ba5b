"""ReadAhead gives the bytes of the file, whatever is asked in whatever order, while the file grows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore.errors import StorageError
from bscore.inputs.read_ahead import ReadAhead

FINAL = 500
SPANS = st.lists(st.tuples(st.integers(0, 560), st.integers(1, 60)), max_size=60)


@given(SPANS, st.integers(1, 80), st.integers(0, FINAL))
def test_every_read_is_the_file_as_it_is_then(spans: list[tuple[int, int]], block: int, final: int) -> None:
    descriptor = os.memfd_create("read-ahead")
    try:
        content = bytearray(os.urandom(620))
        os.pwrite(descriptor, content, 0)
        ahead = ReadAhead(descriptor, block)
        for number, (start, length) in enumerate(spans):
            assert ahead.read(start, start + length, final) == content[start : start + length]
            # What is not final may change between any two reads.
            content[final:] = bytes([number % 256]) * (620 - final)
            os.pwrite(descriptor, content[final:], final)
    finally:
        os.close(descriptor)


def test_reading_on_costs_one_read_per_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(100_000))
    sizes: list[int] = []
    real = os.pread

    def counted(descriptor: int, nbytes: int, offset: int) -> bytes:
        sizes.append(nbytes)
        return real(descriptor, nbytes, offset)

    monkeypatch.setattr(os, "pread", counted)
    with path.open("rb") as file:
        ahead = ReadAhead(file.fileno(), 4096)
        for start in range(0, 99_000, 100):
            ahead.read(start, start + 100, 100_000)
    assert len(sizes) <= 100_000 / 4096 * 2


def test_a_file_that_ends_early_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with path.open("rb") as file, pytest.raises(StorageError, match="ends early"):
        ReadAhead(file.fileno(), 64).read(3, 9, 0)
