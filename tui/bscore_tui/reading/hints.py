"""Hints that something in a tree changed, where the file system gives them; never relied upon."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from watchfiles import watch

from bscore.logtree import paths

_WAIT_S = 1.0


class Hints:
    """Calls `wake` from a thread of its own soon after the journal's folder changed."""

    def __init__(self, root: str, wake: Callable[[], None]) -> None:
        self._folder = Path(root) / Path(paths.JOURNAL).parent
        self._wake = wake
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bscore-hints", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        while not self._stopped.is_set():
            if self._folder.is_dir():
                try:
                    self._listen()
                except (OSError, RuntimeError):
                    # No inotify left, or the folder went away: looking every second still finds everything.
                    self._stopped.wait(_WAIT_S * 10)
            self._stopped.wait(_WAIT_S)

    def _listen(self) -> None:
        changes = watch(
            self._folder,
            watch_filter=None,
            debounce=200,
            step=50,
            stop_event=self._stopped,
            rust_timeout=1000,
            yield_on_timeout=True,
            recursive=False,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for change in changes:
            if change:
                self._wake()
            elif not self._folder.is_dir():
                return
