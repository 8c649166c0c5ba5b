"""What a script may change of the process it runs in: its own while it runs, the caller's otherwise."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TextIO

from bscore_worker.shims import entry_script, is_stand_in

#: What a fresh interpreter does not show.
_IGNORED = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


@dataclass(slots=True)
class _State:
    """One side's version of everything that is swapped; `modules` are only the script's own."""

    folder: str
    environment: dict[str, str]
    arguments: list[str] = field(default_factory=lambda: list(sys.argv))
    path: list[str] = field(default_factory=lambda: list(sys.path))
    finders: list[Any] = field(default_factory=lambda: list(sys.meta_path))
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    handlers: list[logging.Handler] = field(default_factory=lambda: list(logging.getLogger().handlers))
    level: int = field(default_factory=lambda: logging.getLogger().level)
    own_log: list[logging.Handler] = field(
        default_factory=lambda: list(logging.getLogger(entry_script.LOGGER).handlers)
    )
    #: What hears warnings and records: a worker counts its own (bscore_worker.warned).
    show: Any = field(default_factory=lambda: warnings.showwarning)
    handle: Any = field(default_factory=lambda: logging.Logger.callHandlers)
    #: `sys.__stdout__` and `sys.__stderr__`.
    originals: tuple[Any, Any] = field(default_factory=lambda: (sys.__stdout__, sys.__stderr__))

    def apply(self, instead: dict[str, str]) -> None:
        """Make it the state of this process, whose environment is `instead`."""
        os.chdir(self.folder)
        for name in instead.keys() - self.environment.keys():
            del os.environ[name]
        for name, value in self.environment.items():
            if instead.get(name) != value:
                os.environ[name] = value
        sys.argv, sys.path, sys.meta_path = self.arguments, self.path, self.finders
        sys.stdin, sys.stdout, sys.stderr = self.stdin, self.stdout, self.stderr
        sys.__stdout__, sys.__stderr__ = self.originals  # type: ignore[misc]  # a worker has its own
        root = logging.getLogger()
        root.handlers[:] = self.handlers
        root.setLevel(self.level)
        logging.getLogger(entry_script.LOGGER).handlers[:] = self.own_log
        warnings.showwarning = self.show
        logging.Logger.callHandlers = self.handle  # type: ignore[method-assign]  # as the worker had done


def _state_now() -> _State:
    try:
        folder = os.getcwd()
    except FileNotFoundError:
        # The script removed the folder it stands in.
        folder = "/"
    # The lists themselves: whoever keeps a reference to sys.path goes on seeing its own.
    return _State(
        folder, dict(os.environ), sys.argv, sys.path, sys.meta_path, sys.stdin, sys.stdout, sys.stderr
    )


class World:
    """The world of one inline worker. `code` is the script's folder, `folder` where it starts.

    Swapped: working folder, environment, sys.argv, sys.path, sys.meta_path, the streams, handlers and
    level of root logging, the EntryScript logger, warning filters, what counts warnings, and the modules that
    are the script's own. Not swapped: modules of the installed libraries, signal handlers, threads that the
    script leaves running.
    """

    def __init__(self, code: str, folder: str, environment: dict[str, str]) -> None:
        self._code = os.path.join(os.path.realpath(code), "")
        self._modules: dict[str, ModuleType] = {}
        self._inside = _State(
            folder, environment, handlers=[], level=logging.WARNING, own_log=[], stdin=io.StringIO()
        )
        self._filters: list[Any] | None = None

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Be in this world; the caller's is back afterwards, whatever happened."""
        outside, modules = _state_now(), dict(sys.modules)
        with warnings.catch_warnings():
            self._filter_warnings()
            sys.modules.update(self._modules)
            try:
                self._inside.apply(outside.environment)
                yield
            finally:
                self._filters = list(warnings.filters)
                self._inside = _state_now()
                outside.apply(self._inside.environment)
                self._take_modules(modules)

    def _filter_warnings(self) -> None:
        if self._filters is not None:
            warnings.filters[:] = self._filters  # type: ignore[index]  # a list; typeshed says Sequence
            return
        warnings.resetwarnings()
        for kind in _IGNORED:
            warnings.simplefilter("ignore", kind)

    def _take_modules(self, before: dict[str, ModuleType]) -> None:
        """Take the script's modules out of sys.modules; what it imported of libraries stays."""
        for name, module in list(sys.modules.items()):
            if before.get(name) is module or not self._is_own(module):
                continue
            self._modules[name] = module
            if name in before:
                sys.modules[name] = before[name]
            else:
                del sys.modules[name]

    def _is_own(self, module: ModuleType) -> bool:
        """Whether it lies below the script's folder, or nowhere that the caller could import it from."""
        if is_stand_in(module):
            return True
        places = [getattr(module, "__file__", None) or "", *(getattr(module, "__path__", None) or ())]
        known = [os.path.realpath(place) for place in places if isinstance(place, str) and place]
        if not known:
            return False
        if any(place.startswith(self._code) and "/site-packages/" not in place for place in known):
            return True
        roots = [os.path.join(os.path.realpath(entry), "") for entry in sys.path if entry]
        return not any(place.startswith(root) for place in known for root in roots)
