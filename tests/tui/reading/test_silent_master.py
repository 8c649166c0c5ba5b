"""Of a master that shows no sign of life it is said whether its process is frozen or gone, and what to do."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

from bscore.logtree import paths
from bscore.logtree.source import LocalSource
from bscore.observe.life import process_start
from bscore_tui.reading import plain
from bscore_tui.reading.reader import JobReader
from bscore_tui.views.overview import overview
from bscore_tui.views.styles import Options, text_of
from histories import World
from tui_trees import journals_of, running

NOBODY = 2**22 + 5


def tree_of(folder: Path, pid: int, host: str) -> Path:
    """A run that has not ended, with a lease that was last renewed long ago."""
    facts = {
        "host": host,
        "boot_id": "b",
        "pid": pid,
        "started": process_start(pid) or 1,
        "term": 1,
        "beat": 9,
    }
    files = journals_of(running(World(1, mini_batches=500, checked=False), 60).history)
    files |= {paths.LEASE: json.dumps(facts).encode(), paths.LOCK: b""}
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    long_ago = time.time() - 60
    os.utime(folder / paths.LEASE, (long_ago, long_ago))
    return folder


def shown(tree: Path) -> str:
    reader = JobReader(LocalSource(str(tree)))
    plain.read_all(reader)
    return "\n".join(text_of(line) for line in overview(reader.model(), 100, 30, Options()).lines)


def test_a_frozen_master_is_named_with_the_two_signals(tmp_path: Path) -> None:
    pid = os.getpid()
    tree = tree_of(tmp_path / "job", pid, socket.gethostname())
    with (tree / paths.LOCK).open():
        text = shown(tree)
    assert f"process {pid}, is frozen: no sign of life since" in text
    assert f"1  kill -CONT {pid} " in text
    assert f"2  kill -KILL {pid} " in text
    assert "1  bscore job resume" not in text


def test_one_that_is_gone_is_said_to_be_gone(tmp_path: Path) -> None:
    text = shown(tree_of(tmp_path / "job", NOBODY, socket.gethostname()))
    assert f"process {NOBODY}, is gone: no sign of life since" in text
    assert "1  bscore job resume" in text
    assert "kill" not in text


def test_of_a_copy_neither_is_claimed(tmp_path: Path) -> None:
    """Its lease names a process that lives but works on the original."""
    text = shown(tree_of(tmp_path / "job", os.getpid(), socket.gethostname()))
    assert "why      no sign of life since" in text
    assert "1  bscore job resume" in text
