"""The command line of a job, as `bscore run` and `bscore validate` take it, made into one JobConfig."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from bscore.cli.home import check_name, free_name, jobs_root
from bscore.errors import UsageError, working_folder
from bscore.inputs.check import check_apart, check_inputs
from bscore.master.job import name_taken
from bscore.master.machine import check_descriptors
from bscore.outputs.checks import check_output
from bscore.spec.config import JobConfig
from bscore.spec.draft import CliChoices
from bscore.spec.places import is_mlflow_folder
from bscore.spec.problems import FLAGS
from bscore.spec.resolve import resolve
from bscore.spec.script_check import check_script
from bscore.spec.yaml_text import load_yaml

_PARAMETERS = (
    click.argument("job_file", required=False),
    click.option("--script", help="The scoring script: run(mini_batch), optionally init() and shutdown()."),
    click.option("--code", help="The folder that the script is part of; its own folder by default."),
    click.option(
        "--input",
        "inputs",
        multiple=True,
        metavar="DIR|GLOB|@LISTFILE",
        help="What to score; may be repeated.",
    ),
    click.option("--output", "output_dir", metavar="DIR", help="Where the rows go, as predictions.csv."),
    click.option("--mini-batch-size", metavar="N", help="Items per call of run()."),
    click.option("--workers", metavar="N", help="Processes that score at the same time."),
    click.option("-n", "--name", help="Name of the job; made from the script's name by default."),
    click.option(
        "--model",
        "models",
        multiple=True,
        metavar="[NAME=]PATH",
        help="Model file or folder, found below AZUREML_MODEL_DIR; NAME is what the script calls it. "
        "May be repeated.",
    ),
    click.option("--python", "interpreter", metavar="PATH", help="The interpreter that runs the script."),
    click.option("--step", help="Which parallel step of a pipeline YAML."),
    click.option("--set", "settings", multiple=True, metavar="OPTION=VALUE", help="Any documented option."),
    click.option(
        "--commit-interval", metavar="SECONDS", help="Rows are safe on disk after so long; 0: never synced."
    ),
    click.option(
        "--start",
        metavar="auto|exec|template",
        help="How workers start: each by itself (exec), or forked from a template that imported the script's "
        "libraries once. Default auto: a template where that is safe.",
    ),
    click.option(
        "--keep-partial", is_flag=True, help="summary_only: publish own files of a job that fails, too."
    ),
    click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENT...]"),
)

#: Parameters that set an option of another name.
_FLAGS = {
    "mini_batch_size": "mini_batch_size",
    "workers": "max_concurrency_per_instance",
    "commit_interval": "commit_interval",
    "start": "start",
}


#: What an unset shell variable must not turn into a default.
_NEVER_EMPTY = {
    "name": "--name",
    "script": "--script",
    "output_dir": "--output",
    "interpreter": "--python",
}


class JobCommand(click.Command):
    """A command that keeps apart what stands behind `--`: it goes to the script, nothing else does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; `arguments` become those behind `--`, and `strays` what nobody asked for before it."""
        cut = args.index("--") if "--" in args else len(args)
        behind = tuple(args[cut + 1 :])
        rest = super().parse_args(ctx, args[:cut])
        ctx.params["strays"] = ctx.params["arguments"]
        ctx.params["arguments"] = behind
        return rest


def job_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe a job; `config_of` reads them."""
    for parameter in reversed(_PARAMETERS):
        command = parameter(command)
    return command


def config_of(given: dict[str, Any]) -> tuple[JobConfig, list[str]]:
    """The job that the command line asks for. Raises UsageError with every mistake."""
    job_file = _checked_job_file(given)
    stem = Path(given["script"] or job_file or "").stem
    name = check_name(given["name"]) if given["name"] else free_name(jobs_root(), stem)
    choices = CliChoices(
        name=name,
        cwd=working_folder(),
        default_output=jobs_root() / name / "outputs" / "score",
        cpu_count=os.cpu_count() or 1,
        script=given["script"],
        code=given["code"],
        inputs=given["inputs"],
        output=given["output_dir"],
        models=given["models"],
        interpreter=given["interpreter"],
        arguments=given["arguments"],
        step=given["step"],
        flags=frozenset(name for option, name in _FLAGS.items() if given[option] is not None),
    )
    document = load_yaml(Path(job_file), shown_as=job_file) if job_file else None
    return resolve(document, _overrides(given), choices)


