"""The demo: 1,797 handwritten digits, a model, and two scoring scripts that score them.

This folder is at the same time the code folder of the demo's job: `score.py`, `score_chaos.py` and
`png_reader.py` are what a user would write, and import nothing of bscore. `LICENSE-digits.txt` says
whose the images are; `engine/demo_training/train.py` of the sources made the packed files.
"""

from __future__ import annotations

import csv
import functools
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from bscore.errors import BscoreError, NotFoundError, StorageError

FOLDER = Path(__file__).parent
MODEL_FOLDER = FOLDER / "model"  # a job's model path; scripts find it as $AZUREML_MODEL_DIR/model
DIGITS_FILE = FOLDER / "digits.bin"  # zlib of: all pixels image by image, then one label per image

IMAGES = 1797
SIDE = 8
LEVELS = 16  # a pixel is the number of dark dots, 0..16, in a 4x4 block of the scanned bitmap
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Accuracy(NamedTuple):
    """How many digits were read rightly: of all, and of those the model was not trained on."""

    right: int
    total: int
    held_out_right: int
    held_out_total: int


def file_name(index: int) -> str:
    """The file name of the image at this index, 0..1796."""
    return f"digit_{index:04d}.png"


def is_held_out(index: int) -> bool:
    """Whether the model was trained without this image: every fifth is."""
    return index % 5 == 4


def pixels() -> list[bytes]:
    """The images, 64 values 0..16 each, row by row."""
    size = SIDE * SIDE
    data = _unpacked()
    return [data[at : at + size] for at in range(0, IMAGES * size, size)]


def labels() -> dict[str, int]:
    """The digit that each file shows, by file name."""
    return {file_name(index): label for index, label in enumerate(_unpacked()[-IMAGES:])}


def write_images(folder: str | Path) -> int:
    """Write every digit as a grey 8x8 PNG file into the folder, made if missing; returns how many.

    Files of these names are written over, so that an interrupted call is simply repeated.
    Raises StorageError when the folder cannot be written.
    """
    folder = Path(folder)
    grey = bytes(min(255, round(value * 255 / LEVELS)) for value in range(256))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for index, image in enumerate(pixels()):
            (folder / file_name(index)).write_bytes(_png(image.translate(grey)))
    except OSError as error:
        raise StorageError(
            f"The demo's images cannot be written to {folder}: {error.strerror}.",
            remedy="Name a folder on a disk with 8 MiB to spare that you may write to.",
        ) from error
    return IMAGES


def accuracy(predictions_csv: str | Path, labels: Mapping[str, int]) -> Accuracy:
    """Compare a finished job's predictions with the labels.

    The file holds a line `file prediction confidence` per image and no header.
    Raises NotFoundError when it cannot be read, and BscoreError when it does not hold every
    labelled file exactly once.
    """
    predictions = _predictions(Path(predictions_csv))
    _refuse_unless_each_once([name for name, _ in predictions], labels)
    right = {name for name, prediction in predictions if prediction == labels[name]}
    held_out = labels.keys() & _held_out_names()
    return Accuracy(len(right), len(labels), len(right & held_out), len(held_out))


@functools.cache
def _unpacked() -> bytes:
    return zlib.decompress(DIGITS_FILE.read_bytes())


def _held_out_names() -> set[str]:
    return {file_name(index) for index in range(IMAGES) if is_held_out(index)}


def _png(grey: bytes) -> bytes:
    rows = b"".join(b"\0" + grey[at : at + SIDE] for at in range(0, SIDE * SIDE, SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)  # 8 bits, grey, not interlaced
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return PNG_SIGNATURE + chunks


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _predictions(path: Path) -> list[tuple[str, int]]:
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as lines:
            return [
                _prediction(row, f"{path}, line {number}")
                for number, row in enumerate(csv.reader(lines, delimiter=" "), 1)
            ]
    except OSError as error:
        raise NotFoundError(
            f"The predictions file {path} cannot be read: {error.strerror}.",
            remedy="Only a completed job has one.",
        ) from error


def _prediction(row: list[str], place: str) -> tuple[str, int]:
    try:
        name, prediction, _confidence = row
        return name, int(prediction)
    except ValueError as error:
        raise BscoreError(
            f"{place}: expected a file name, a digit and a confidence, found {' '.join(row)!r}."
        ) from error


def _refuse_unless_each_once(names: Iterable[str], labels: Mapping[str, int]) -> None:
    counts = Counter(names)
    wrong = {
        "missing": sorted(labels.keys() - counts.keys()),
        "more than once": sorted(name for name, count in counts.items() if count > 1),
        "not among the images": sorted(counts.keys() - labels.keys()),
    }
    found = [f"{len(of)} {what} (first: {of[0]})" for what, of in wrong.items() if of]
    if found:
        raise BscoreError(f"Every image must be scored exactly once, but: {', '.join(found)}.")
