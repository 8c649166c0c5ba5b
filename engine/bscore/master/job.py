"""A job's directory: made once, found again by name, opened with the job as it ran."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path

from bscore.errors import BscoreError, UsageError
from bscore.logtree import paths
from bscore.logtree.identity import is_job
from bscore.logtree.place import Place
from bscore.logtree.readme_text import readme
from bscore.master.place import read_place, write_place
from bscore.outputs.checks import make_folder
from bscore.outputs.own_files import staging_folder
from bscore.outputs.reservation import OWN_FILES
from bscore.spec.config import JobConfig
from bscore.spec.job_file import read_job, write_job
from bscore.spec.regular import remove_folder
from bscore.spec.within import FOLDER_MODE, make_within, open_within

#: What a folder, a file and what is neither say when a directory shall take their name.
_TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR})
_WILD = frozenset("*?[")
_REMEDIES = {
    errno.ENOSPC: "Free some space on its disk, or set BSCORE_HOME to a folder on another one.",
    errno.EDQUOT: "Free some space: the quota is used up.",
    errno.EFBIG: "The limit of `ulimit -f` is too low: raise it.",
    errno.EMFILE: "The limit of `ulimit -n` is too low: raise it.",
    errno.ENAMETOOLONG: "Set BSCORE_HOME to a shorter path.",
}

#: A job is made in moments; what is older was left.
_LEFT_S = 3600


@dataclass(frozen=True, slots=True)
class Job:
    """A job and the directory that holds everything of it."""

    tree: Path
    config: JobConfig
    #: What no other job has; its part files carry it. Empty for a job of an earlier version.
    mark: str = ""

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
        return self.config.output / paths.part_file(self.config.output_file_name, term, self.mark)

    @property
    def aside(self) -> Path:
        """Where files that the script writes itself are kept until the job ends."""
        return staging_folder(self.config.output, self.mark or self.name)

    @property
    def reserved(self) -> tuple[str, ...]:
        """The names in the output folder that nobody else may write to while a master has the job."""
        name = self.config.output_file_name
        return (name,) if self.config.append_row else (name, OWN_FILES)

    @property
    def holder(self) -> str:
        """What a reservation says of whose it is."""
        return f"{self.tree.absolute()}\n{self.mark}\n"

    def claimed(self) -> list[int]:
        """The terms that were ever claimed."""
        claims = (path.suffix[1:] for path in self.tree.glob(paths.TERM_CLAIMS))
        return sorted(int(number) for number in claims if number.isdecimal())

    def parts(self) -> list[Path]:
        """The part files of all terms that were ever claimed, as far as they are there."""
        return [path for path in map(self.part, self.claimed()) if path.exists()]


def create_job(root: Path, config: JobConfig) -> Job:
    """Make the directory of a new job below `root`. Raises UsageError."""
    tree, mark = root / config.name, secrets.token_hex(4)
    # Filled beside its place, so that whoever is killed meanwhile leaves no half of a job.
    fresh = root / f".new-{mark}"
    try:
        _make_root(root)
        _sweep(root)
        _fill(fresh, config, tree, mark)
        if not config.output.is_relative_to(tree):
            make_folder(config.output)
        _give_name(fresh, tree)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "Set BSCORE_HOME to a folder that you may write to.")
        raise UsageError(
            f"The job's directory {tree} cannot be made: {error.strerror}.", remedy=remedy
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Job(tree, config, mark)


def _make_root(root: Path) -> None:
    """Make the folder of all jobs, and what is missing above it."""
    above = root
    while not above.exists():
        above = above.parent
    make_within(above, str(root.relative_to(above)) if above != root else "")


def _sweep(root: Path) -> None:
    """Remove what was left by somebody killed while he made a job."""
    for left in root.glob(".new-*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _LEFT_S:
                remove_folder(left)


def _fill(fresh: Path, config: JobConfig, tree: Path, mark: str) -> None:
    fresh.mkdir(mode=FOLDER_MODE)
    for folder in (paths.CHECKPOINT, paths.CONTROL, "logs/sys", "logs/user", "azureml-logs"):
        make_within(fresh, folder)
    with open(open_within(fresh, paths.README, os.O_WRONLY | os.O_CREAT), "w") as stream:
        stream.write(readme())
    write_place(fresh, Place(str(tree.resolve()), mark, os.stat(fresh).st_ino))
    write_job(config, fresh / paths.JOB_FILE, tree)
    if config.output.is_relative_to(tree):
        make_within(fresh, str(config.output.relative_to(tree)))


def _give_name(fresh: Path, tree: Path) -> None:
    try:
        fresh.rename(tree)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        raise name_taken(tree) from None


def name_taken(tree: Path) -> UsageError:
    """What to say of a new job whose directory is there already."""
    name = tree.name
    if not is_job(tree):
        return UsageError(
            f"{tree} is there already, and is no job of bscore.",
            remedy="Give another --name, or move it away.",
        )
    return UsageError(
        f"There is already a job named {name} in {tree.parent}.",
        remedy=f"Give another --name, continue it with 'bscore job resume {name}', or remove it with "
        f"'bscore job delete {name}'.",
    )


@contextmanager
def discarded_unless_begun(job: Job) -> Iterator[None]:
    """Remove a new job where its first term could not begin, so that its name is free again.

    Nothing ran then, which is what the exit code of the error says.
    """
    try:
        yield
    except BscoreError as error:
        if job.tree.exists() and not job.claimed():
            error.exit_code = UsageError.exit_code
            shutil.rmtree(job.tree, ignore_errors=True)
        raise


def load_job(tree: Path, *, checked: bool = True) -> Job:
    """A job that ran before. Raises UsageError when its job.yml is missing or broken.

    Without `checked` the types in it are taken for granted: another process has just written or checked it.
    """
    place = read_place(tree)
    return Job(tree, read_job(tree / paths.JOB_FILE, checked=checked), place.mark if place else "")


def script_digest(config: JobConfig) -> str:
    """Twelve hex digits that change when a file of the script's folder does (names, sizes, times).

    What is hidden, the inputs, and what jobs write there are no part of the script.
    """
    digest = sha256()
    count = 0
    data = _Data(config)
    for folder, folders, files in os.walk(config.code):
        folders[:] = sorted(
            name for name in folders if name != "__pycache__" and not data.holds(folder, name)
        )
        for name in sorted(files):
            count += 1
            if not data.holds(folder, name):
                try:
                    status = os.stat(os.path.join(folder, name), follow_symlinks=False)
                except OSError:
                    # It vanished meanwhile, as an editor's or a tool's temporary files do.
                    continue
                relative = os.path.relpath(os.path.join(folder, name), config.code)
                line = f"{relative}\0{status.st_size}\0{status.st_mtime_ns}\n"
                digest.update(line.encode(errors="surrogateescape"))
            if count >= 10_000:
                return digest.hexdigest()[:12]
    return digest.hexdigest()[:12]


class _Data:
    """What stands in the script's folder without being part of it."""

    def __init__(self, config: JobConfig) -> None:
        self._name = config.output_file_name
        # Here * matches folders, too.
        inputs = {given.removeprefix("@").replace("**/", "") for given in config.inputs}
        self._paths = inputs.union(map(str, (config.output, *config.output_folders)))
        self._patterns = [given for given in inputs if not _WILD.isdisjoint(given)]

    def holds(self, folder: str, name: str) -> bool:
        """Whether it is hidden, an input or an output; no module is, even where everything is an input."""
        path = os.path.join(folder, name)
        if name.startswith(".") or name == self._name or path in self._paths:
            return True
        return not name.endswith(".py") and any(fnmatchcase(path, pattern) for pattern in self._patterns)
