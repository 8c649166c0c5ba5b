"""Runs one step of building an environment: output kept in a log, progress told, nothing left behind."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from bscore.environments.child_group import end_group

_QUIET_FOR_S = 30.0
_KEPT_LINES = 400
_MOST_LINE_BYTES = 64 * 1024
_TOLD = ("Collecting ", "Downloading ", "Building wheel", "Installing collected", "Obtaining ")
#: They would reach into the environment from outside; PIP_USER would put packages beside it.
_LEFT_OUT = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__", "PIP_TARGET", "PIP_PREFIX")
_SET = {
    "PIP_USER": "0",
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_PROGRESS_BAR": "off",
    "PYTHONNOUSERSITE": "1",
}


def step_environment() -> dict[str, str]:
    """The environment of a step: the person's own, pip's configuration included, without what reaches in."""
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    return {**kept, **_SET}


def run_step(
    command: Sequence[str], *, folder: Path, log: BinaryIO, lock: int, say: Callable[[str], None]
) -> tuple[int, list[str]]:
    """Run a command in a folder; returns its exit code and its last lines. Ends it when interrupted.

    The process inherits the lock: should bscore be killed, nobody builds there before the installer is gone.
    """
    log.write(f"$ {' '.join(command)}\n".encode(errors="surrogateescape"))
    log.flush()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=step_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
        start_new_session=True,
        pass_fds=(lock,),
    )
    assert process.stdout is not None
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    try:
        with process.stdout as output:
            _follow(process, output.fileno(), log, lines, say)
        code = process.wait()
    except BaseException:
        end_group(process)
        raise
    return code, list(lines)


def _follow(
    process: subprocess.Popen[bytes], fd: int, log: BinaryIO, lines: deque[str], say: Callable[[str], None]
) -> None:
    begun = told = time.monotonic()
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while True:
            if selector.select(timeout=1.0):
                block = os.read(fd, 65536)
                if not block:
                    break
                log.write(block)
                log.flush()
                *whole, rest = (rest + block).split(b"\n")
                for raw in [*whole, rest] if len(rest) > _MOST_LINE_BYTES else whole:
                    lines.append(_clean(raw))
                    if lines[-1].lstrip().startswith(_TOLD):
                        say(lines[-1].strip())
                        told = time.monotonic()
                rest = b"" if len(rest) > _MOST_LINE_BYTES else rest
            elif process.poll() is not None:
                # Something that the installer started keeps the pipe open: not ours to wait for.
                break
            now = time.monotonic()
            if now - told >= _QUIET_FOR_S:
                told = now
                last = lines[-1].strip() if lines else "no output yet"
                say(f"still at it after {duration(now - begun)}: {last}")
    if rest:
        lines.append(_clean(rest))


def _clean(raw: bytes) -> str:
    text = raw.decode(errors="replace").rstrip()
    return "".join(char if char.isprintable() else " " for char in text)


def duration(seconds: float) -> str:
    """Seconds as people say them: 8 s, 1:31."""
    return f"{seconds:.0f} s" if seconds < 60 else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def telling_lines(lines: Sequence[str]) -> list[str]:
    """The installer's own message: from its first error on, without warnings about indexes and versions."""
    noise = ("WARNING:", "DEPRECATION:", "[notice]", "  WARNING:", "Looking in ")
    useful = [line for line in lines if line.strip() and not line.startswith(noise)]
    first = next((at for at, line in enumerate(useful) if line.lstrip().lower().startswith("error")), None)
    return useful[-15:] if first is None else useful[first:][-25:]
