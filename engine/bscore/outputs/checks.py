"""An output that cannot be written, or is already there, is refused before anything runs."""

from __future__ import annotations

import errno
import os
import re
import tempfile

from bscore.errors import UsageError
from bscore.outputs.publish import temporary_name
from bscore.outputs.reservation import refuse_reserved

#: What file systems take as the name of a file or folder.
_NAME_BYTES = 255
_PROBE = b"bscore looks whether it can write here\n"


def check_output(folder: str | os.PathLike[str], name: str, mark: str = "", *, make: bool = True) -> None:
    """Make the folder, and see that `name` is free in it and that it takes a file. Raises UsageError.

    Without `make` a folder that is not there yet stays so: what is there of its path has to take a file.

    Part files that carry `mark` belong to this job; others are left alone, named and refused, since two
    jobs would write to the same output.
    """
    where = os.path.abspath(folder)
    if not name or "/" in name or "\0" in name or name in (".", ".."):
        raise UsageError(f"{name!r} is no name for an output file.", remedy="Name a file, without a folder.")
    if len(os.fsencode(temporary_name(name))) > 240:
        raise UsageError(f"The output file name {name!r} is too long.", remedy="Use at most 200 bytes.")
    if make:
        make_folder(where)
    elif not os.path.isdir(where):
        _probe_above(where)
        return
    refuse_there(os.path.join(where, name))
    refuse_parts(where, name, mark)
    if not mark:
        refuse_reserved(where, name)
    _probe(where)


def refuse_there(final: str | os.PathLike[str]) -> None:
    """Raise UsageError where the output is there already."""
    if os.path.lexists(final):
        raise UsageError(
            f"The output {os.fspath(final)} is already there; nothing is ever overwritten.",
            remedy="Move it away, or choose another output folder or file name.",
        )


def refuse_parts(folder: str | os.PathLike[str], name: str, mark: str = "") -> None:
    """Raise UsageError where a folder holds rows of another job than the one with this mark."""
    left = leftover_parts(folder, name, mark)
    if left:
        raise UsageError(
            f"{os.fspath(folder)} holds rows of another job that has not finished: {', '.join(left)}.",
            remedy="Finish that job with `bscore job resume`, remove these files, or choose another output.",
        )


def leftover_parts(folder: str | os.PathLike[str], name: str, mark: str = "") -> list[str]:
    """Names of part files for this output in the folder, empty ones and those that carry `mark` left out."""
    pattern = re.compile(rf"\.{re.escape(name)}\.\d+(?:\.([0-9a-f]+))?\.part")
    found = {entry: match for entry in os.listdir(folder) if (match := pattern.fullmatch(entry))}
    others = (entry for entry, match in found.items() if not mark or match[1] != mark)
    return sorted(entry for entry in others if _size(os.path.join(folder, entry)))


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def make_folder(folder: str | os.PathLike[str]) -> None:
    """Make an output folder, or find it. Raises UsageError."""
    try:
        os.makedirs(folder, exist_ok=True)
    except FileExistsError as error:
        what = "a link to nothing" if not os.path.exists(folder) else "a file"
        raise UsageError(f"The output folder {folder} is {what}.", remedy="Choose another folder.") from error
    except NotADirectoryError as error:
        raise UsageError(
            f"The output folder {folder} cannot be made: a part of its path is a file.",
            remedy="Choose another folder.",
        ) from error
    except OSError as error:
        raise UsageError(
            f"The output folder {folder} cannot be made: {error.strerror}.",
            remedy="Choose a folder that you may write to."
            if error.errno != errno.ENAMETOOLONG
            else "Choose a shorter name.",
        ) from error


def _probe_above(folder: str) -> None:
    """See that the folder can be made, in the nearest one above it."""
    above = folder
    if any(len(os.fsencode(name)) > _NAME_BYTES for name in folder.split("/")):
        raise UsageError(
            f"The output folder {folder} cannot be made: a name in it is too long.",
            remedy=f"Choose one of at most {_NAME_BYTES} bytes.",
        )
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if os.path.isdir(above):
        _probe(above)
    else:
        # What is in the way says best itself what is wrong; nothing can be made below it.
        make_folder(folder)


def _probe(folder: str) -> None:
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".bscore-probe-") as file:
            file.write(_PROBE)
            file.flush()
    except OSError as error:
        raise UsageError(
            f"The output folder {folder} takes no file: {error.strerror}.",
            remedy="Choose a folder that you may write to, with space left."
            if error.errno != errno.EFBIG
            else "The limit of `ulimit -f` is too low: raise it.",
        ) from error
