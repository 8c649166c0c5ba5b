"""What an interpreter executes to become a worker.

The package is loaded from its place without a word to sys.path, so that nothing of it can meet the script's
own modules. The first lines must parse on any Python there ever was, to be able to refuse it.
"""

from __future__ import annotations

import importlib.util

from bscore.errors import BscoreError

_LOAD = """\
import sys
if sys.version_info < (3, 7):
    sys.stderr.write("Python 3.7 or newer is needed to run a scoring script; %s is Python %d.%d.\\n"
                     % ((sys.executable,) + tuple(sys.version_info[:2])))
    sys.exit(1)
if sys.path and sys.path[0] == "":
    del sys.path[0]
import importlib.util
_spec = importlib.util.spec_from_file_location(
    "bscore_worker", sys.argv[1] + "/__init__.py", submodule_search_locations=[sys.argv[1]])
sys.modules["bscore_worker"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["bscore_worker"])
"""
#: Becomes a worker; descriptors follow the package's folder on the command line.
BOOTSTRAP = (
    _LOAD
    + """\
import bscore_worker.loop
bscore_worker.loop.main(*[int(argument) for argument in sys.argv[2:]])
"""
)
#: Becomes a node's template, and in its children a worker; a descriptor and the agent's pid follow.
TEMPLATE = (
    _LOAD
    + """\
import bscore_worker.loop
_baseline = set(sys.modules)
import bscore_worker.template
_born = bscore_worker.template.main(int(sys.argv[2]), int(sys.argv[3]), _baseline)
if _born is not None:
    bscore_worker.loop.main(*_born)
"""
)
#: Looks at a script and ends; the request comes on stdin.
PROBE = (
    _LOAD
    + """\
import bscore_worker.probe
bscore_worker.probe.main()
"""
)


def worker_package() -> str:
    """The folder of bscore_worker. Raises BscoreError when the installation lacks it."""
    spec = importlib.util.find_spec("bscore_worker")
    if spec is None or not spec.submodule_search_locations:
        raise BscoreError("The package bscore_worker is missing.", remedy="Install bscore again.")
    return str(spec.submodule_search_locations[0])
