"""What keys do outside the screen: clipboard, $PAGER, a picture on disk, a command; what a row stands for."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bscore.core.state import Run
from bscore.logtree import paths
from bscore_tui import clipboard
from bscore_tui.screens.commands import Selection
from bscore_tui.views.model import Model
from bscore_tui.views.safe import safe_text
from bscore_tui.views.styles import Options
from bscore_tui.views.words import batch_name

if TYPE_CHECKING:
    from bscore_tui.screens.stage import Stage


#: Characters of what was copied that are said.
_SAID = 300


def copy(stage: Stage, text: str) -> None:
    """Copy, and say where it went and what it was."""
    where = clipboard.copy(text, stage.environ, stage.monitor.send)
    shown = text if len(text) <= _SAID else f"{text[:_SAID]}{stage.options.glyphs.ellipsis}"
    stage.say(f"{where}: {shown}")


def open_pager(stage: Stage, path: str, offset: int) -> None:
    """Open a file of the tree in $PAGER, at the byte `offset`; the screen comes back afterwards."""
    root = stage.monitor.root
    if not path or root is None:
        stage.say(
            "no file belongs to this page" if root is not None else "the log tree is not on this machine"
        )
        return
    file = Path(root) / path
    if not file.is_file():
        stage.say(f"not there: {safe_text(str(file), 200)}")
        return
    argv = pager_command(stage.environ.get("PAGER", ""), str(file), offset)
    try:
        with stage.monitor.away():
            subprocess.run(argv, check=False)
    except OSError as error:
        stage.say(f"{argv[0]}: {error.strerror}; set PAGER to a program that is there")


def pager_command(pager: str, file: str, offset: int) -> list[str]:
    """The pager's command line; only less and its relatives can begin inside a file."""
    argv = shlex.split(pager) or ["less"]
    if offset > 0 and os.path.basename(argv[0]) in ("less", "lessecho", "most"):
        argv.append(f"+{offset}P")
    return [*argv, "--", file] if os.path.basename(argv[0]) == "less" else [*argv, file]


def save_snapshot(stage: Stage) -> str:
    """Write the screen as SVG and text into the working folder; the answer says where."""
    page = stage.navigation.page.name.replace("_", "-")
    job = "".join(c if c.isalnum() or c in "-_." else "-" for c in stage.model.job) or "job"
    base = Path.cwd() / f"bscore-{job[:60]}-{page}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    try:
        base.with_name(base.name + ".svg").write_text(
            stage.app.export_screenshot(title=f"bscore {stage.model.job}"), encoding="utf-8"
        )
        base.with_name(base.name + ".txt").write_text(stage.as_text(), encoding="utf-8")
    except OSError as error:
        return f"no picture: {error.strerror}: {safe_text(str(base.parent), 100)}"
    return f"saved {base.name}.svg and .txt"


def next_zone(options: Options) -> tuple[str, int]:
    """UTC, then the zone of this machine, then UTC again: its name and minutes east."""
    local = time.localtime()
    minutes = (local.tm_gmtoff or 0) // 60
    if options.zone == "UTC" and (minutes or local.tm_zone != "UTC"):
        return local.tm_zone, minutes
    return "UTC", 0


def worker_of(target: str, model: Model) -> str:
    """The worker that a target is, or that runs it; empty for nobody."""
    kind, _, name = target.partition(":")
    if kind == "worker":
        return name
    if kind == "mb" and name.isdecimal():
        return next((row.id for row in model.workers if row.mini_batch == int(name)), "")
    if kind == "error":
        return next((row.worker for row in model.errors if row.key == name), "")
    return ""


def selection_of(target: str, model: Model, run: Run) -> Selection:
    """What a target stands for as it is now, whatever moment is shown; nothing for what no command takes."""
    kind, _, name = target.partition(":")
    if kind == "worker":
        living = name if name in run.workers else ""
        return Selection("worker " + " ".join(paths.split_worker(name)), living)
    if kind == "mb" and name.isdecimal():
        number = int(name)
        worker = run.workers.get(run.in_flight.get(number, ""))
        runs = worker.id if worker is not None and list(worker.queue)[:1] == [number] else ""
        where = f" on {' '.join(paths.split_worker(runs))}" if runs else ""
        is_open = number < run.mini_batches and number not in run.done and number not in run.abandoned
        return Selection(batch_name(number) + where, runs, number, is_open)
    row = next((row for row in model.errors if kind == "error" and row.key == name), None)
    if row is None or row.first_mini_batch is None or not row.is_attempt:
        return Selection()
    return Selection(
        f"{batch_name(row.first_mini_batch)}, the first with this error", "", row.first_mini_batch
    )


def batch_of(target: str, model: Model) -> str:
    """The mini-batch of a target, as a target; empty for none."""
    kind, _, name = target.partition(":")
    if kind == "mb":
        return target
    batch: int | None = None
    if kind == "worker":
        batch = next((row.mini_batch for row in model.workers if row.id == name), None)
    if kind == "error":
        batch = next((row.first_mini_batch for row in model.errors if row.key == name), None)
    return "" if batch is None else f"mb:{batch}"


def log_of(target: str, model: Model) -> str:
    """The log that belongs to a target, as a target; empty for none."""
    kind, _, name = target.partition(":")
    if kind in ("log", "file"):
        return target
    if kind == "node":
        return f"file:{paths.agent_log(name)}"
    worker = worker_of(target, model)
    if not worker:
        return ""
    return f"file:{paths.user_stdout(*paths.split_worker(worker))}"
