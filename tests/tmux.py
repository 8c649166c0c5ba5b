"""A real terminal: a tmux server of its own, what a person types into it, what is seen."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path


class Tmux:
    """Runs one command in a terminal of 80 x 24 until it is closed; `pressed` counts keys."""

    def __init__(self, folder: Path, command: list[str], environ: Mapping[str, str]) -> None:
        folder.mkdir(parents=True)
        self._tmux = ["tmux", "-S", str(folder / "socket"), "-f", "/dev/null", "-u"]
        self.pressed = 0
        size = ["-x", "80", "-y", "24"]
        kept = "; echo left with $?; exec cat"
        subprocess.run(
            [*self._tmux, "new-session", "-d", *size, shlex.join(command) + kept],
            # The account that runs the tests may have no login shell.
            env={"SHELL": "/bin/sh", **environ},
            check=True,
        )

    def _say(self, *arguments: str) -> str:
        done = subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    @property
    def text(self) -> str:
        """What is seen."""
        return self._say("capture-pane", "-p")

    def shell_pid(self) -> int:
        """The shell that runs the command."""
        return int(self._say("display-message", "-p", "#{pane_pid}"))

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names for them."""
        self.pressed += len(keys)
        self._say("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text; it counts as one key."""
        self.pressed += 1
        self._say("send-keys", "-l", text)

    def until(
        self, *words: str, true: Callable[[str], bool] = lambda _text: True, seconds: float = 15
    ) -> str:
        """Wait until all words are seen and something holds; the screen then."""
        until_s = time.monotonic() + seconds
        while True:
            text = self.text
            if all(word in text for word in words) and true(text):
                return text
            if time.monotonic() > until_s:
                raise AssertionError(f"{words} never came:\n{text}")
            time.sleep(0.03)

    def kill(self) -> None:
        """End the server: its terminal is lost; a second time is no mistake."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)
