"""Whole jobs in environments that bscore builds from conda files, kept between the runs of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from bscore.environments.build import ensure
from bscore.environments.cache import Cache
from bscore.environments.conda_file import read_wanted
from bscore.errors import NotFoundError, UsageError

#: Built environments are big and slow to make: they stay here.
KEPT = Path(
    os.environ.get("BSCORE_TEST_ENVIRONMENTS", Path(tempfile.gettempdir(), "bscore-test-environments"))
)


def conda_file(folder: Path, python: str, *packages: str) -> Path:
    """A conda file as people have it."""
    path = folder / "conda.yaml"
    lines = "".join(f"      - {package}\n" for package in packages)
    head = f"name: test\nchannels:\n  - conda-forge\ndependencies:\n  - python={python}\n"
    path.write_text(f"{head}  - pip\n  - pip:\n{lines}")
    return path


def python_of(conda: Path) -> Path:
    """The interpreter of the environment that this conda file describes; skips where it cannot be had."""
    try:
        return ensure(Cache(KEPT), read_wanted(conda), print).python
    except NotFoundError as error:
        pytest.skip(f"no such Python here: {error}")
    except UsageError as error:
        if "index" in str(error):
            pytest.skip(f"no package index here: {error}")
        raise


@dataclass
class Ran:
    """A job that has ended."""

    code: int
    output: str
    stderr: str
    tree: Path

    def text(self, pattern: str) -> str:
        """All files of the tree that match, one after the other."""
        return "".join(path.read_text() for path in sorted(self.tree.glob(pattern)))


def run_job(folder: Path, *arguments: str) -> Ran:
    """`bscore run` in `folder`, with its rows in `folder/out`."""
    home = folder / "home"
    home.mkdir()
    KEPT.joinpath("environments").mkdir(parents=True, exist_ok=True)
    (home / "environments").symlink_to(KEPT / "environments")
    environment = {**os.environ, "BSCORE_HOME": str(home)}
    command = [sys.executable, "-m", "bscore.cli", "run", "--output", "out", *arguments]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    trees = [path.parent for path in home.rglob("job.yml")]
    assert len(trees) == 1, ended.stderr
    files = [path for path in (folder / "out").glob("*") if path.is_file()]
    return Ran(ended.returncode, files[0].read_text() if len(files) == 1 else "", ended.stderr, trees[0])


def write(folder: Path, name: str, text: str) -> Path:
    """A file below the folder, its text without indentation."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path