def _checked_job_file(given: dict[str, Any]) -> str | None:
    """The YAML, where one is given; raises UsageError where the words cannot belong together."""
    empty = [option for name, option in _NEVER_EMPTY.items() if given.get(name) == ""]
    if "" in given["models"]:
        empty.append("--model")
    if empty:
        raise UsageError(
            f"Given, but empty: {', '.join(empty)}.",
            remedy="Leave it out, or look at the shell variable that it comes from.",
        )
    job_file: str | None = given["job_file"]
    strays = given["strays"]
    if job_file is not None and not job_file.endswith((".yml", ".yaml")) and given["script"]:
        strays, job_file = (job_file, *strays), None
    if strays:
        raise UsageError(
            f"Belongs to no option: {shlex.join(strays[:3])}{' ...' * (len(strays) > 3)}",
            remedy="Quote a pattern, as in --input 'data/*.csv', so that the shell leaves it whole; write "
            "--input once for each file; arguments of the script stand behind --.",
        )
    if job_file is not None and job_file.endswith(".py"):
        raise UsageError(f"{job_file} is no YAML file.", remedy=f"Give a script as --script {job_file}.")
    if job_file is not None and Path(job_file).is_dir():
        remedy = "Give a job's YAML file; a folder to score is given as --input."
        raise UsageError(f"{job_file} is a folder.", remedy=_for_mlflow([job_file]) or remedy)
    if job_file is None and not given["script"]:
        remedy = "Give a job YAML or --script score.py; see 'bscore run --help'."
        raise UsageError("Nothing to run.", remedy=_for_mlflow(given["models"]) or remedy)
    return job_file


def _for_mlflow(paths: Iterable[str]) -> str:
    """What to do with a model that MLflow saved and no script; empty where none of the folders is one."""
    for path in paths:
        folder = path if Path(path).exists() else path.rpartition("=")[2]
        if is_mlflow_folder(Path(folder)):
            return (
                "The cloud writes a scoring script for an MLflow model, bscore does not: give --script FILE, "
                f"which loads it in init() with mlflow.pyfunc.load_model, and --model {shlex.quote(folder)}."
            )
    return ""


def _overrides(given: dict[str, Any]) -> dict[str, str]:
    overrides: dict[str, str] = {}
    for setting in given["settings"]:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting} has no value.", remedy="Write it as --set option=value.")
        if overrides.setdefault(name.strip(), value) != value:
            raise UsageError(
                f"Given twice: --set {name.strip()}={overrides[name.strip()]} and --set {setting}.",
                remedy="Leave one of them out.",
            )
    for option, name in _FLAGS.items():
        if given[option] is not None:
            if overrides.get(name, given[option]) != given[option]:
                raise UsageError(
                    f"Given twice: {FLAGS[name]} {given[option]} and --set {name}={overrides[name]}.",
                    remedy="Leave one of them out.",
                )
            overrides[name] = given[option]
    if given["keep_partial"]:
        overrides["keep_partial"] = "true"
    return overrides


def check_before(config: JobConfig) -> None:
    """Everything that can be known before anything runs. Raises UsageError."""
    tree = jobs_root() / config.name
    if os.path.lexists(tree):
        raise name_taken(tree)
    check_descriptors(config.workers)
    check_script(config.code, config.script)
    check_inputs(config.inputs)
    check_place(config)


def check_place(config: JobConfig) -> None:
    """Raise UsageError when the rows cannot go where they are wanted."""
    check_apart(config.inputs, config.output)
    if not config.output.is_relative_to(jobs_root() / config.name):
        check_output(config.output, config.output_file_name, make=False)
