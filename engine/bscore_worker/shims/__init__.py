"""Stand-ins for `azureml_user` and `azureml.core`, for environments that lack them (reference 1.17, 1.21).

They come from a finder at the very end of sys.meta_path, which is asked only when the normal import failed:
where the real package is installed, nothing of this is ever used.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import sys
from typing import Any, Callable, Dict, NamedTuple, Optional, TextIO

from bscore_worker.shims import core, entry_script

#: In the environment of whatever a worker starts: what a spawned child needs to have the stand-ins, too.
VARIABLE = "BSCORE_STAND_INS"


class Facts(NamedTuple):
    """What the stand-ins tell a script; `folder` is the working directory that the worker started in.

    `script_name` is that of its module, empty before it is loaded.
    """

    process: str
    output: str
    log_file: str
    level: str
    folder: str
    code: str
    script_name: str = ""
    script_path: str = ""


class Finder:
    """Finds the stand-ins. `open_log` opens what EntryScript().logger writes to."""

    def __init__(self, facts: Facts, open_log: Callable[[], TextIO]) -> None:
        classes = core.classes(facts.folder)
        self._contents: Dict[str, Dict[str, Any]] = {
            "azureml_user": {},
            "azureml_user.parallel_run": {"EntryScript": entry_script.singleton(facts, open_log)},
            "azureml": {},
        }
        self._contents.update(core.modules(classes))

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """The stand-in of this name, unless what it would be part of is real."""
        parent = sys.modules.get(name.rpartition(".")[0])
        if parent is not None and parent.__name__ != "azureml" and not is_stand_in(parent):
            return None
        if name in self._contents:
            package = any(other.startswith(name + ".") for other in self._contents)
            # The protocol asks for two methods; its base class is a burden to every start.
            return importlib.machinery.ModuleSpec(name, self, is_package=package)  # type: ignore[arg-type]  # a loader by its methods
        if is_stand_in(parent):
            raise ModuleNotFoundError(
                "No module named %r: bscore stands in for a part of azureml-core only. Install azureml-core "
                "in the script's environment." % name,
                name=name,
            )
        return None

    def create_module(self, spec: Any) -> None:
        """Python's own kind of module will do."""

    def exec_module(self, module: Any) -> None:
        """Fill it."""
        module.__file__ = "<stand-in of bscore for %s>" % module.__name__
        module.__dict__.update(self._contents[module.__name__])


def is_stand_in(module: Any) -> bool:
    """Whether a module comes from here."""
    return isinstance(getattr(getattr(module, "__spec__", None), "loader", None), Finder)


def install(facts: Facts, log: Optional[TextIO] = None) -> None:
    """Offer the stand-ins from now on; the EntryScript logger writes to `log`, or appends to its file."""

    def open_log() -> TextIO:
        return open(facts.log_file, "a", encoding="utf-8", errors="backslashreplace") if log is None else log

    sys.meta_path.append(Finder(facts, open_log))


def facts_of(setup: Dict[str, Any]) -> Facts:
    """The facts in what a worker is told first."""
    code = os.path.abspath(setup["code"])
    return Facts(
        setup["process"],
        setup["output"],
        setup["log_file"],
        setup["logging_level"],
        os.getcwd(),
        code,
        script_path="" if setup["function"] else _script_path(code, setup["script"]),
    )


def _script_path(code: str, entry: str) -> str:
    # Processes that the script starts have no need of what finds scripts.
    from bscore_worker.script import ScriptError, find

    try:
        return find(code, entry)
    except ScriptError:
        # Said where it is loaded.
        return ""


def hand_down(facts: Facts, main: Any, script: Any = None) -> None:
    """Let children that `multiprocessing` spawns find the stand-ins and the script.

    They run `__main__`'s file under another name before anything else; ours is `child.py`.
    """
    spec = getattr(script, "__spec__", None)
    if spec is not None and isinstance(spec.origin, str):
        facts = facts._replace(script_name=spec.name, script_path=spec.origin)
    os.environ[VARIABLE] = json.dumps(list(facts))
    main.__file__ = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child.py")
