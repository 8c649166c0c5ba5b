"""Environments that were built: found by key, listed, held while in use, deleted.

Below `<home>/environments`: `<key>/` with `venv`, `install.log`, `requirements.txt`, `used` (its time is the
last use) and `environment.json`, written last: without it an environment is not whole. `<key>.lock` stands
beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bscore.environments import locks
from bscore.environments.python_versions import Version
from bscore.errors import BscoreError, NotFoundError, StorageError, UsageError

_KEY = re.compile(r"[0-9a-f]{16}")
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Marker:
    """What an environment is: written once it is whole. `requirements` are what pip was asked for."""

    name: str
    python: str
    base: str
    requirements: list[str]
    build_s: float
    size_bytes: int
    format: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """The place of one environment; it need not exist."""

    root: Path
    key: str

    @property
    def folder(self) -> Path:
        """All of it but the lock."""
        return self.root / self.key

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def log(self) -> Path:
        """What the installer said."""
        return self.folder / "install.log"

    @property
    def lock(self) -> Path:
        """The lock that its users share."""
        return self.root / f"{self.key}.lock"

    @property
    def last_used_s(self) -> float:
        """Unix time of the last use, or of the last change; 0 when it is not there."""
        for path in (self.folder / "used", self.folder):
            with contextlib.suppress(OSError):
                return path.stat().st_mtime
        return 0.0

    def marker(self) -> Marker | None:
        """What it is; None while it is not whole, or when its base interpreter was removed."""
        try:
            marker = Marker(**json.loads((self.folder / "environment.json").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return marker if self.python.exists() else None

    def version(self) -> Version | None:
        """The Python version of a whole environment."""
        marker = self.marker()
        if marker is None:
            return None
        numbers = [*map(int, marker.python.split(".")), 0, 0]
        return numbers[0], numbers[1], numbers[2]

    def complete(self, marker: Marker) -> None:
        """Say that it is whole."""
        path = self.folder / "environment.json"
        part = path.with_suffix(".part")
        with part.open("w") as stream:
            json.dump(asdict(marker), stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        part.rename(path)
        self.touch()

    def touch(self) -> None:
        """Note that it is used now."""
        with contextlib.suppress(OSError):
            (self.folder / "used").touch()

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep it from being deleted. Raises NotFoundError when that happened already."""
        fd = locks.take(self.lock, exclusive=False, wait=True)
        assert fd is not None
        try:
            if self.marker() is None:
                raise NotFoundError(
                    f"The environment {self.key} was deleted in the meantime.",
                    remedy="Start the job again; it is built anew.",
                )
            self.touch()
            yield
        finally:
            os.close(fd)


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list; `state` is ready, in use, being built or not whole."""

    key: str
    name: str
    python: str
    packages: int
    size_bytes: int
    last_used_s: float
    state: str
    path: str


class Cache:
    """All environments below one bscore home."""

    def __init__(self, home: Path) -> None:
        self.root = home.absolute() / "environments"

    def entry(self, key: str) -> Entry:
        """The place for a key."""
        return Entry(self.root, key)

    def entries(self) -> list[Entry]:
        """All that are there, whole or not."""
        try:
            names = sorted(os.listdir(self.root))
        except OSError:
            return []
        return [Entry(self.root, name) for name in names if _KEY.fullmatch(name)]

    def of_path(self, path: Path) -> Entry | None:
        """The environment that a path lies in."""
        try:
            first = Path(os.path.abspath(path)).relative_to(self.root).parts[0]
        except (ValueError, IndexError):
            return None
        return Entry(self.root, first) if _KEY.fullmatch(first) else None

    def listed(self) -> list[Listed]:
        """What the list shows, last used first."""
        lines = [_listed(entry) for entry in self.entries()]
        return sorted(lines, key=lambda line: line.last_used_s, reverse=True)

    def find(self, name: str) -> Entry:
        """The environment with this name or with a key that begins so.

        Raises NotFoundError for none, UsageError for several.
        """
        entries = self.entries()
        found = [one for one in entries if len(name) >= 4 and one.key.startswith(name)]
        found = found or [one for one in entries if (marker := one.marker()) and marker.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            keys = ", ".join(one.key for one in found)
            raise UsageError(f"{name} names several environments: {keys}.", remedy="Name one by its key.")
        raise NotFoundError(
            f"There is no built environment {name!r}.",
            remedy="See 'bscore environment list'.",
        )

    def delete(self, entry: Entry) -> None:
        """Remove an environment. Raises UsageError while a job uses or builds it."""
        fd = locks.take(entry.lock, exclusive=True, wait=False)
        if fd is None:
            raise UsageError(
                f"The environment {entry.key} is in use.",
                remedy="Wait for its jobs, or cancel them.",
            )
        try:
            remove(entry.folder)
            entry.lock.unlink(missing_ok=True)
        finally:
            os.close(fd)

    def prune(self, days: float, now_s: float) -> tuple[list[Listed], list[BscoreError]]:
        """Remove what was not used for so many days or is not whole; returns these, and what went wrong."""
        gone, errors = [], list[BscoreError]()
        for entry in self.entries():
            line = _listed(entry)
            if line.state in {"in use", "being built"}:
                continue
            if line.state == "ready" and now_s - line.last_used_s < days * _DAY_S:
                continue
            try:
                self.delete(entry)
                gone.append(line)
            except BscoreError as error:
                errors.append(error)
        return gone, errors


def _listed(entry: Entry) -> Listed:
    marker = entry.marker()
    state = "ready" if marker else "not whole"
    fd = locks.take(entry.lock, exclusive=True, wait=False) if entry.lock.exists() else None
    if fd is not None:
        os.close(fd)
    elif entry.lock.exists():
        state = "in use" if marker else "being built"
    return Listed(
        entry.key,
        marker.name if marker else "",
        marker.python if marker else "",
        len(marker.requirements) if marker else 0,
        marker.size_bytes if marker else size_bytes(entry.folder),
        entry.last_used_s,
        state,
        str(entry.folder / "venv"),
    )


def remove(folder: Path) -> None:
    """Remove a folder and all below it; marked as not whole first. Raises StorageError."""
    try:
        (folder / "environment.json").unlink(missing_ok=True)
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageError(f"{folder} cannot be removed: {error.strerror}.") from error


def size_bytes(folder: Path) -> int:
    """Bytes of all files below a folder, as far as they can be seen."""
    total = 0
    pending: Iterable[str] = [str(folder)]
    while pending:
        below = []
        for one in pending:
            with contextlib.suppress(OSError), os.scandir(one) as found:
                for item in found:
                    if item.is_dir(follow_symlinks=False):
                        below.append(item.path)
                    else:
                        with contextlib.suppress(OSError):
                            total += item.stat(follow_symlinks=False).st_size
        pending = below
    return total
