"""Builds an environment once: a virtual environment of the chosen interpreter, filled by its own pip.

It is built where it stays, because virtual environments cannot be moved, under an exclusive lock. Until its
marker is written it counts for nothing: a build that was killed is started over.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from bscore.environments import locks
from bscore.environments.cache import Cache, Entry, Marker, remove, size_bytes
from bscore.environments.child_group import signals_interrupt
from bscore.environments.installer import duration, run_step, telling_lines
from bscore.environments.interpreters import Found, all_interpreters, builders
from bscore.environments.not_found import is_unreachable, missing
from bscore.environments.python_versions import PythonWish, Version, shown
from bscore.environments.wanted import Wanted
from bscore.errors import NotFoundError, StorageError, UsageError
from bscore.spec.problems import SpecError

Say = Callable[[str], None]

_GLANCES, _GLANCE_S = 5, 0.02


def ensure(cache: Cache, wanted: Wanted, say: Say) -> Entry:
    """The environment with this content: found, waited for, or built.

    Raises UsageError when it cannot be built, SpecError for packages that do not exist, KeyboardInterrupt
    when this process is told to end while it builds.
    """
    entry = cache.entry(wanted.key)
    try:
        cache.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{cache.root} cannot be made: {error.strerror}.", remedy="Set BSCORE_HOME to a folder of yours."
        ) from error
    if _is_ready(entry, say):
        return entry
    fd = locks.take(entry.lock, exclusive=True, wait=True)
    assert fd is not None
    try:
        if entry.marker() is None:
            with signals_interrupt():
                _build(entry, wanted, fd, say)
        entry.touch()
    finally:
        os.close(fd)
    return entry


def _is_ready(entry: Entry, say: Say) -> bool:
    """Whether it is whole; waits for another job that is building it."""
    fd = locks.take(entry.lock, exclusive=False, wait=False)
    for _ in range(_GLANCES):
        # Who lists or deletes takes the lock for a moment, too.
        if fd is not None:
            break
        time.sleep(_GLANCE_S)
        fd = locks.take(entry.lock, exclusive=False, wait=False)
    if fd is None:
        say(f"another job is building environment {entry.key}: waiting for it (its progress: {entry.log})")
        fd = locks.take(entry.lock, exclusive=False, wait=True)
    assert fd is not None
    try:
        ready = entry.marker() is not None
        if ready:
            entry.touch()
    finally:
        os.close(fd)
    return ready


def plan(wanted: Wanted, say: Say) -> str:
    """What a build would do, in words. Raises NotFoundError or UsageError where no interpreter can do it."""
    return f"Python {shown(_choose(wanted, say).version)}, {_packages(wanted)}"


def _build(entry: Entry, wanted: Wanted, fd: int, say: Say) -> None:
    begun = time.monotonic()
    base = _choose(wanted, say)
    try:
        remove(entry.folder)
        entry.folder.mkdir()
        with entry.log.open("wb") as log:
            say(
                f"building environment {wanted.name} ({entry.key}) from {wanted.source}: "
                f"Python {shown(base.version)}, {_packages(wanted)}"
            )
            _make_venv(entry, base, log, fd, say)
            _install(entry, wanted, base.version, log, fd, say)
        build_s = time.monotonic() - begun
        asked = [one.text for one in wanted.requirements]
        size = size_bytes(entry.folder)
        entry.complete(Marker(wanted.name, shown(base.version), str(base.path), asked, build_s, size))
    except OSError as error:
        raise StorageError(
            f"The environment cannot be built in {entry.folder}: {error.strerror or error}.",
            remedy="Make room there, or set BSCORE_HOME to another folder.",
        ) from error
    except BaseException as error:
        # Of a build that failed the log stays, to be read.
        half = entry.folder if isinstance(error, KeyboardInterrupt) else entry.folder / "venv"
        with contextlib.suppress(StorageError):
            remove(half)
        raise
    say(f"built environment {wanted.name} in {duration(build_s)}, kept for the next job")


def _packages(wanted: Wanted) -> str:
    count = len(wanted.requirements)
    return f"{count} package{'' if count == 1 else 's'}"


def _choose(wanted: Wanted, say: Say) -> Found:
    wish = wanted.python
    found = builders(wish)
    if not found and wish is not None and (looser := wish.without_patch()) is not None:
        found = builders(looser)
        if found:
            say(f"{wanted.source} asks for Python {wish.text.lstrip('=')}: {shown(found[0].version)} is used")
    if not found:
        raise NotFoundError(
            f"{wanted.source} asks for Python {_asked(wish)}, and there is none on this machine.",
            remedy=_how_to_get(wish),
        )
    if not found[0].builds:
        best = found[0]
        minor = shown(best.version[:2])
        raise UsageError(
            f"{best.path} (Python {shown(best.version)}) cannot make a virtual environment: its modules venv "
            "and ensurepip are not installed.",
            remedy=f"Install them (Debian, Ubuntu: apt install python{minor}-venv), or make one yourself "
            f"(virtualenv -p {best.path} FOLDER) and name it with --python FOLDER.",
        )
    return found[0]


def _asked(wish: PythonWish | None) -> str:
    return wish.text.lstrip("=") if wish else "3"


def _how_to_get(wish: PythonWish | None) -> str:
    known = ", ".join(f"{shown(one.version)} ({one.path})" for one in all_interpreters() if not one.is_old)
    minor = shown(wish.minor) if wish is not None and wish.minor else "3.11"
    return (
        f"Found: {known or 'none'}. Install it ('uv python install {minor}', 'pyenv install {minor}'), "
        "change python= in the file, or name an interpreter with --python PATH."
    )


def _make_venv(entry: Entry, base: Found, log: BinaryIO, fd: int, say: Say) -> None:
    command = [str(base.path), "-I", "-m", "venv", str(entry.folder / "venv")]
    code, lines = run_step(command, folder=entry.folder, log=log, lock=fd, say=say)
    if code != 0:
        raise UsageError(
            _failed(f"{base.path} -m venv exited with {code}", lines),
            remedy=f"The whole output: {entry.log}. Choose another interpreter with --python PATH.",
        )


def _install(entry: Entry, wanted: Wanted, version: Version, log: BinaryIO, fd: int, say: Say) -> None:
    # An exact pip in the file is there to install the others with it.
    pips = [one for one in wanted.requirements if one.name.lower() == "pip"]
    others = [one for one in wanted.requirements if one not in pips]
    for group in (pips, others):
        if not group:
            continue
        listed = entry.folder / "requirements.txt"
        _write(listed, [*wanted.options, *(one.text for one in group)])
        command = [str(entry.python), "-I", "-u", "-m", "pip", "install", "-r", str(listed)]
        if wanted.constraints:
            constraints = entry.folder / "constraints.txt"
            _write(constraints, [one.text for one in wanted.constraints])
            command += ["-c", str(constraints)]
        code, lines = run_step(command, folder=entry.folder, log=log, lock=fd, say=say)
        if code != 0:
            raise _install_failed(entry, wanted, version, code, lines)


def _install_failed(
    entry: Entry, wanted: Wanted, version: Version, code: int, lines: list[str]
) -> UsageError:
    if problems := missing(wanted, entry.python, version, lines):
        error = SpecError(problems)
        error.remedy = (
            "Give the name and version that pip knows (below 'pip:' in a conda file), or make the "
            f"environment with conda and name its folder with --python. The installer's output: {entry.log}"
        )
        return error
    remedy = f"The whole output: {entry.log}."
    if is_unreachable(lines):
        remedy += " The package index could not be reached: check the network and pip's configuration."
    return UsageError(
        _failed(f"The environment from {wanted.source} could not be built, pip exited with {code}", lines),
        remedy=remedy,
    )


def _failed(what: str, lines: list[str]) -> str:
    told = telling_lines(lines)
    return "\n  ".join([f"{what}:", *told]) if told else f"{what}, without a word."


def _write(path: Path, lines: list[str]) -> None:
    # An index's URL may hold a password.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write("".join(f"{line}\n" for line in lines).encode(errors="surrogateescape"))
