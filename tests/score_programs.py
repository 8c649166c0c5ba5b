"""Programs that use bscore from Python, each a process of its own that says facts as JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

#: What every program begins with, and how it says what it found.
_HEAD = """
import json, os, sys, threading, time, warnings
import bscore
def say(**facts):
    print(json.dumps(facts, default=str), flush=True)
"""


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "BSCORE_HOME": str(folder / "home")}


def start(folder: Path, text: str) -> subprocess.Popen[str]:
    program = folder / "program.py"
    program.write_text(_HEAD + textwrap.dedent(text))
    return subprocess.Popen(
        [sys.executable, str(program)],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str], code: int = 0) -> dict[str, Any]:
    """What a program said, all its facts together."""
    try:
        said, errors = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        said, errors = process.communicate()
    assert process.returncode == code, errors
    facts: dict[str, Any] = {}
    for line in said.splitlines():
        facts |= json.loads(line)
    return facts


def program(folder: Path, text: str) -> dict[str, Any]:
    return ended(start(folder, text))
