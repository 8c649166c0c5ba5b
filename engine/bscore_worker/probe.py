"""Looks at a scoring script without running a job: imports it in its interpreter and says what it has."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict

from bscore_worker import shims
from bscore_worker.process import out_of_reach
from bscore_worker.script import ScriptError, exit_of, load
from bscore_worker.traces import describe, handled


def main() -> None:
    """Read a request from stdin (JSON: code, script, arguments), answer on the first stdout in JSON."""
    request = json.loads(sys.stdin.read())
    answer = out_of_reach(os.dup(1))
    # What the script prints at import is no answer.
    os.dup2(2, 1)
    code = request["code"]
    facts: Dict[str, Any] = {
        "python": ".".join(map(str, sys.version_info[:3])),
        "error": "",
        "place": "",
        "functions": [],
    }
    shims.install(shims.Facts("process000", os.getcwd(), os.devnull, "INFO", os.getcwd(), code))
    try:
        script = load(code, request["script"], request["arguments"])
        found = {"init": script.init, "run": script.run, "shutdown": script.shutdown}
        facts["functions"] = [name for name, function in found.items() if function is not None]
        facts["takes_context"] = script.takes_context
    except ScriptError as error:
        facts["error"] = str(error)
    except SystemExit as error:
        number, text = exit_of(error)
        facts["error"] = text or "sys.exit(%d)" % number
        facts["place"] = describe(error, code)[3]
        facts["handled"] = "" if text else handled(error)
    except BaseException as error:
        kind, message, _, place = describe(error, code)
        facts["error"] = kind + ": " + message
        facts["place"] = place
    os.write(answer, json.dumps(facts).encode())
    # Threads that the script started at import must not keep this process.
    os._exit(0)
