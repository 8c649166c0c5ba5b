"""`job.yml` in a job's directory: the resolved job, as it ran; both directions.

`read_job(write_job(config)) == config`, always. Readers of format N read every format up to N. What lies
below the job's directory is written relative to it, so that a directory that was moved is whole.
"""

from __future__ import annotations

import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import yaml

from bscore.core.limits import Limits
from bscore.errors import NotFoundError, UsageError, not_readable
from bscore.spec.config import EnvironmentSource, JobConfig, NamedModel

FORMAT = 1
_HEAD = "# The job as it ran, every path absolute or from here, and every default filled in.\n"
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


def decode_job(text: str, shown_as: str = "job.yml", folder: Path | None = None) -> JobConfig:
    """The job that a job.yml in a folder holds; raises UsageError when it is none."""
    remedy = "It is written by bscore itself; give another job, or start it anew."
    try:
        values = yaml.safe_load(text)
        found = values.pop("bscore_job")
        if not isinstance(found, int) or found > FORMAT:
            message = f"{shown_as} has format {found}; this bscore reads formats up to {FORMAT}."
            raise UsageError(message, remedy="Update bscore.")
        return _job(values, folder or Path())
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{shown_as} cannot be read as a job: {error!r}", remedy=remedy) from None


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


def read_job(path: Path) -> JobConfig:
    """Read job.yml. Raises NotFoundError when it is not there, UsageError when it cannot be read."""
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        remedy = "Give the directory of a job, or its name."
        raise NotFoundError(f"There is no job file {path}.", remedy=remedy) from None
    except OSError as error:
        raise not_readable(path, error.strerror or "the disk reports an error") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8.", remedy="Give another job, or start it anew.") from None
    return decode_job(text, str(path), path.parent.absolute())
