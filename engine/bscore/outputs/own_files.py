"""Files that a script writes itself (summary_only): kept aside while the job runs, published at its end.

The script finds the folder for them in AZUREML_BI_OUTPUT_PATH. Publishing moves file by file, never over
another one; done again after a crash it moves what is left.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bscore.errors import StorageError, in_words
from bscore.outputs.publish import no_step, rename_without_overwriting


def staging_folder(output: Path, mark: str) -> Path:
    """Where the files of the job with this mark are kept until it ends: hidden, beside their final place."""
    return output / f".{mark}.part"


def make_staging(folder: Path) -> Path:
    """Make the folder, or find it as an earlier term left it. Raises StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise in_words(error, folder) from error
    return folder


def publish_own_files(staging: Path, output: Path, step: Callable[[str], None] = no_step) -> int:
    """Move everything into the output folder; returns the number of files.

    Raises StorageError, before anything is moved, when a file of that name is already there.
    """
    files = [
        Path(folder, name).relative_to(staging) for folder, _, names in os.walk(staging) for name in names
    ]
    for file in files:
        if (output / file).exists():
            raise StorageError(
                f"{output / file} is already there; nothing is ever overwritten.",
                remedy=f"Move it away, then resume the job; its own files wait in {staging}.",
            )
    try:
        for file in files:
            target = output / file
            target.parent.mkdir(parents=True, exist_ok=True)
            rename_without_overwriting(str(staging / file), str(target))
            step(f"moved {file}")
        for folder, _, _ in os.walk(staging, topdown=False):
            with suppress(FileNotFoundError):
                Path(folder).rmdir()
    except OSError as error:
        raise in_words(error, output) from error
    return len(files)
