"""`bscore run`: a scoring script over files, in the foreground."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from bscore.cli.home import check_name, free_name, jobs_root
from bscore.cli.outcome import exit_code, print_summary
from bscore.cli.progress import ProgressBar, ProgressLines
from bscore.core.events import RunEnded
from bscore.errors import UsageError
from bscore.inputs.check import check_inputs
from bscore.master.job import Job, create_job
from bscore.master.observers import Observer
from bscore.master.run import run_job
from bscore.outputs.checks import check_output
from bscore.spec.config import JobConfig
from bscore.spec.draft import CliChoices
from bscore.spec.resolve import resolve
from bscore.spec.script_check import check_script
from bscore.spec.yaml_text import load_yaml

_EPILOG = """\b
Examples:
  bscore run --script score.py --input images/ --output results --workers 4
  bscore run --script score.py --input 'data/**/*.csv' --output out --set error_threshold=5
  bscore run deployment.yml --input images/ --output results --model model/
  bscore run --script score.py --input @files.txt --output out -- --threshold 0.5
"""


@click.command(epilog=_EPILOG)
@click.argument("job_file", required=False, type=click.Path(dir_okay=False))
@click.option("--script", help="The scoring script: run(mini_batch), optionally init() and shutdown().")
@click.option("--code", help="The folder that the script is part of; its own folder by default.")
@click.option(
    "--input", "inputs", multiple=True, metavar="DIR|GLOB|@LISTFILE", help="What to score; may be repeated."
)
@click.option("--output", "output_dir", metavar="DIR", help="Where the rows go, as predictions.csv.")
@click.option("--mini-batch-size", metavar="N", help="Items per call of run().")
@click.option("--workers", metavar="N", help="Processes that score at the same time.")
@click.option("-n", "--name", help="Name of the job; made from the script's name by default.")
@click.option("--model", metavar="PATH", help="Model file or folder, found below AZUREML_MODEL_DIR.")
@click.option("--python", "interpreter", metavar="PATH", help="The interpreter that runs the script.")
@click.option("--step", help="Which parallel step of a pipeline YAML.")
@click.option("--set", "settings", multiple=True, metavar="OPTION=VALUE", help="Any documented option.")
@click.option(
    "--commit-interval", metavar="SECONDS", help="Rows are safe on disk after so long; 0: never synced."
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(**given: Any) -> int:
    """Run a scoring script over files and wait for its end.

    JOB_FILE is a batch deployment or parallel job YAML; without one give --script. What stands behind --
    goes to the script.
    """
    config, notes = config_of(given)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    check_before(config)
    return run_in_foreground(create_job(jobs_root(), config))


def config_of(given: dict[str, Any]) -> tuple[JobConfig, list[str]]:
    """The job that the command line asks for. Raises UsageError with every mistake."""
    job_file, arguments = given["job_file"], tuple(given["arguments"])
    if job_file is not None and not job_file.endswith((".yml", ".yaml")) and given["script"]:
        arguments, job_file = (job_file, *arguments), None
    if job_file is None and not given["script"]:
        raise UsageError(
            "Nothing to run.", remedy="Give a job YAML or --script score.py; see 'bscore run --help'."
        )
    stem = Path(given["script"] or job_file).stem
    name = check_name(given["name"]) if given["name"] else free_name(jobs_root(), stem)
    choices = CliChoices(
        name=name,
        cwd=Path.cwd(),
        default_output=jobs_root() / name / "outputs" / "score",
        cpu_count=os.cpu_count() or 1,
        script=given["script"],
        code=given["code"],
        inputs=given["inputs"],
        output=given["output_dir"],
        model=given["model"],
        interpreter=given["interpreter"],
        arguments=arguments,
        step=given["step"],
    )
    document = load_yaml(Path(job_file)) if job_file else None
    return resolve(document, _overrides(given), choices)


def _overrides(given: dict[str, Any]) -> dict[str, str]:
    overrides: dict[str, str] = {}
    for setting in given["settings"]:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"--set {setting} has no value.", remedy="Write it as --set option=value.")
        overrides[name.strip()] = value
    for option, name in (
        ("mini_batch_size", "mini_batch_size"),
        ("workers", "max_concurrency_per_instance"),
        ("commit_interval", "commit_interval"),
    ):
        if given[option] is not None:
            overrides[name] = given[option]
    return overrides


def check_before(config: JobConfig) -> None:
    """Everything that can be known before anything runs. Raises UsageError."""
    check_script(config.code, config.script)
    check_inputs(config.inputs)
    if not config.output.is_relative_to(jobs_root() / config.name):
        check_output(config.output, config.output_file_name)


def run_in_foreground(job: Job, *, take_over: bool = False) -> int:
    """Run a job's next term with progress on stderr; returns the exit code."""
    click.echo(f"Job {job.name}  ·  watch it with: bscore-tui {job.name}", err=True)
    observer: Observer = ProgressBar() if sys.stderr.isatty() else ProgressLines()
    ended: RunEnded = run_job(job, [observer], take_over=take_over)
    print_summary(job)
    return exit_code(ended.outcome)
