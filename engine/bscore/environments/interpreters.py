"""Interpreters of this machine: where they are found, and what they say of themselves.

An interpreter is asked once per process with a tiny program that even Python 2.7 understands.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bscore.environments.python_versions import OLDEST, PythonWish, Version, exactly, shown
from bscore.errors import NotFoundError, UsageError

_PROBE_LIMIT_S = 60.0
_NAME = re.compile(r"python(3(?:\.\d+)?)?")
_SYSTEM = ("/usr/bin", "/usr/local/bin")
#: Says the facts as one JSON line behind a mark, because a sitecustomize may print, too.
_MARK = "bscore-probe:"
_PROBE = f"""
import json, sys
try:
    import importlib.util as u
    builds = all(u.find_spec(name) is not None for name in ("venv", "ensurepip"))
except Exception:
    builds = False
v = sys.version_info
print("{_MARK}" + json.dumps(dict(version=list(v[:3]), final=v[3] == "final", prefix=sys.prefix,
    virtual=getattr(sys, "base_prefix", sys.prefix) != sys.prefix, builds=builds,
    usual=hasattr(sys, "implementation") and sys.implementation.name == "cpython"
    and "t" not in getattr(sys, "abiflags", ""))))
"""


@dataclass(frozen=True, slots=True)
class Found:
    """An interpreter and what it said: `usual` is CPython with its lock, `builds` that it can make a venv."""

    path: Path
    version: Version
    prefix: Path
    is_virtual: bool
    final: bool
    usual: bool
    builds: bool

    @property
    def is_old(self) -> bool:
        """Too old for a worker to run in it."""
        return self.version < OLDEST


_probed: dict[tuple[str, int, int], Found] = {}


def named_interpreter(path: Path) -> Found:
    """The interpreter a person named: a file, or a folder with `bin/python` (venv, conda environment).

    Raises NotFoundError where none is, UsageError for one that cannot be used.
    """
    path = Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH111  # pathlib raises for an unknown user
    if path.is_dir():
        inside = [path / "bin" / "python", path / "bin" / "python3"]
        usable = [one for one in inside if one.is_file()]
        if not usable:
            raise NotFoundError(
                f"The folder {path} is no virtual environment: there is no bin/python in it.",
                remedy="Name an interpreter (…/bin/python) or a folder made by venv, virtualenv or conda.",
            )
        path = usable[0]
    if not path.is_file():
        raise NotFoundError(
            f"There is no interpreter {path}.",
            remedy="Name an interpreter (…/bin/python) or the folder of a virtual environment.",
        )
    found = probe(path)
    if found.is_old:
        raise UsageError(too_old(f"{path} is Python {shown(found.version)}"), remedy=_newer_remedy())
    return found


def too_old(what: str) -> str:
    """The sentence about a Python that workers cannot run in."""
    return f"{what}, and scripts run on Python {shown(OLDEST)} or newer."


def _newer_remedy() -> str:
    known = ", ".join(f"{shown(one.version)} ({one.path})" for one in all_interpreters() if not one.is_old)
    return f"Choose another with --python PATH; found on this machine: {known or 'none'}."


def probe(path: Path) -> Found:
    """Ask an interpreter what it is. Raises UsageError when it does not answer."""
    try:
        status = path.stat()
    except OSError as error:
        raise NotFoundError(f"There is no interpreter {path} ({error.strerror}).") from None
    key = (str(path), status.st_mtime_ns, status.st_size)
    if key not in _probed:
        _probed[key] = _ask(path)
    return _probed[key]


def _ask(path: Path) -> Found:
    command = [str(path), "-E", "-s", "-c", _PROBE]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_LIMIT_S, check=False
        )
        text = answer.stdout.decode(errors="replace")
        facts = json.loads(text[text.index(_MARK) + len(_MARK) :])
        version = tuple(map(int, facts["version"]))
        return Found(
            path,
            (version[0], version[1], version[2]),
            Path(facts["prefix"]),
            is_virtual=facts["virtual"],
            final=facts["final"],
            usual=facts["usual"],
            builds=facts["builds"],
        )
    except OSError as error:
        why = error.strerror or str(error)
    except subprocess.TimeoutExpired:
        why = f"no answer within {_PROBE_LIMIT_S:g} s"
    except (ValueError, KeyError, TypeError):
        said = answer.stderr.decode(errors="replace").strip().splitlines()[-1:]
        why = said[0] if said else f"exit code {answer.returncode} and no answer"
    raise UsageError(
        f"{path} cannot be used as a Python interpreter: {why}",
        remedy="Name an interpreter (…/bin/python) or the folder of a virtual environment with --python.",
    )


def all_interpreters(environ: Mapping[str, str] | None = None) -> list[Found]:
    """Every interpreter found on this machine, too old ones included, newest first."""
    found = {one.prefix: one for one in _answering(reversed([*_candidates(environ or os.environ)]))}
    return sorted(found.values(), key=lambda one: one.version, reverse=True)


def builders(wish: PythonWish | None, environ: Mapping[str, str] | None = None) -> list[Found]:
    """Interpreters that satisfy a wish, the best to build an environment with first.

    Best: able to make a venv, a final CPython, bscore's own version, then the newest.
    No wish means bscore's own major and minor version.
    """
    own = sys.version_info[:2]
    wish = wish or exactly(own)
    likely = [
        path
        for path, version in _candidates(environ or os.environ)
        if version is None or _may_fit(wish, version)
    ]
    fitting = [one for one in _answering(likely) if wish.allows(one.version) and not one.is_old]
    return sorted(
        fitting,
        key=lambda one: (one.builds, one.usual and one.final, one.version[:2] == own, one.version),
        reverse=True,
    )


def _may_fit(wish: PythonWish, known: tuple[int, ...]) -> bool:
    return wish.minor is None or known[:2] == wish.minor[: len(known)]


def _answering(paths: Iterator[tuple[Path, object]] | list[Path]) -> Iterator[Found]:
    for one in paths:
        try:
            yield probe(one[0] if isinstance(one, tuple) else one)
        except UsageError:
            continue


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[Path, tuple[int, ...] | None]]:
    """Files that look like interpreters, each real one once, with the version that the name tells."""
    seen: set[str] = set()
    for path, version in _places(environ):
        real = os.path.realpath(path)
        if real not in seen and os.access(real, os.X_OK) and os.path.isfile(real):
            seen.add(real)
            yield path, version


def _places(environ: Mapping[str, str]) -> Iterator[tuple[Path, tuple[int, ...] | None]]:
    home = Path(environ.get("HOME") or Path.home())
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    yield Path(getattr(sys, "_base_executable", None) or sys.executable), sys.version_info[:2]
    folders = [part for part in environ.get("PATH", os.defpath).split(os.pathsep) if part.startswith("/")]
    for folder in dict.fromkeys([*folders, *_SYSTEM]):
        # A pyenv shim is a program that chooses by the current folder; the real ones come next.
        if Path(folder) != pyenv / "shims":
            yield from _in_folder(Path(folder))
    for versions in (pyenv / "versions", uv):
        for name in _names(versions):
            for python in ("python3", "python"):
                yield versions / name / "bin" / python, _version_in(name)


def _in_folder(folder: Path) -> Iterator[tuple[Path, tuple[int, ...] | None]]:
    for name in _names(folder):
        if match := _NAME.fullmatch(name):
            yield folder / name, _version_in(name) if "." in (match[1] or "") else None


def _version_in(name: str) -> tuple[int, ...] | None:
    match = re.match(r"(?:cpython-|python)?(\d+)\.(\d+)", name)
    return (int(match[1]), int(match[2])) if match else None


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
