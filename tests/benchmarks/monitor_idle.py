"""What the monitor costs while nothing happens: first frame, bytes a second to the terminal, CPU.

python tests/benchmarks/monitor_idle.py TREE [seconds] [keys]
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from dataclasses import dataclass

import psutil
from measuring import clean_environment

_SIZE = (45, 160)


@dataclass(frozen=True)
class Cost:
    """Seconds to the first frame, then per second of watching: bytes and share of a core; MiB at the end."""

    first_frame_s: float
    first_bytes: int
    bytes_s: float
    cpu_percent: float
    rss_mib: float


def measure(tree: str, seconds: float, keys: str = "", environ: dict[str, str] | None = None) -> Cost:
    """Run the monitor on a pty, let it settle for two seconds, then count."""
    began_s = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.clear()
        os.environ.update(clean_environment() | {"TERM": "xterm-256color", "COLORTERM": "truecolor"})
        os.environ.update(environ or {})
        os.execv(sys.executable, [sys.executable, "-m", "bscore_tui", tree])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", *_SIZE, 0, 0))
    try:
        first_bytes, first_s = _until_drawn(fd, began_s)
        for key in keys:
            os.write(fd, key.encode())
            _read(fd, 0.3)
        _read(fd, 3.0)
        process = psutil.Process(pid)
        before = process.cpu_times()
        count = _read(fd, seconds)
        after = process.cpu_times()
        used_s = after.user + after.system - before.user - before.system
        rss = process.memory_info().rss / 2**20
    finally:
        os.kill(pid, signal.SIGTERM)
        _read(fd, 0.3)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)
    return Cost(first_s, first_bytes, count / seconds, 100 * used_s / seconds, rss)


def _until_drawn(fd: int, began_s: float) -> tuple[int, float]:
    """Bytes and seconds until the footer was drawn."""
    data = b""
    while b"quit" not in data and b"back" not in data:
        if not select.select([fd], [], [], 20)[0]:
            raise TimeoutError("nothing was drawn for 20 s: " + repr(data[-300:]))
        data += os.read(fd, 1 << 16)
    return len(data), time.monotonic() - began_s


def _read(fd: int, seconds: float) -> int:
    """Count what comes within so many seconds."""
    count = 0
    until_s = time.monotonic() + seconds
    while (rest_s := until_s - time.monotonic()) > 0:
        if select.select([fd], [], [], rest_s)[0]:
            try:
                count += len(os.read(fd, 1 << 16))
            except OSError:
                return count
    return count


if __name__ == "__main__":
    watched_s = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    cost = measure(sys.argv[1], watched_s, sys.argv[3] if len(sys.argv) > 3 else "")
    print(f"first frame   {cost.first_frame_s:.2f} s, {cost.first_bytes:,} bytes")
    print(f"then          {cost.bytes_s:,.1f} bytes/s, {cost.cpu_percent:.2f} % of a core")
    print(f"memory        {cost.rss_mib:.0f} MiB")
