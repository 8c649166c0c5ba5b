"""Standard streams that the process was started without."""

from __future__ import annotations

import os
import sys


def fill_standard_streams() -> None:
    """Let standard streams that the process was started without lead nowhere.

    Otherwise the next file that is opened, a journal perhaps, would get their number.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None and not _is_open(number):
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  # for as long as the process lives


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
