"""What a process that the script's `multiprocessing` spawned runs first.

It gets the stand-ins of its parent, and the script under the name it had there: both are not importable by
the normal means. Run by path, in an interpreter that knows nothing of bscore yet.
"""

import importlib.util
import json
import os
import sys


def _worker_package() -> None:
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    spec = importlib.util.spec_from_file_location(
        "bscore_worker", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is not None and spec.loader is not None:
        sys.modules["bscore_worker"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["bscore_worker"])


class _ScriptFinder:
    """Finds the script by the name that its parent loaded it under."""

    def __init__(self, name: str, path: str) -> None:
        self._name, self._path = name, path

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]  # importlib's protocol
        """The script's spec; asked when the normal import failed."""
        if name != self._name:
            return None
        return importlib.util.spec_from_file_location(name, self._path)


def _begin() -> None:
    if "bscore_worker" not in sys.modules:
        _worker_package()
    from bscore_worker import shims

    facts = shims.Facts(*json.loads(os.environ[shims.VARIABLE]))
    shims.install(facts)
    if facts.script_name:
        sys.meta_path.append(_ScriptFinder(facts.script_name, facts.script_path))


if __name__ == "__mp_main__" and "BSCORE_STAND_INS" in os.environ:
    _begin()
