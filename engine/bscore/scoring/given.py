"""What was handed to `bscore.score`, made into a job: options resolved, items and functions written."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bscore.cli.home import check_name, free_name, jobs_root
from bscore.errors import UsageError, working_folder
from bscore.inputs.check import check_apart, check_inputs
from bscore.inputs.ready import write_paths
from bscore.logtree import paths
from bscore.master.job import Job, create_job, name_taken
from bscore.outputs.checks import check_output
from bscore.scoring.block_writer import write_table, write_values
from bscore.scoring.items import Items, absolute, understand
from bscore.scoring.shipping import ship
from bscore.spec.config import JobConfig
from bscore.spec.draft import CliChoices
from bscore.spec.job_file import write_job
from bscore.spec.resolve import resolve
from bscore.spec.script_check import check_script
from bscore.spec.yaml_text import load_yaml

PathText = str | os.PathLike[str]
#: A model, or several by the names that the script calls them.
Models = PathText | Mapping[str, PathText]

#: Rows of a table that run() is handed at a time, where nobody said otherwise.
TABLE_ROWS = 1000
TYPED_OUTPUT = "predictions.rows"


@dataclass(frozen=True, slots=True)
class Given:
    """Everything that was handed over; None where nothing was."""

    job_file: str | os.PathLike[str] | None
    functions: Mapping[str, Callable[..., Any] | None]
    script: str | os.PathLike[str] | None
    code: str | os.PathLike[str] | None
    inputs: Any
    items: str | None
    output: str | os.PathLike[str] | None
    model: Models | None
    python: str | os.PathLike[str] | None
    arguments: Sequence[str]
    step: str | None
    name: str | None
    options: Mapping[str, object]

    @property
    def has_function(self) -> bool:
        """Whether functions are scored and not a script."""
        return self.functions["run"] is not None


def make_job(given: Given) -> tuple[Job, list[str]]:
    """The job, ready to run, and notes for the user. Raises UsageError, and then leaves nothing behind."""
    _check_given(given)
    items = understand(given.inputs, given.items)
    # What cannot be shipped is said before anything is written.
    shipped = ship(given.functions, set()) if given.has_function else b""
    config, notes = _config(given, items)
    job = _create(config, given)
    try:
        return _fill(job, given, items, shipped), notes
    except BaseException:
        _remove(job)
        raise


def _check_given(given: Given) -> None:
    sources = {"run": given.functions["run"], "script": given.script, "job_file": given.job_file}
    named = [name for name, value in sources.items() if value is not None]
    if not named or (len(named) > 1 and "run" in named):
        has = f"{' and '.join(named)} were given" if named else "nothing was given"
        raise UsageError(f"What shall be scored? {has}.", remedy="Give run=, or script=, or a job YAML.")
    for name, function in given.functions.items():
        if function is not None and not callable(function):
            raise UsageError(f"{name} is {type(function).__name__}, expected a function.")
        if function is not None and not given.has_function:
            raise UsageError(f"{name}= goes with run=; a script has its own {name}().")
    alone = {"code": given.code, "python": given.python, "step": given.step}
    for name, value in alone.items():
        if given.has_function and value is not None:
            raise UsageError(
                f"{name}= goes with a script.",
                remedy=f"A function runs on this Python, {sys.executable}." if name == "python" else None,
            )


def _config(given: Given, items: Items) -> tuple[JobConfig, list[str]]:
    """The resolved job. A function has no script to be found: this file stands in for it meanwhile."""
    stem = _stem(given)
    name = check_name(given.name) if given.name else free_name(jobs_root(), stem)
    texts = items.values if items.kind == "texts" else ()
    choices = CliChoices(
        name=name,
        cwd=working_folder(),
        default_output=jobs_root() / name / "outputs" / "score",
        cpu_count=os.cpu_count() or 1,
        script=__file__ if given.has_function else _text(given.script),
        code=_text(given.code),
        inputs=texts,
        output=_text(given.output),
        models=_models(given.model),
        interpreter=_text(given.python),
        arguments=tuple(map(str, given.arguments)),
        step=given.step,
        need_input=items.kind == "texts",
    )
    job_file = _text(given.job_file)
    document = load_yaml(Path(job_file), shown_as=job_file) if job_file is not None else None
    options = dict(_flat(given.options))
    if items.kind == "table" and given.has_function:
        options.setdefault("mini_batch_size", TABLE_ROWS)
    config, notes = resolve(document, {key: _option(value) for key, value in options.items()}, choices)
    if not given.has_function:
        check_script(config.code, config.script)
    if items.kind == "texts":
        check_inputs(config.inputs)
        check_apart(config.inputs, config.output)
    return config, notes


def _stem(given: Given) -> str:
    if given.has_function:
        return getattr(given.functions["run"], "__name__", "run").strip("<>")
    return Path(given.script or given.job_file or "job").stem


def _text(value: str | os.PathLike[str] | None) -> str | None:
    return None if value is None else os.fspath(value)


def _models(given: Models | None) -> tuple[str, ...]:
    """Models as `--model` takes them: a path, or paths by name."""
    if isinstance(given, Mapping):
        return tuple(f"{name}={os.fspath(path)}" for name, path in given.items())
    if given is not None and not isinstance(given, str | os.PathLike):
        raise UsageError(
            f"model is a {type(given).__name__}.", remedy="Give a path, or several as {name: path}."
        )
    return () if given is None else (os.fspath(given),)


def _flat(options: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Options as texts name them: `{"a": {"b": 1}}` is a.b; None is not given."""
    for name, value in options.items():
        if isinstance(value, Mapping):
            yield from _flat({f"{name}.{key}": inner for key, inner in value.items()})
        elif value is not None:
            yield name, value


