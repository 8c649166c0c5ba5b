"""Asks a script's own interpreter whether the script can be imported and what it defines."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bscore.environments.child_group import end_group, signals_interrupt
from bscore.errors import UsageError
from bscore.node.bootstrap import PROBE, worker_package
from bscore.node.last_output import module_hint, parser_hint, stderr_tail


@dataclass(frozen=True, slots=True)
class ScriptFacts:
    """What an interpreter found: its version, the functions, whether run() takes a context."""

    python: str
    functions: tuple[str, ...]
    takes_context: bool


def probe_script(
    interpreter: Path,
    code: Path,
    script: str,
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    timeout_s: float,
) -> ScriptFacts:
    """Import the script in `interpreter`, in a folder of its own. Raises UsageError when that fails."""
    request = json.dumps({"code": str(code), "script": script, "arguments": list(arguments)})
    with signals_interrupt(), tempfile.TemporaryDirectory(prefix="bscore-validate-") as folder:
        try:
            probe = subprocess.Popen(
                [str(interpreter), "-c", PROBE, worker_package()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        except OSError as error:
            raise UsageError(f"{interpreter} cannot be started: {error.strerror}.") from error
        with probe:
            try:
                stdout, stderr = probe.communicate(request.encode(), timeout_s)
            except subprocess.TimeoutExpired:
                raise UsageError(
                    f"Importing {script} took longer than {timeout_s:g} seconds.",
                    remedy="Move what loads into init().",
                ) from None
            finally:
                end_group(probe)
    return _facts(interpreter, script, probe.returncode, stdout, stderr)


def _facts(interpreter: Path, script: str, code: int, stdout: bytes, stderr: bytes) -> ScriptFacts:
    try:
        found = json.loads(stdout)
    except ValueError:
        last = stderr.decode("utf-8", "backslashreplace").strip().splitlines()[-3:]
        raise UsageError(
            f"Importing {script} ended the interpreter with code {code}.", remedy="\n".join(last) or None
        ) from None
    if found["error"]:
        raise _not_imported(interpreter, script, found, stderr)
    return ScriptFacts(found["python"], tuple(found["functions"]), bool(found.get("takes_context")))


def _not_imported(interpreter: Path, script: str, found: dict[str, str], stderr: bytes) -> UsageError:
    """Why the import failed, in the words that a job has for it."""
    python, error = found["python"], found["error"]
    at = f" ({found['place']})" if found["place"] else ""
    lines = stderr_tail(stderr) if error.startswith("sys.exit(") else []
    handled = found.get("handled", "")
    if handled and not any((handled.partition(": ")[2] or handled) in line for line in lines):
        error += f" while it handled {handled}"
    said = f"The script {script} cannot be imported on Python {python}: {error}{at}"
    kind, _, message = error.partition(": ")
    hint = parser_hint(lines) or module_hint(kind, message, str(interpreter), python)
    return UsageError(
        "\n".join([said, *(f"  {line}" for line in lines)]),
        remedy=hint or "Correct it, install what is missing where it runs, or name another --python.",
    )
