"""Whether the process of a lease still is there."""

from __future__ import annotations

import os
import subprocess
import sys

from bscore.observe.life import process_start


def test_a_process_that_nobody_waited_for_is_gone() -> None:
    assert process_start(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process_start(child.pid) is None
    assert child.wait() == 0
