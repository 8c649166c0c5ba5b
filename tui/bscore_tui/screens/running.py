"""Runs a command of the list, and says what came of it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from bscore_tui.screens.commands import Command
from bscore_tui.views.safe import safe_text

if TYPE_CHECKING:
    from bscore_tui.screens.stage import Stage

#: A request that nobody has answered after a minute is given up by the command itself.
_COMMAND_S = 120.0
#: Lines of what a command printed that are shown.
_LINES = 6


def run_command(stage: Stage, command: Command) -> None:
    """Run a command; its outcome is shown when it comes, whatever is shown by then."""
    if command.foreground:
        with stage.monitor.away():
            _in_terminal(command)
        return
    stage.say(f"{command.line} {stage.options.glyphs.ellipsis}")
    stage.monitor.run_worker(lambda: _in_background(stage, command), thread=True, exit_on_error=False)


def _argv(command: Command) -> list[str]:
    """The command as this very installation runs it, whether or not it is on PATH."""
    return [sys.executable, "-m", "bscore.cli", *command.argv[1:]]


def _in_terminal(command: Command) -> None:
    try:
        subprocess.run(_argv(command), check=False)
        input("\nenter goes back to the monitor ")
    except (OSError, EOFError, KeyboardInterrupt):
        return


def _in_background(stage: Stage, command: Command) -> None:
    try:
        done = subprocess.run(
            _argv(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=_COMMAND_S, check=False
        )
        text = outcome(command, done.returncode, done.stderr, done.stdout)
    except subprocess.TimeoutExpired:
        text = f"x {command.name}: no answer within {_COMMAND_S:.0f} s; it was given up"
    except OSError as error:
        text = f"x {command.name} could not be started: {safe_text(str(error), 300)}"
    stage.app.call_from_thread(_said, stage, text)


def outcome(command: Command, code: int, stderr: bytes, stdout: bytes) -> str:
    """`cancel: ok`, with what it said; of one that failed the error's own text, each line by itself."""
    said = stderr.strip() or stdout.strip()
    lines = [safe_text(line, 300) for line in said.splitlines() if line.strip()]
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], f"and {len(lines) - _LINES + 1} more lines; y copies the command"]
    head = f"{command.name}: ok" if not code else f"x {command.name} failed (exit code {code})"
    return "\n".join([head, *lines]) if len(lines) > 1 or code else "  ".join([head, *lines])


def _said(stage: Stage, text: str) -> None:
    stage.say(text)
    stage.redraw()
