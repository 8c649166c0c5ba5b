"""`job.yml` in a job's directory: the resolved job, as it ran; both directions.

`read_job(write_job(config)) == config`, always. Readers of format N read every format up to N. What lies
below the job's directory is written relative to it, so that a directory that was moved is whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bscore.core.limits import Limits
from bscore.errors import NotFoundError, UsageError, not_readable
from bscore.spec.config import EnvironmentSource, JobConfig, NamedModel
from bscore.spec.problems import Problem, SpecError, problem_at
from bscore.spec.regular import read_regular
from bscore.spec.typed_yaml import TypedYaml, read_typed

FORMAT = 1
#: What is larger was not written by bscore.
MAX_BYTES = 16 << 20
MAX_NUMBER = 1 << 53
_HEAD = "# The job as it ran, every path absolute or from here, and every default filled in.\n"
_REMEDY = "It is written by bscore itself: undo what was changed in it, or start the job anew."
_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "bool_type": "true or false",
    "path_type": "a path",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "dataclass_type": "keys with values",
}
_AT_LEAST: dict[tuple[str, ...], float] = {
    ("mini_batch_size",): 1,
    ("workers",): 1,
    ("item_limit",): 1,
    ("resource_monitor_interval_s",): 0,
    ("commit_interval_s",): 0,
    **{("limits", name): 0 for name in ("run_invocation_timeout_s", "task_overhead_timeout_s")},
    **{("limits", name): 0 for name in ("first_task_creation_timeout_s", "progress_update_timeout_s")},
    ("limits", "node_silent_s"): 0,
    ("limits", "tries"): 1,
    ("limits", "error_threshold"): -1,
    ("limits", "allowed_failed_count"): -1,
    ("limits", "allowed_failed_percent"): 0,
}
_PATHS = frozenset({"code", "output", "model", "interpreter", "function", "blocks"})


def encode_job(config: JobConfig, folder: Path | None = None) -> str:
    """The text of job.yml in a folder."""
    values: dict[str, Any] = {"bscore_job": FORMAT, **asdict(config)}
    plain = _simple(values, folder)
    return _HEAD + yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4096)


class _Dumper(yaml.SafeDumper):
    """Writes a text with unprintable characters escaped: plain YAML folds some of them to spaces."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def _simple(value: Any, folder: Path | None) -> Any:
    match value:
        case Path():
            return str(value.relative_to(folder) if folder and value.is_relative_to(folder) else value)
        case dict():
            return {key: _simple(inner, folder) for key, inner in value.items()}
        case tuple() | list():
            return [_simple(inner, folder) for inner in value]
        case _:
            return value


def decode_job(
    text: str, shown_as: str = "job.yml", folder: Path | None = None, *, checked: bool = True
) -> JobConfig:
    """The job that a job.yml in a folder holds; raises UsageError when it is none.

    Without `checked` the types of its values are taken for granted.
    """
    try:
        found = read_typed(text, shown_as)
        written = found.values.pop("bscore_job", None)
        if type(written) is not int or written < 1:
            raise UsageError(f"{shown_as} is no job file: it has no bscore_job: {FORMAT}.", remedy=_REMEDY)
        if written > FORMAT:
            message = f"{shown_as} has format {written}; this bscore reads formats up to {FORMAT}."
            raise UsageError(message, remedy="Update bscore.")
        if checked:
            _check(found)
        return _job(found.values, folder or Path())
    except SpecError as error:
        raise UsageError(error.message, remedy=_REMEDY) from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{shown_as} cannot be read as a job: {error!r}", remedy=_REMEDY) from None


@cache
def _model() -> Any:
    # Only who goes on with a job that was written earlier needs it.
    from pydantic import TypeAdapter

    return TypeAdapter(JobConfig)


def _check(found: TypedYaml) -> None:
    """Raise SpecError with every value that is missing, of another type, or out of its range."""
    from pydantic import ValidationError

    given = json.dumps(found.values, ensure_ascii=False).encode("utf-8", "replace")
    problems: list[Problem] = []
    try:
        _model().validate_json(given, strict=True)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_context=False):
            way, value = one["loc"], one["input"]
            missing = one["type"] == "missing"
            problems.append(
                problem_at(
                    found.place(way),
                    ".".join(map(str, way)),
                    given=None if missing else value if isinstance(value, str) else json.dumps(value),
                    what="is missing" if missing else "",
                    expected="" if missing else _EXPECTED.get(one["type"], one["msg"]),
                )
            )
    problems += [] if problems else _out_of_range(found)
    if problems:
        raise SpecError(problems)


def _out_of_range(found: TypedYaml) -> Iterator[Problem]:
    for way, least in _AT_LEAST.items():
        value: Any = found.values
        for key in way:
            value = value.get(key, None) if isinstance(value, dict) else None
        if value is not None and not least <= value < MAX_NUMBER:
            expected = f"a number from {least} to {MAX_NUMBER}"
            yield problem_at(found.place(way), ".".join(way), given=str(value), expected=expected)


def _job(values: dict[str, Any], folder: Path) -> JobConfig:
    known = {field.name for field in fields(JobConfig)}
    given = {name: value for name, value in values.items() if name in known}
    for name in _PATHS & given.keys():
        given[name] = None if given[name] is None else folder / given[name]
    for name in ("inputs", "arguments"):
        given[name] = tuple(given.get(name, ()))
    given["output_folders"] = tuple(folder / path for path in given.get("output_folders", ()))
    given["models"] = tuple(
        NamedModel(one["name"], one["version"], folder / one["path"]) for one in given.get("models", ())
    )
    given["limits"] = Limits(**given.get("limits", {}))
    environment = given.get("environment")
    if environment is not None:
        for name in ("conda_file", "conda_folder"):
            path = environment.get(name)
            environment[name] = None if path is None else folder / path
        given["environment"] = EnvironmentSource(**environment)
    return JobConfig(**given)


def write_job(config: JobConfig, path: Path, folder: Path | None = None) -> None:
    """Write job.yml so that it is whole or not there; readable by its owner alone. Raises OSError.

    `folder` is where the file will stand, if not where it is written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(encode_job(config, folder or path.parent.absolute()).encode())
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def read_job(path: Path, *, checked: bool = True) -> JobConfig:
    """Read job.yml; raises NotFoundError when it is not there, UsageError when it is none.

    `checked` as in `decode_job`.
    """
    try:
        text = read_regular(path, MAX_BYTES).decode()
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no job file {path}.", remedy="Put it back, or start the job anew."
        ) from None
    except OSError as error:
        raise not_readable(path, error.strerror or "the disk reports an error") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8.", remedy=_REMEDY) from None
    return decode_job(text, str(path), path.parent.absolute(), checked=checked)
