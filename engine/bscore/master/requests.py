"""Requests to a running job: files in `control/`, looked at every second, answered by a journal event."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bscore.errors import StorageError, UsageError, stranger
from bscore.logtree import paths
from bscore.spec.documents import flat, read_json
from bscore.spec.regular import open_regular, read_regular
from bscore.spec.within import FOLDER_MODE

LOOK_US = 1_000_000
#: What a file that is no request is said to ask for.
UNREADABLE = "unreadable"
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks of a run: `cancel`, with arguments as text; who asked, and from which host.

    `name` is the request's own, by which its answer is found in the journal. `problem` says why a file in
    `control/` is none.
    """

    what: str
    arguments: str
    who: str
    where: str
    name: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request as its file holds it."""

    what: str
    arguments: str = ""
    who: str = ""
    where: str = ""


def make(what: str, arguments: str = "") -> Request:
    """A request by the user of this process."""
    return Request(what, arguments, _user(), socket.gethostname(), f"{time.time_ns()}-{os.getpid()}-{what}")


def _user() -> str:
    return os.environ.get("USER") or os.environ.get("LOGNAME") or _user_name(os.getuid())


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def ask(tree: Path, what: str, arguments: str = "") -> Request:
    """Put a request into a job's directory; the file vanishes when the master has taken it.

    Raises StorageError when it cannot be put there, UsageError when this user may not.
    """
    request = make(what, arguments)
    folder = tree / paths.CONTROL
    fresh = folder / f".{request.name}.json"
    try:
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        asked = _Asked(request.what, request.arguments, request.who, request.where)
        with open(open_regular(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as stream:
            stream.write(json.dumps(asdict(asked)))
        fresh.rename(folder / f"{request.name}.json")
    except PermissionError:
        owner = stranger(tree)
        whose = f": it belongs to {owner}" if owner else ""
        raise UsageError(
            f"Nothing can be asked of job {tree.name}: {folder} may not be written{whose}.",
            remedy=f"Ask as {owner}." if owner else f"Make it writable, as with: chmod u+w {folder}",
        ) from None
    except OSError as error:
        raise StorageError(
            f"Nothing can be asked of this job: {folder} cannot be written: {error.strerror}.",
            remedy="Ask where its file system can be written.",
        ) from error
    return request


def withdraw(tree: Path, request: Request) -> bool:
    """Take a request back; False when the master has it already."""
    try:
        (tree / paths.CONTROL / f"{request.name}.json").unlink()
    except OSError:
        return False
    return True


def lying_there(tree: Path) -> frozenset[str]:
    """Names of the requests that nobody has taken yet."""
    return frozenset(name.removesuffix(".json") for name in _names(tree))


def _names(tree: Path) -> list[str]:
    """File names of requests, oldest first."""
    try:
        found = os.listdir(tree / paths.CONTROL)
    except OSError:
        return []
    return sorted(name for name in found if name.endswith(".json") and not name.startswith("."))


def take(tree: Path) -> list[Request]:
    """The requests that lie there, oldest first, each removed; so is what is none, which has a `problem`.

    What cannot be removed is left: it would be carried out again and again.
    """
    found: list[Request] = []
    for name in _names(tree):
        path = tree / paths.CONTROL / name
        request = _read(path)
        with contextlib.suppress(OSError):
            path.unlink()
            found.append(request)
    return found


def _read(path: Path) -> Request:
    name = path.name.removesuffix(".json")
    try:
        facts = read_json(read_regular(path, _MAX_BYTES, links=False))
        asked = flat(_Asked, facts)
        return Request(asked.what, asked.arguments, asked.who, asked.where, name)
    except OSError as error:
        problem = error.strerror or str(error)
    except ValueError as error:
        problem = f"it cannot be read: {error}"
    problem = f"{paths.CONTROL}/{path.name} is no request: {problem}."
    return Request(UNREADABLE, "", _owner(path), "", name, problem)


def _owner(path: Path) -> str:
    """Who put a file there."""
    try:
        return _user_name(path.lstat().st_uid)
    except OSError:
        return ""
