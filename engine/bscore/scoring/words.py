"""Mistakes in the words of a call from Python: what the command line calls `--input` is `inputs=` here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bscore.errors import BscoreError
from bscore.spec.problems import COMMAND_LINE, SET, Problem, SpecError, near_match

#: Keyword arguments of `score` by the flag of `bscore run` that says the same.
_BY_FLAG = {
    "--input": "inputs",
    "--output": "output",
    "--script": "script",
    "--code": "code",
    "--model": "model",
    "--python": "python",
    "--step": "step",
    "--name": "name",
    "--workers": "workers",
    "--mini-batch-size": "mini_batch_size",
    "--commit-interval": "commit_interval",
    "--start": "start",
    "--keep-partial": "keep_partial",
}
#: The other keyword arguments.
_OWN = ("run", "init", "shutdown", "items", "arguments", "ordered", "progress")
_BY_OPTION = {"max_concurrency_per_instance": "workers"}
_FLAG = re.compile(r"(--[a-z-]+)(?: (?=[A-Z]))?")
_SETTING = re.compile(r"--set ([\w.]+)=(\w+)")


@contextmanager
def words_of_python() -> Iterator[None]:
    """Whatever BscoreError is raised inside names keyword arguments in place of flags."""
    try:
        yield
    except SpecError as error:
        raise SpecError(map(_reworded, error.problems)) from None
    except BscoreError as error:
        if error.remedy is not None:
            error.remedy = _in_python(error.remedy)
        raise


def _in_python(text: str) -> str:
    text = _SETTING.sub(r"**{'\1': \2}", text).replace("behind `--`", "in arguments=")
    return _FLAG.sub(lambda found: f"{_BY_FLAG[found[1]]}=" if found[1] in _BY_FLAG else found[0], text)


def _reworded(problem: Problem) -> Problem:
    """What was given stays as it is."""
    problem = replace(problem, what=_in_python(problem.what), expected=_in_python(problem.expected))
    if problem.file not in (COMMAND_LINE.file, SET.file):
        return problem
    keyword, where = _BY_FLAG.get(problem.where, problem.where), ""
    if keyword.startswith("--"):
        keyword, where = "arguments", keyword
    keyword = _BY_OPTION.get(keyword, keyword)
    inside = keyword.removeprefix("options.")
    if inside != keyword:
        as_keyword = f"bscore.score({inside.partition('.')[0]}=...)"
        what = f"every option is a keyword argument of its own: {as_keyword}"
        return Problem("bscore.score(options=...)", 0, 0, "", what=what)
    place = f"bscore.score({keyword}=...)" if keyword else "bscore.score()"
    problem = replace(problem, file=place, where=where)
    near = near_match(keyword, [*_BY_FLAG.values(), *_OWN]) if problem.what == "unknown option" else ""
    return replace(problem, near=near, expected="") if near else problem
