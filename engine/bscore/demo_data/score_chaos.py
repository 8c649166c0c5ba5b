"""Scores the same digits, but four of them bring the script into trouble the first time they are met.

One makes it raise, one hang, one is killed as by a system out of memory, one exits. At the next try each
is scored like any other: files in the folder given by --chaos-dir remember what has happened already.
With mini-batches of 400 images or fewer, no mini-batch meets two of them.

Options of this script, given as program_arguments:
  --chaos-dir DIR         where to remember; all workers must reach it, an empty one begins anew
  --seconds-per-batch X   as in score.py
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

import score

chaos_dir: str


def init() -> None:
    """Load the model and find the folder that remembers."""
    global chaos_dir
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--chaos-dir", required=True)
    chaos_dir = parser.parse_known_args()[0].chaos_dir
    os.makedirs(chaos_dir, exist_ok=True)
    score.init()


def run(mini_batch: list[str]) -> object:
    """Meet the trouble that is in this mini-batch, if any is left, else score it."""
    for path in mini_batch:
        name = os.path.basename(path)
        if name in TROUBLE and is_first_time(name):
            TROUBLE[name](path)
    return score.run(mini_batch)


def is_first_time(name: str) -> bool:
    """Whether no worker has met this image before; exactly one of them gets True."""
    try:
        os.close(os.open(os.path.join(chaos_dir, name + ".met"), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    return True


def read_half_written_image(path: str) -> None:
    """Fail as a script does whose input is still being written."""
    raise ValueError(f"{path}: image is truncated (61 of 64 pixels)")


def wait_for_label_service(path: str) -> None:
    """Hang as a script does that calls a service without a time-out."""
    say(f"Asking the label service about {path}")
    while True:
        time.sleep(3600)


def run_out_of_memory(path: str) -> None:
    """Die as a process does that the system kills for its memory."""
    say(f"Enlarging {path} a millionfold")
    os.kill(os.getpid(), signal.SIGKILL)


def call_library_that_exits(path: str) -> None:
    """Die as a process does whose C library calls exit: no exception ever reaches Python."""
    say(f"libdigits: fatal: no licence for {path}")
    os._exit(3)


def say(text: str) -> None:
    """Print so that the text survives a sudden death."""
    print(text, file=sys.stderr, flush=True)


TROUBLE = {
    "digit_0200.png": read_half_written_image,
    "digit_0600.png": wait_for_label_service,
    "digit_1000.png": run_out_of_memory,
    "digit_1400.png": call_library_that_exits,
}
