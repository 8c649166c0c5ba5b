"""Earlier runs of a script: trees of the same folder whose run began before, with the same script and code.

Little is read, whatever lies there: the first records of some trees, and of those that fit the nearest
snapshot with a part of what follows it. What cannot be read is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bscore.core.events import Event, RunConfigured, TermStarted
from bscore.core.reduce import ImpossibleEventError, reduce
from bscore.core.state import Run
from bscore.logtree import paths
from bscore.logtree.history import starts
from bscore.logtree.journal import terms
from bscore.logtree.records import StrangeLine, decode
from bscore.logtree.source import LocalSource
from bscore.logtree.trees import neighbours

#: Trees whose first records are read, most of them older than the run by their files' times.
_OLDER_TREES, _NEWER_TREES = 40, 10
_HEAD_BYTES = 16 * 1024
#: Journal folded behind the nearest snapshot.
_FOLD_BYTES = 2 * 1024 * 1024
_JOB_FILE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A run begun before another one; `whole`: folded to the last record of its journal."""

    tree: Path
    run: Run
    whole: bool


@dataclass(frozen=True, slots=True)
class _JobFile:
    """What a job file says of the script: the folder of its code, its arguments; "" and None: not known."""

    code: str = ""
    arguments: tuple[str, ...] | None = None

    def may_be(self, other: _JobFile, *, same_arguments: bool) -> bool:
        if self.code and other.code and self.code != other.code:
            return False
        known = self.arguments is not None and other.arguments is not None
        return not (same_arguments and known and self.arguments != other.arguments)


def earlier_runs(
    tree: Path, script: str, started: int, *, same_arguments: bool = False
) -> Iterator[EarlierRun]:
    """Runs of the same script in the same code folder that began before `started`, the last of them first.

    `same_arguments`: only those whose script was given the same ones, as far as the job files tell.
    """
    heads = [head for other in neighbours(tree, _OLDER_TREES, _NEWER_TREES) if (head := _head(other))]
    fitting = [(at, other) for at, theirs, other in heads if theirs == script and at < started]
    own = _job_file(tree) if fitting else _JobFile()
    for _, other in sorted(fitting, reverse=True):
        if _job_file(other).may_be(own, same_arguments=same_arguments):
            seen = _glance(other)
            if seen is not None:
                yield seen


def _head(tree: Path) -> tuple[int, str, Path] | None:
    """When a tree's run began (microseconds UTC), and its script."""
    at = 0
    source = LocalSource(tree)
    journals = terms(source)
    for event in _events(source.read(journals[0].path, 0, _HEAD_BYTES) if journals else b""):
        if isinstance(event, TermStarted):
            at = event.at
        elif isinstance(event, RunConfigured) and at:
            return at, event.script, tree
    return None


def _events(data: bytes) -> Iterator[Event]:
    """The records of the whole lines; what is none is left out."""
    for line in data.split(b"\n")[:-1]:
        event = decode(line)
        if not isinstance(event, StrangeLine):
            yield event


def _glance(tree: Path) -> EarlierRun | None:
    source = LocalSource(tree)
    journals = [term for term in terms(source) if term.term]
    if not journals:
        return None
    start = next(starts(source, "", journals), None)
    run = start.run if start else Run()
    path, offset = (start.path, start.offset) if start else (journals[0].path, 0)
    budget = _FOLD_BYTES
    for term in journals[[term.path for term in journals].index(path) :]:
        entry = source.stat(term.path)
        end = (entry.size if entry else 0) if term.upto is None else term.upto
        data = source.read(term.path, offset, min(end - offset, budget))
        if not _folded(run, data) or len(data) < end - offset:
            return EarlierRun(tree, run, whole=False)
        budget, offset = budget - len(data), 0
    return EarlierRun(tree, run, whole=True)


def _folded(run: Run, data: bytes) -> bool:
    """Fold the records of these bytes; whether all of them can have happened."""
    try:
        for event in _events(data):
            reduce(run, event)
    except ImpossibleEventError:
        return False
    return True


def code_of(tree: Path) -> str:
    """The folder of a job's script as its job file names it; empty where that cannot be read."""
    return _job_file(tree).code


def _job_file(tree: Path) -> _JobFile:
    data = LocalSource(tree).read(paths.JOB_FILE, 0, _JOB_FILE_BYTES).decode("utf-8", "replace")
    code, arguments = (_value(data, key) for key in ("code", "arguments"))
    return _JobFile(
        code if isinstance(code, str) else "",
        tuple(map(str, arguments)) if isinstance(arguments, list) else None,
    )


def _value(data: str, key: str) -> object:
    """The value of one of the keys that a job file has at its left margin; None where it cannot be read."""
    # Most who look for earlier runs find none: they need no YAML.
    from bscore.spec.problems import SpecError
    from bscore.spec.typed_yaml import read_typed

    match = re.search(rf"^{key}:.*\n(?:[ -].*\n)*", data, re.MULTILINE)
    try:
        return read_typed(match[0], "").values.get(key) if match else None
    except SpecError:
        return None
