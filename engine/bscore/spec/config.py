"""The resolved job: one frozen value, whatever dialect it was written in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bscore.core.limits import Limits


@dataclass(frozen=True, slots=True)
class EnvironmentSource:
    """The environment a job asks for, as it was given; `conda` is an inline conda file's text.

    `conda_folder` is where relative paths in that text start: the folder of the YAML that holds it, as conda
    and pip take them from the folder of the file in which they stand.
    """

    name: str = ""
    image: str = ""
    conda_file: Path | None = None
    conda: str = ""
    conda_folder: Path | None = None
    #: The folder of a Dockerfile, as written; only the cloud can build it.
    build: str = ""


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model: its file or folder, and what `Model.get_model_path` calls it; empty: its file's name."""

    name: str
    version: str
    path: Path


@dataclass(frozen=True, slots=True)
class JobConfig:
    """A job as it will run: every path absolute, every default filled in.

    `inputs` are folders, files, globs or `@list` files; `mini_batch_size` counts items.
    `interpreter` is the python that runs the script; None is bscore's own.
    """

    name: str
    code: Path
    #: The entry script below `code`, as written (`score.py`, `pkg/score.py`, `pkg.score`).
    script: str
    inputs: tuple[str, ...]
    output: Path
    output_file_name: str = "predictions.csv"
    append_row: bool = True
    mini_batch_size: int = 10
    workers: int = 1
    arguments: tuple[str, ...] = ()
    model: Path | None = None
    interpreter: Path | None = None
    environment_variables: dict[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    logging_level: str = "INFO"
    profiling_module: str = ""
    dataframe_header: bool = False
    resource_monitor_interval_s: float = 600.0
    commit_interval_s: float = 1.0
    #: How workers are started: "auto", "exec" or "template".
    start: str = "auto"
    #: Only the first so many items are scored; None: all.
    item_limit: int | None = None
    #: summary_only: publish the script's own files of a job that failed or was canceled, too.
    keep_partial: bool = False
    #: Keywords for DataFrame.to_csv from parallel_run_step.settings.json (reference 2.3).
    to_csv: dict[str, object] = field(default_factory=dict)
    environment: EnvironmentSource | None = None
    #: Folders that the script was told of as `${{outputs.x}}`; to be made before it starts.
    output_folders: tuple[Path, ...] = ()
    #: What `Model.get_model_path` calls the model; empty: the name of its file or folder.
    model_name: str = ""
    model_version: str = "1"
    #: All models where there are several; `model` is None then.
    models: tuple[NamedModel, ...] = ()
    #: Functions from Python in place of a script: the file that holds them (bscore_worker.script).
    function: Path | None = None
    #: Items that are no files: the file of blocks that holds them (bscore_worker.blocks).
    blocks: Path | None = None
    #: The manifest was written with the job: there is nothing to list.
    listed: bool = False
    #: Rows keep their types; the output is a file that bscore.read_rows reads.
    typed_rows: bool = False
