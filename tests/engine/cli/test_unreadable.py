"""Scripts and folders that the user may not read: a clear error, never a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

#: Root reads everything unless it gives that right away.
POWERLESS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []

pytestmark = pytest.mark.skipif(
    bool(POWERLESS) and not shutil.which("setpriv"), reason="root may read everything"
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    for folder in ("code", "closed"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "score.py").write_text("def run(mini_batch):\n    return mini_batch\n")
    (tmp_path / "code" / "closed.py").touch(mode=0)
    (tmp_path / "closed").chmod(0)
    yield tmp_path
    (tmp_path / "closed").chmod(0o700)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--script", "code/closed.py"], "closed.py cannot be read: Permission denied"),
        (["--script", "closed/score.py"], "code: cannot be read: Permission denied, given"),
        (["--code", "closed", "--script", "score.py"], "code: cannot be read: Permission denied, given"),
        (["--script", "code/score.py", "--model", "closed/m"], "--model: cannot be reached: Permission"),
    ],
)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_what_may_not_be_read_is_named(place: Path, command: str, words: list[str], said: str) -> None:
    done = subprocess.run(
        [
            *POWERLESS,
            sys.executable,
            "-m",
            "bscore.cli",
            command,
            *words,
            "--input",
            "code",
            "--output",
            "out",
        ],
        cwd=place,
        env={**os.environ, "BSCORE_HOME": str(place / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "settings.json" not in done.stdout + done.stderr