def _option(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _create(config: JobConfig, given: Given) -> Job:
    """The job's directory. Where the name was made up, another job may have taken it this very moment."""
    tree = jobs_root() / config.name
    if given.name and os.path.lexists(tree):
        raise name_taken(tree)
    if not config.output.is_relative_to(tree):
        check_output(config.output, config.output_file_name, make=False)
    while True:
        try:
            return create_job(jobs_root(), config)
        except UsageError:
            if given.name or not (jobs_root() / config.name).exists():
                raise
            config = _renamed(config, free_name(jobs_root(), _stem(given)))


def _renamed(config: JobConfig, name: str) -> JobConfig:
    own = jobs_root() / config.name
    output = config.output
    if output.is_relative_to(own):
        output = jobs_root() / name / output.relative_to(own)
    return replace(config, name=name, output=output)


def _fill(job: Job, given: Given, items: Items, shipped: bytes) -> Job:
    """Write what only this process has, and then what the job is, for whoever resumes it."""
    config = job.config
    checkpoint = job.tree / paths.CHECKPOINT
    names: set[str] = set()
    if items.kind == "paths":
        write_paths(checkpoint, absolute(items.values), config.mini_batch_size)
        config = replace(config, listed=True, inputs=("(paths given in Python)",))
    elif items.kind != "texts":
        blocks = job.tree / paths.BLOCKS
        write = write_table if items.kind == "table" else write_values
        # A function runs on this interpreter, with the very libraries that are here.
        plain = not given.has_function and bool(config.interpreter or config.environment)
        names = write(checkpoint, blocks, items.values, config.mini_batch_size, plain=plain)
        config = replace(config, listed=True, blocks=blocks, inputs=(f"({items.kind} given in Python)",))
    if given.has_function:
        config = _with_function(job, config, given, ship(given.functions, names) if names else shipped)
    elif names:
        raise UsageError(
            f"The items hold objects of {', '.join(sorted(names))}, which the script cannot know.",
            remedy="Put the class into a module that the script can import, or give plain values.",
        )
    if given.output is None and config.append_row:
        config = replace(config, typed_rows=True, output_file_name=TYPED_OUTPUT)
    write_job(config, job.tree / paths.JOB_FILE)
    return replace(job, config=config)


def _with_function(job: Job, config: JobConfig, given: Given, shipped: bytes) -> JobConfig:
    function = job.tree / paths.FUNCTION
    function.parent.mkdir()
    with open(os.open(function, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(shipped)
    name = getattr(given.functions["run"], "__qualname__", "run")
    return replace(
        config,
        code=function.parent,
        script=f"{name} (from Python)",
        function=function,
        interpreter=Path(sys.executable),
    )


def _remove(job: Job) -> None:
    shutil.rmtree(job.tree, ignore_errors=True)
