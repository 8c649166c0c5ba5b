"""`bscore job debug` scores one mini-batch again and leaves its job alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bscore.logtree.history import read_history
from bscore.logtree.source import LocalSource

SCRIPT = (
    "import os\n"
    "def run(mini_batch):\n"
    "    print('scoring', len(mini_batch))\n"
    "    if any(path.endswith('07.txt') for path in mini_batch):\n"
    "        raise ValueError('seven')\n"
    "    return [os.path.basename(path) for path in mini_batch]\n"
)


def bscore(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BSCORE_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "bscore.cli", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_one_mini_batch_is_scored_again_by_itself(tmp_path: Path) -> None:
    (tmp_path / "score.py").write_text(SCRIPT)
    (tmp_path / "in").mkdir()
    for number in range(12):
        (tmp_path / "in" / f"{number:02d}.txt").write_text("x")
    arguments = ["--script", "score.py", "--input", "in", "--output", "out", "--mini-batch-size", "4"]
    assert bscore(tmp_path, "run", *arguments, "--name", "first").returncode == 0
    before = read_history(LocalSource(tmp_path / "home/jobs/first")).run
    again = bscore(tmp_path, "job", "debug", "first")
    assert again.returncode == 1
    assert "scoring 4" in again.stderr
    assert again.stderr.startswith(
        "Mini-batch 1 of job first, by itself: what is called mini-batch 0 below\n"
    )
    assert "job resume" not in again.stderr
    assert bscore(tmp_path, "job", "show", "last", "--query", "name").stdout == '"first"\n'
    assert "ValueError: seven" in again.stderr
    well = bscore(tmp_path, "job", "debug", "first", "--mini-batch", "0")
    assert well.returncode == 0
    assert "3 rows" not in well.stderr
    assert "4 rows" in well.stderr
    missing = bscore(tmp_path, "job", "debug", "first", "--mini-batch", "9")
    assert missing.returncode == 2
    assert "it has 3, from 0 on" in missing.stderr
    assert read_history(LocalSource(tmp_path / "home/jobs/first")).run == before
