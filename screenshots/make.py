"""The pictures of this folder: the real monitor, driven without a terminal, over real and generated jobs.

python screenshots/make.py

Two jobs are run by `bscore demo`: one whose script gets into trouble, seen at its end, and one seen while
it runs; the faces that these do not show come from the real jobs of `faces.py`. Two trees of 50 nodes x 8
workers come from `tests/golden_generator.py`: one is over, one stands in its middle. All lie below
/tmp/ada, which is made for this and removed, so that no path of the machine that draws them gets into a
picture.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import resvg_py

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tests"))

from faces import JOBS, start  # noqa: E402  # after the path of the tests

from bscore.errors import BscoreError  # noqa: E402  # after the path of the tests
from bscore.logtree import paths  # noqa: E402  # after the path of the tests
from bscore.logtree.history import read_history  # noqa: E402  # after the path of the tests
from bscore.logtree.source import LocalSource  # noqa: E402  # after the path of the tests
from bscore_tui.config import Settings  # noqa: E402  # after the path of the tests
from bscore_tui.feed import Feed  # noqa: E402  # after the path of the tests
from bscore_tui.monitor import Monitor  # noqa: E402  # after the path of the tests
from bscore_tui.setup import Setup  # noqa: E402  # after the path of the tests
from bscore_tui.views.screen import overview_screen  # noqa: E402  # after the path of the tests
from bscore_tui.views.styles import Options, text_of  # noqa: E402  # after the path of the tests
from golden_generator import Golden, generate  # noqa: E402  # after the path of the tests

_OWN_HOME = str(Path.home())
HOME = Path("/tmp/ada")  # noqa: S108  # a name that may stand in a picture
LARGE, SMALL = (120, 36), (80, 24)
MOST_BYTES = 300_000
_GOLDEN = Golden(
    mini_batches=20_000,
    items_each=20,
    mean_s=8.0,
    heartbeat_s=5.0,
    beats_per_sample=1,
    retry_share=0.004,
    job="nightly-0412",
)
_FONT = re.compile(r"@font-face \{.*?\}", re.DOTALL)
_FAMILIES = "'DejaVu Sans Mono', Menlo, Consolas, monospace"


@dataclass(frozen=True)
class Picture:
    """One file: what is typed before it is taken, and what must be seen by then."""

    name: str
    keys: tuple[str, ...]
    shown: str
    sizes: tuple[tuple[int, int], ...] = (LARGE,)


_BOTH = (LARGE, SMALL)
RUNNING = (Picture("overview", (), "running", _BOTH),)
DEMO = (
    Picture("overview-demo", (), "running"),
    Picture("worker", ("3", "down", "down", "enter"), "> 127.0.0.1 process"),
)
CHAOS = (
    Picture("overview-completed", (), "Completed", _BOTH),
    Picture("errors", ("4",), "attempts", _BOTH),
    Picture("trace", ("4", "enter"), "read_half_written_image"),
    Picture("mini_batch", ("4", "enter", "enter"), "STORY"),
    Picture("timeline", ("5",), "process000"),
    Picture("logs", ("6",), "FOLLOW"),
    Picture("files", ("6", "f"), "azureml-logs"),
    Picture("file", ("3", "down", "l"), "logs/"),
    Picture("actions", ("4", "a"), "debug"),
)
MIDDLE = (
    Picture("nodes", ("3",), "WORKER", _BOTH),
    Picture("resources", ("3", "v"), "resources"),
    Picture("batches", ("2",), "BATCH"),
    Picture("palette", ("colon",), "screen"),
    Picture("keys", ("question_mark",), "moving"),
)
ENDED = (Picture("errors-400-workers", ("4",), "attempts"),)


async def draw(tree: Path, pictures: tuple[Picture, ...], *, frozen: bool = False) -> None:
    """Take the pictures of one job; `frozen`: time stands still at its last record."""
    for picture in pictures:
        for size in picture.sizes:
            if frozen:
                # Drawn slowly, it would have been silent for too long.
                os.utime(tree / paths.JOURNAL)
            monitor = _monitor(tree, frozen)
            async with monitor.run_test(size=size) as pilot:
                await pilot.pause()
                for key in picture.keys:
                    await pilot.press(key)
                await _until(lambda: picture.shown in monitor.stage.as_text(), monitor)  # noqa: B023  # awaited here
                await pilot.pause(1.2)
                _save(monitor, f"{picture.name}-{size[0]}x{size[1]}")
            monitor.feed.stop()


def _monitor(tree: Path, frozen: bool) -> Monitor:
    last = read_history(LocalSource(tree)).run.last + 400_000
    feed = Feed(LocalSource(tree), now_us=(lambda: last) if frozen else lambda: time.time_ns() // 1000)
    feed.first()
    while feed.reader.poll()[1]:
        continue
    setup = Setup(Settings(), Options(), {}, "dark", root=str(tree), read_only=False)
    return Monitor(feed, feed.reader.model(), setup)


async def _until(true: Callable[[], bool], monitor: Monitor) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise RuntimeError("what a picture is to show never came:\n" + monitor.stage.as_text())


def _save(monitor: Monitor, name: str) -> None:
    svg = _FONT.sub("", monitor.export_screenshot(title="bscore-tui")).replace("Fira Code", _FAMILIES)
    _check_neutral(name, svg)
    (HERE / f"{name}.svg").write_text(svg)
    png = bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, font_family="DejaVu Sans Mono", monospace_family="DejaVu Sans Mono"
        )
    )
    if len(png) > MOST_BYTES:
        raise RuntimeError(f"{name}.png has {len(png):,} bytes, more than {MOST_BYTES:,}")
    (HERE / f"{name}.png").write_bytes(png)
    print(f"{name}  {len(png):,} bytes", flush=True)


def _check_neutral(name: str, svg: str) -> None:
    """Refuse a picture that tells where it was made."""
    text = unescape(re.sub("<[^>]*>", " ", svg)).replace("\xa0", " ")
    for word in (str(HERE.parent), _OWN_HOME, socket.gethostname(), sys.prefix):
        if len(word) > 2 and word in text:
            raise RuntimeError(f"{name} would show {word}")


def demo(*arguments: str) -> subprocess.Popen[bytes]:
    """Start `bscore demo` as somebody whose home is HOME."""
    command = [sys.executable, "-m", "bscore.cli", "demo", "--workers", "4", *arguments]
    return subprocess.Popen(
        command, cwd=HOME, env=_environ(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _environ() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(HOME), "USER": "ada", "TZ": "UTC", "LC_ALL": "C.UTF-8"}


def _has_done(tree: Path, mini_batches: int) -> bool:
    with suppress(BscoreError, OSError):
        return len(read_history(LocalSource(tree)).run.done) >= mini_batches
    return False


def _jobs(name: str) -> Path:
    return HOME / ".bscore" / "jobs" / name


def _draw_demos() -> None:
    chaos = demo("--chaos", "--name", "digits")
    if chaos.wait(timeout=120):
        raise RuntimeError(f"the demo ended with code {chaos.returncode}")
    asyncio.run(draw(_jobs("digits"), CHAOS))
    slow = demo("--seconds", "90", "--chaos", "--name", "digits-2")
    try:
        while not _has_done(_jobs("digits-2"), 90):
            time.sleep(0.2)
        asyncio.run(draw(_jobs("digits-2"), DEMO))
    finally:
        _end(slow)


def _draw_faces() -> None:
    running = [(job, start(job, HOME, _environ())) for job in JOBS]
    try:
        for job, process in sorted(running, key=lambda pair: pair[0].name):
            tree = _jobs(f"{job.name}-0411")
            _wait_for(tree, job.shown)
            asyncio.run(draw(tree, (Picture(f"overview-{job.name}", (), job.shown),)))
            _end(process)
    finally:
        for _, process in running:
            _end(process)


def _wait_for(tree: Path, shown: str) -> None:
    """Until the Overview of a job says that."""
    ends_s = time.monotonic() + 120
    while time.monotonic() < ends_s:
        feed = Feed(LocalSource(tree))
        feed.first()
        while feed.reader.poll()[1]:
            continue
        lines = overview_screen(feed.reader.model(), *LARGE, Options()) if feed.reader.there else []
        if any(shown in text_of(line) for line in lines):
            return
        time.sleep(0.5)
    raise RuntimeError(f"{tree.name} never said {shown}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.wait(timeout=90)


def _draw_golden() -> None:
    middle, ended = _jobs("nightly-0412"), _jobs("nightly-0411")
    generate(middle, Golden(**{**_GOLDEN.__dict__, "share": 0.62}))
    asyncio.run(draw(middle, RUNNING + MIDDLE, frozen=True))
    generate(ended, Golden(**{**_GOLDEN.__dict__, "job": "nightly-0411", "seed": 1}))
    asyncio.run(draw(ended, ENDED))


def main() -> None:
    """Make everything anew, or only `demo`, `faces` or `golden`."""
    os.environ |= {"TZ": "UTC", "HOME": str(HOME)}
    os.environ.pop("BSCORE_HOME", None)
    time.tzset()
    wanted = sys.argv[1:] or ["demo", "faces", "golden"]
    HOME.mkdir()
    try:
        if "demo" in wanted:
            _draw_demos()
        if "faces" in wanted:
            _draw_faces()
        if "golden" in wanted:
            _draw_golden()
    finally:
        shutil.rmtree(HOME)


if __name__ == "__main__":
    main()
