"""The last lines that a script wrote to stderr, and what to do about those that say it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from bscore.logtree import paths
from bscore.logtree.drawn import last_drawn
from bscore.node.messages import AgentSetup
from bscore.spec.option_table import BY_ARGUMENT
from bscore.spec.regular import open_regular

_MAX_BYTES = 4096
_MAX_LINES = 12
_MAX_LINE_CHARACTERS = 500
#: How argparse, click and absl begin the list of options that they do not know.
_UNKNOWN_OPTION = re.compile(r"unrecognized arguments: |No such option:? |Unknown command line flag ")
_OPTION = re.compile(r"--([\w-]+)")
#: How argparse asks for options that were not given.
_REQUIRED = "error: the following arguments are required: "
_MODULE = re.compile(r"No module named '?([\w.]+)'?")


def last_stderr_lines(
    setup: AgentSetup, process: str, start: int = 0, *, raw_first: bool = False
) -> list[str]:
    """The last lines of a worker's user stderr behind `start` bytes, or of its raw one, whichever has any."""
    user = (os.path.join(setup.tree, paths.user_stderr(setup.node, process)), start)
    raw = (os.path.join(setup.tree, paths.raw_stderr(setup.node, process)), 0)
    first, second = (raw, user) if raw_first else (user, raw)
    return last_lines(*first) or last_lines(*second)


def last_lines(path: str, start: int = 0) -> list[str]:
    """The last lines of a file behind `start` bytes; none when it cannot be read."""
    try:
        with open(open_regular(path), "rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(start, end - _MAX_BYTES, 0))
            return stderr_tail(file.read(_MAX_BYTES))
    except OSError:
        return []


def stderr_tail(data: bytes) -> list[str]:
    """The last lines of what was written to stderr, each cut at its front."""
    drawn = b"\n".join(map(last_drawn, data[-_MAX_BYTES:].split(b"\n")))
    text = drawn.decode("utf-8", "backslashreplace")
    lines = [line.rstrip()[-_MAX_LINE_CHARACTERS:] for line in text.splitlines() if line.strip()]
    return lines[-_MAX_LINES:]


def quoted(lines: Sequence[str]) -> str:
    """The lines as the end of a trace; empty for none."""
    return "".join(["The last lines of its stderr:\n", *(f"  {line}\n" for line in lines)]) if lines else ""


def parser_hint(lines: Sequence[str]) -> str:
    """What to do where a script's parser met the runtime's own options, or lacks some; empty for neither."""
    for line in lines:
        found = _UNKNOWN_OPTION.search(line)
        names = _OPTION.findall(line, found.end()) if found is not None else []
        own = [f"--{name}" for name in names if name.replace("-", "_") in BY_ARGUMENT]
        if own:
            return (
                "sys.argv also holds options of the runtime, here as in the cloud, and the script's parser "
                f"does not know {', '.join(own[:4])}. With argparse use parser.parse_known_args()[0] in "
                "place of parser.parse_args()."
            )
        if _REQUIRED in line:
            return "Arguments for the script go after --, or into the YAML (program_arguments)."
    return ""


def module_hint(error_type: str, message: str, interpreter: str, python: str, way: str = "--python") -> str:
    """Where a module is missing that the script imports; empty for other errors."""
    found = _MODULE.match(message) if error_type == "ModuleNotFoundError" else None
    if found is None:
        return ""
    return (
        f"There is no module {found[1]} beside the script or in {interpreter} (Python {python}), which runs "
        f"it. Install it there, or name another interpreter with {way}."
    )
