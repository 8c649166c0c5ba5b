"""Which interpreter runs a job's script: bscore's own, one that was named, or one built for it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bscore.environments.build import ensure
from bscore.environments.cache import Cache, Entry
from bscore.environments.conda_file import read_inline, read_wanted
from bscore.environments.interpreters import builders, named_interpreter
from bscore.environments.python_versions import Version, exactly
from bscore.environments.wanted import Wanted
from bscore.errors import NotFoundError, UsageError
from bscore.spec.config import EnvironmentSource, JobConfig

_VERSION_NAME = re.compile(r"(?:python)?(3\.\d+)")
_FILE_ENDINGS = (".yml", ".yaml", ".txt", ".in")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The interpreter that runs the script; `notes` are for the user."""

    path: Path
    version: Version
    notes: tuple[str, ...] = ()
    entry: Entry | None = None

    def hold(self) -> AbstractContextManager[None]:
        """Keep a built environment from being deleted while the job runs; nothing to do for others.

        Entering raises NotFoundError when it was deleted since it was found.
        """
        return contextlib.nullcontext() if self.entry is None else self.entry.hold()


def find_interpreter(config: JobConfig, home: Path, say: Callable[[str], None]) -> Interpreter:
    """The interpreter for a job, built first where the job brings a conda or requirements file.

    Raises NotFoundError, UsageError and SpecError: what was given, what is wrong, what to do.
    """
    found = look_for_interpreter(config, home)
    if isinstance(found, Interpreter):
        return found
    return _built(ensure(Cache(home), found, say), _notes(config, found))


def look_for_interpreter(config: JobConfig, home: Path) -> Interpreter | Wanted:
    """The interpreter for a job, or what has to be built before there is one; makes nothing.

    Raises what `find_interpreter` raises.
    """
    cache = Cache(home)
    source = config.environment
    if config.interpreter is not None:
        entry = cache.of_path(config.interpreter)
        if entry is None or entry.marker() is not None or wanted_environment(config) is None:
            unused = () if source is None or entry else (f"{_what(source)} is not used: --python is given",)
            return _named(config.interpreter, cache, unused)
    asked = source and (source.name or source.image or source.build or source.conda_file or source.conda)
    if source is None or not asked:
        own = sys.version_info
        return Interpreter(Path(sys.executable), (own[0], own[1], own[2]))
    wanted = wanted_environment(config)
    if wanted is None:
        return _by_name(source, cache)
    entry = cache.entry(wanted.key)
    return _built(entry, _notes(config, wanted)) if entry.marker() is not None else wanted


def _notes(config: JobConfig, wanted: Wanted) -> tuple[str, ...]:
    source = config.environment
    container = _container(source) if source else ""
    if not container:
        return wanted.notes
    return (f"{container} is not used: its conda file's packages are", *wanted.notes)


def wanted_environment(config: JobConfig) -> Wanted | None:
    """What has to be built for a job; None where nothing has. Raises SpecError with every mistake."""
    source = config.environment
    if source is None:
        return None
    if source.conda_file is not None:
        return read_wanted(source.conda_file)
    if source.conda:
        return read_inline(source.conda, source.conda_folder or config.code)
    if source.name.lower().endswith(_FILE_ENDINGS) and (path := _expanded(source.name)).is_file():
        return read_wanted(path)
    return None


def _named(path: Path, cache: Cache, notes: tuple[str, ...]) -> Interpreter:
    found = named_interpreter(path)
    return Interpreter(found.path, found.version, notes, cache.of_path(found.path))


def _built(entry: Entry, notes: tuple[str, ...]) -> Interpreter:
    version = entry.version()
    assert version is not None
    return Interpreter(entry.python, version, notes, entry)


def _by_name(source: EnvironmentSource, cache: Cache) -> Interpreter:
    name = source.name
    path = _expanded(name)
    if name and (path.is_absolute() or os.sep in name) and path.exists():
        return _named(path, cache, _container_note(source))
    if name and (match := _VERSION_NAME.fullmatch(name)):
        major, minor = match[1].split(".")
        found = builders(exactly((int(major), int(minor))))
        if found:
            return Interpreter(found[0].path, found[0].version, _container_note(source))
    if name and not _container(source):
        with contextlib.suppress(NotFoundError):
            return _built(cache.find(name), ())
    raise UsageError(f"{_what(source)} cannot be had here: {_why(source)}", remedy=_three_ways())


def _container_note(source: EnvironmentSource) -> tuple[str, ...]:
    container = _container(source)
    return (f"{container} is not used",) if container else ()


def _container(source: EnvironmentSource) -> str:
    """What of an environment only a container could be made of; empty for nothing."""
    if source.build:
        return f"environment.build {source.build}"
    return f"environment.image {source.image}" if source.image else ""


def _what(source: EnvironmentSource) -> str:
    if source.conda_file is not None or source.conda:
        return f"environment.conda_file {source.conda_file or '(inline)'}"
    return _container(source) or f"environment {source.name}"


def _why(source: EnvironmentSource) -> str:
    if source.build:
        return "bscore runs scripts as processes of this machine and builds no images."
    if source.image:
        return "bscore runs scripts as processes of this machine and pulls no images."
    return "it is no file or folder, and no environment that was built here has this name."


def _three_ways() -> str:
    return (
        "Name an interpreter in one of three ways:\n"
        "  --python PATH                       an interpreter, or a virtual environment's folder\n"
        "  environment: {conda_file: FILE}     a conda or requirements file, built once and kept\n"
        "  environment: PATH                   the same as --python, written into the YAML\n"
        f"bscore's own interpreter is {sys.executable}."
    )


def _expanded(name: str) -> Path:
    return Path(os.path.expanduser(name))  # noqa: PTH111  # pathlib raises for an unknown user
