"""A job's directory: made once, found again by name, opened with the job as it ran."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bscore.errors import StorageError, UsageError
from bscore.logtree import paths
from bscore.logtree.readme_text import readme
from bscore.master.place import settle
from bscore.spec.config import JobConfig
from bscore.spec.job_file import read_job, write_job


@dataclass(frozen=True, slots=True)
class Job:
    """A job and the directory that holds everything of it."""

    tree: Path
    config: JobConfig

    @property
    def name(self) -> str:
        """The name that commands take."""
        return self.tree.name

    @property
    def final(self) -> Path:
        """Where the rows are found once the run is Completed."""
        return self.config.output / self.config.output_file_name

    @property
    def writes_elsewhere(self) -> bool:
        """Whether rows or files of the script go to a place outside of the job's directory."""
        folders = (self.config.output, *self.config.output_folders)
        return not all(folder.is_relative_to(self.tree.absolute()) for folder in folders)

    def part(self, term: int) -> Path:
        """Where the rows of a term are collected."""
        return self.config.output / paths.part_file(self.config.output_file_name, term)


def create_job(root: Path, config: JobConfig) -> Job:
    """Make the directory of a new job below `root`. Raises UsageError when the name is taken."""
    tree = root / config.name
    try:
        root.mkdir(parents=True, exist_ok=True)
        tree.mkdir()
        for folder in (paths.CHECKPOINT, paths.CONTROL, "logs/sys", "logs/user", "azureml-logs"):
            (tree / folder).mkdir(parents=True)
        (tree / paths.README).write_text(readme())
        config.output.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(
            f"There is already a job named {config.name} in {root}.",
            remedy=f"Give another --name, continue it with 'bscore job resume {config.name}', or remove it "
            f"with 'bscore job delete {config.name}'.",
        ) from None
    except OSError as error:
        raise StorageError(
            f"The job's directory {tree} cannot be made: {error.strerror}.",
            remedy="Set BSCORE_HOME to a folder that you may write to.",
        ) from error
    settle(tree)
    write_job(config, tree / paths.JOB_FILE)
    return Job(tree, config)


def load_job(tree: Path) -> Job:
    """A job that ran before. Raises UsageError when its job.yml is missing or broken."""
    return Job(tree, read_job(tree / paths.JOB_FILE))


def script_digest(code: Path) -> str:
    """Twelve hex digits that change when a file of the script's folder does (names, sizes, times)."""
    digest = sha256()
    count = 0
    for folder, folders, files in os.walk(code):
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
        for name in sorted(files):
            status = os.stat(os.path.join(folder, name), follow_symlinks=False)
            relative = os.path.relpath(os.path.join(folder, name), code)
            line = f"{relative}\0{status.st_size}\0{status.st_mtime_ns}\n"
            digest.update(line.encode(errors="surrogateescape"))
            count += 1
            if count >= 10_000:
                return digest.hexdigest()[:12]
    return digest.hexdigest()[:12]
