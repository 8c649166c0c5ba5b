"""The scoring script: found, imported as the package it is part of, and its contract read."""

from __future__ import annotations

import importlib
import importlib.util
import inspect  # before the script's folder, which may have a module of this name, is on sys.path
import linecache
import os
import pickle
import sys
import types
from typing import Any, Callable, List, Optional, Tuple

from bscore_worker.traces import describe, plain


class ScriptError(Exception):
    """The scoring script cannot be used; the message says what was given and what was expected."""


def told(error: BaseException, code: str) -> Tuple[str, str, str, str]:
    """Why a script cannot be used: type, message, trace and place; a ScriptError is only its message."""
    return ("", plain(str(error)), "", "") if isinstance(error, ScriptError) else describe(error, code)


def exit_of(error: SystemExit) -> Tuple[int, str]:
    """The exit code that sys.exit() asked for, and its text where it was given one in place of a number."""
    status = error.code
    if status is None:
        return 0, ""
    if isinstance(status, int):
        return int(status) & 0xFF, ""
    try:
        return 1, plain(str(status))
    except BaseException as second:
        return 1, "<the text of this exit raised %s>" % type(second).__name__


class Script:
    """init, run and shutdown of a loaded script; `takes_context` when run() has a second positional.

    Of functions from a notebook it may be `lambda batch, model=model: ...`, which keeps its own value.
    """

    def __init__(self, source: Any, name: str) -> None:
        self.source = source
        self.init = _function(source, "init", name)
        run = _function(source, "run", name)
        self.shutdown = _function(source, "shutdown", name)
        if run is None:
            raise ScriptError(
                "%s has no function run(mini_batch). A scoring script defines run(), and init() where it "
                "has something to load." % name
            )
        self.run = run
        self.takes_context = takes_two(run) and not (isinstance(source, dict) and keeps_second(run))


def _function(source: Any, wanted: str, name: str) -> Optional[Callable[..., Any]]:
    found = source.get(wanted) if isinstance(source, dict) else getattr(source, wanted, None)
    if found is not None and not callable(found):
        raise ScriptError("%s in %s is %r, expected a function." % (wanted, name, type(found).__name__))
    return found


def takes_two(run: Callable[..., Any]) -> bool:
    """Whether run() accepts a second positional argument (reference 1.3)."""
    if isinstance(run, types.FunctionType) and not hasattr(run, "__wrapped__"):
        return bool(run.__code__.co_argcount >= 2 or run.__code__.co_flags & 0x04)
    try:
        inspect.signature(run).bind(None, None)
    except (TypeError, ValueError):
        return False
    return True


def keeps_second(run: Callable[..., Any]) -> bool:
    """Whether the second parameter of run() has a default other than None."""
    try:
        parameters = list(inspect.signature(run).parameters.values())
    except (TypeError, ValueError):
        return False
    default = parameters[1].default if len(parameters) > 1 else None
    return default is not None and default is not inspect.Parameter.empty


def find(code: str, entry: str) -> str:
    """The file of an entry script: `score.py`, `pkg/score.py`, `pkg.score` or `score`. Raises ScriptError."""
    dotted = os.path.join(*entry.split(".")) if entry.strip(".") else entry
    names = [entry, entry + ".py", dotted + ".py", os.path.join(dotted, "__init__.py")]
    for name in names:
        path = os.path.join(code, name)
        if os.path.isfile(path):
            return os.path.abspath(path)
    raise ScriptError("No scoring script %r in %s: looked for %s." % (entry, code, ", ".join(names)))


def load(code: str, entry: str, arguments: List[str]) -> Script:
    """Import the script with its arguments in sys.argv. Raises ScriptError or what the script raises."""
    code = os.path.abspath(code)
    path = find(code, entry)
    folder = os.path.dirname(path)
    sys.argv = [path] + list(arguments)
    sys.path[:0] = [folder] if folder == code else [folder, code]
    parent, stem = _package(code, path)
    name = parent.__name__ + "." + stem if parent is not None else _free_name(stem)
    locations = [folder] if os.path.basename(path) == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=locations)
    if spec is None or spec.loader is None:
        raise ScriptError("%s cannot be loaded: a scoring script is a Python file ending in .py." % path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if parent is not None:
        setattr(parent, stem, module)
    spec.loader.exec_module(module)
    return Script(module, entry)


def load_function(path: str, arguments: List[str]) -> Script:
    """Functions shipped from a notebook, out of the file that holds them. Needs dill here.

    The file is a pickle of builtins, {"path": the notebook's sys.path, "sources": text of its cells by file
    name, for traces}, then one of dill: {"run", "init", "shutdown": functions, "names": what they use of the
    notebook's own names}.
    """
    with open(path, "rb") as file:
        facts = pickle.load(file)  # noqa: S301  # the user's own function, from their own agent
        sys.path += [entry for entry in facts["path"] if entry not in sys.path]
        for name, text in facts.get("sources", {}).items():
            # Without a time of change it is never compared with a file.
            linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        try:
            import dill
        except ImportError:
            raise ScriptError(
                "A function from a notebook is shipped with dill, which %s lacks. Install dill there, or put "
                "the function into a file." % sys.executable
            ) from None
        sys.argv = ["notebook"] + list(arguments)
        shipped = dill.load(file)  # noqa: S301  # as above
    # Functions of a notebook find its names where they always did; so do values of its classes.
    vars(sys.modules["__main__"]).update(shipped["names"])
    return Script(shipped, "the notebook")


def _free_name(stem: str) -> str:
    """The script's own stem, unless a module that others use has that name already."""
    return "score_module" if stem in sys.modules else stem


def _package(code: str, path: str) -> Tuple[Optional[Any], str]:
    """The package a script below `code` belongs to, so that its relative imports work; and its stem."""
    inside = os.path.relpath(path, code)
    parts = inside[:-3].split(os.sep) if inside.endswith(".py") else [inside]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        return None, parts[-1]
    parent_name = ".".join(parts[:-1])
    try:
        parent = importlib.import_module(parent_name)
    except ModuleNotFoundError as error:
        if error.name and (parent_name + ".").startswith(error.name + "."):
            return None, parts[-1]
        raise
    # A folder named like an installed package (code/, test/) is not that package.
    folder = os.path.join(code, *parts[:-1])
    if folder not in [os.path.abspath(entry) for entry in getattr(parent, "__path__", ())]:
        return None, parts[-1]
    return parent, parts[-1]
