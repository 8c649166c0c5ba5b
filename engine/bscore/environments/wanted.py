"""What an environment is to be made of, and the key that its content gives it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from bscore.environments.python_versions import PythonWish
from bscore.spec.problems import Place

_FORMAT = 1
_MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line for pip; `name` is "" for what has none (a path or URL), `path` a file or folder here."""

    text: str
    name: str
    place: Place
    #: The conda package it stands for, "" when it was written for pip.
    conda_name: str = ""
    path: Path | None = None

    @property
    def normal(self) -> str:
        """The same for lines that mean the same to pip."""
        text = re.sub(r"\s*(===|==|~=|!=|<=|>=|<|>|,|;)\s*", r"\1", " ".join(self.text.split()))
        if self.name and text.startswith(self.name):
            text = re.sub(r"[-_.]+", "-", self.name).lower() + text[len(self.name) :]
        return text


@dataclass(frozen=True, slots=True)
class Wanted:
    """The content of an environment to build; `options` and `constraints` are lines for pip."""

    name: str
    #: Where it was asked for: a file, or "environment" for text inside the job.
    source: str
    python: PythonWish | None
    requirements: tuple[Requirement, ...]
    options: tuple[str, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Sixteen hex digits: equal for equal content, Python and platform, whatever the files are called."""
        content = {
            "format": _FORMAT,
            # Without a wish it is bscore's own minor version that is built with.
            "python": self.python.text if self.python else "own " + ".".join(map(str, sys.version_info[:2])),
            "platform": [sys.platform, platform.machine(), platform.libc_ver()[0]],
            "requirements": sorted({one.normal for one in self.requirements}),
            "constraints": sorted({one.normal for one in self.constraints}),
            "options": self.options,
            "files": sorted(
                {line for one in self.requirements if one.path for line in _fingerprint(one.path)}
            ),
        }
        return hashlib.sha256(json.dumps(content).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _fingerprint(path: Path) -> list[str]:
    """What changes when a package that lies here does: names, sizes and times of its files."""
    lines: list[str] = []
    if not path.is_dir():
        return [_stamp(path)]
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not _made_by_building(name))
        lines.extend(_stamp(Path(folder, name)) for name in sorted(files))
        if len(lines) > _MOST_FILES:
            break
    return lines


def _made_by_building(name: str) -> bool:
    """Folders that pip leaves in a package it built from source; they must not make it another one."""
    return name in {"__pycache__", "build", "dist"} or name.endswith(".egg-info") or name.startswith(".")


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return f"{path} gone"
    return f"{path} {status.st_size} {status.st_mtime_ns}"
