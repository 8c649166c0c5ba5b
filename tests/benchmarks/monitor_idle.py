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
from collections.abc import Callable
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
    pid, fd = on_terminal([sys.executable, "-m", "bscore_tui", tree], environ or {})
    try:
        first_bytes, first_s = drawn(fd, began_s, lambda data: b"quit" in data or b"back" in data)
        for key in keys:
            os.write(fd, key.encode())
            read(fd, 0.3)
        read(fd, 3.0)
        process = psutil.Process(pid)
        before = process.cpu_times()
        count = read(fd, seconds)
        after = process.cpu_times()
        used_s = after.user + after.system - before.user - before.system
        rss = process.memory_info().rss / 2**20
    finally:
        end(pid, fd)
    return Cost(first_s, first_bytes, count / seconds, 100 * used_s / seconds, rss)


def on_terminal(command: list[str], environ: dict[str, str]) -> tuple[int, int]:
    """Start a command on a terminal of its own: its process and that terminal's other end."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.clear()
        os.environ.update(clean_environment() | {"TERM": "xterm-256color", "COLORTERM": "truecolor"})
        os.environ.update(environ)
        os.execv(command[0], command)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", *_SIZE, 0, 0))
    return pid, fd


def end(pid: int, fd: int) -> None:
    """End what `on_terminal` started."""
    os.kill(pid, signal.SIGTERM)
    read(fd, 0.3)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(fd)


def drawn(fd: int, began_s: float, seen: Callable[[bytes], bool]) -> tuple[int, float]:
    """Bytes and seconds until something was drawn. Raises TimeoutError after 60 s."""
    data = b""
    while not seen(data):
        if not select.select([fd], [], [], 60)[0]:
            raise TimeoutError("nothing was drawn for 60 s: " + repr(data[-300:]))
        data += os.read(fd, 1 << 16)
    return len(data), time.monotonic() - began_s


def read(fd: int, seconds: float) -> int:
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
