"""`parallel_run_step.settings.json` beside the script: keywords for DataFrame.to_csv (reference 2.3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bscore.spec.problems import Place, Problem, near_match, problem_at
from bscore.spec.script_check import why_unseen

NAME = "parallel_run_step.settings.json"
_TO_CSV = "pandas.DataFrame.to_csv"
_MAX_BYTES = 64 * 1024
#: Where the rows go is bscore's to say.
_OURS = ("path_or_buf", "mode", "compression", "storage_options", "encoding")


def read_to_csv(folder: Path, problems: list[Problem]) -> dict[str, object]:
    """The keywords, or none where there is no such file; what is wrong becomes a problem."""
    path = folder / NAME
    place = Place(str(path))
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            problems.append(problem_at(place, "", what="is larger than 64 KiB"))
            return {}
        settings = json.loads(raw.decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        if why_unseen(path):
            # A folder that nobody may enter is a problem of its own, told where it is named.
            return {}
        problems.append(problem_at(place, "", what=f"cannot be read ({error.strerror})"))
        return {}
    except json.JSONDecodeError as error:
        place = Place(str(path), error.lineno, error.colno)
        problems.append(problem_at(place, "", what=f"not valid JSON: {error.msg}"))
        return {}
    except (UnicodeDecodeError, RecursionError):
        problems.append(problem_at(place, "", what="not valid JSON in UTF-8"))
        return {}
    append_row = _below(settings, "append_row", place, "", problems)
    keywords = _below(append_row, _TO_CSV, place, "append_row", problems)
    for keyword in _OURS:
        if keyword in keywords:
            what = "cannot be set: bscore opens the file"
            problems.append(problem_at(place, f"append_row.{_TO_CSV}.{keyword}", what=what))
    return keywords


def _below(value: Any, key: str, place: Place, where: str, problems: list[Problem]) -> dict[str, object]:
    if not isinstance(value, dict):
        problems.append(problem_at(place, where, given=json.dumps(value), expected="an object"))
        return {}
    for other in value:
        if other != key:
            near = near_match(other, [key])
            expected = "" if near else key
            problems.append(
                problem_at(
                    place, f"{where}.{other}".lstrip("."), what="unknown key", near=near, expected=expected
                )
            )
    inner = value.get(key, {})
    if not isinstance(inner, dict):
        problems.append(
            problem_at(place, f"{where}.{key}".lstrip("."), given=json.dumps(inner), expected="an object")
        )
        return {}
    return inner
