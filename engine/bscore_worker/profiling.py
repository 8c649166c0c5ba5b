"""profiling_module: what run() spends its time on, per worker (reference 2.2)."""

from __future__ import annotations

import importlib
import os
from time import monotonic
from typing import Any, Callable

#: A worker that is killed leaves a profile that is at most this old, and one mini-batch.
_WRITE_EVERY_S = 5.0


class Profiler:
    """Runs functions under `module` (cProfile or profile) and keeps the profile in `path`.

    Made before the script is imported: a script may have a module of its own of that name beside it.
    """

    def __init__(self, module: str, path: str) -> None:
        self._profile = importlib.import_module(module).Profile()
        self._path = path
        self._written_s = monotonic()

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call the function, measured."""
        try:
            return self._profile.runcall(function, *arguments)
        finally:
            # `profile` (not cProfile) would take the next call for one inside this one, and fail.
            getattr(self._profile, "simulate_cmd_complete", _nothing)()
            if monotonic() - self._written_s > _WRITE_EVERY_S:
                self.write()

    def write(self) -> None:
        """Bring the file up to date; it is whole at every moment."""
        beside = self._path + ".part"
        self._profile.dump_stats(beside)
        os.rename(beside, self._path)  # noqa: PTH104  # before pathlib was worth its import
        self._written_s = monotonic()


def _nothing() -> None:
    """What cProfile has to be told."""
