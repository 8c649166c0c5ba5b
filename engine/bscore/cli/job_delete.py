"""`bscore job delete`: a job's directory and what else it left; its published output only when told to."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from bscore.cli.home import find_job
from bscore.cli.job_argument import NamedJobCommand, complete_jobs, name_option
from bscore.cli.job_facts import Facts, read_facts
from bscore.cli.job_ways import signals_for
from bscore.cli.lasting import narrate
from bscore.cli.removal import Contents, contents, named, refuse_closed, remove, remove_contents
from bscore.core.events import Outcome
from bscore.core.state import Run
from bscore.errors import BscoreError, StorageError, UsageError, not_readable, stranger
from bscore.logtree import paths
from bscore.logtree.trees import in_commands
from bscore.master.job import Job, load_job
from bscore.master.lock import JobLock
from bscore.master.place import original_of
from bscore.outputs.publish import temporary_name
from bscore.outputs.reservation import Reservation

#: By how much the clock of a file system may be ahead of the master's.
_CLOCKS_APART_US = 2_000_000


@click.command(cls=NamedJobCommand)
@click.argument("job_names", nargs=-1, required=True, metavar="JOB...", shell_complete=complete_jobs)
@name_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--with-output", is_flag=True, help="Remove the published output file, too.")
def delete(job_names: tuple[str, ...], *, yes: bool, with_output: bool) -> None:
    """Remove jobs that do not run: logs, checkpoint, rows of unfinished terms.

    A published output stays, also one inside the job's directory, unless --with-output is given; so does
    what bscore did not make. Of a copy of a job's directory nothing but the copy is removed, of a link to one
    nothing but the link.
    """
    # All are looked up first, so that a misspelt name deletes nothing.
    trees = list(dict.fromkeys(find_job(name) for name in job_names))
    for tree in trees:
        facts = read_facts(tree)
        _refuse_running(facts)
        if tree.is_symlink():
            _delete_link(tree, yes=yes)
            continue
        _refuse_others(tree)
        rows, output = _own(facts, _leftovers(facts), _published(facts))
        found = _contents(facts, rows, output)
        refuse_closed(tree, found)
        if not yes:
            _ask(facts, found, rows, output, with_output=with_output)
        _delete(facts, rows, output, with_output=with_output)


def _refuse_others(tree: Path) -> None:
    """Raise UsageError for a job of another user; root may remove it, where it may read what it left."""
    owner = stranger(tree)
    if owner and os.geteuid() != 0:
        raise UsageError(f"Job {tree.name} belongs to {owner}.", remedy=f"Ask {owner} to remove it.")
    job_file = tree / paths.JOB_FILE
    if job_file.exists() and not os.access(job_file, os.R_OK):
        raise not_readable(job_file, "Permission denied")


def _delete_link(link: Path, *, yes: bool) -> None:
    """Remove a link in place of a job's directory: what it leads to is not in the jobs root, and stays."""
    job = link.resolve()
    if not yes:
        narrate(f"{link} is a link to {job}. This removes the link alone; the job stays there.")
        _confirm()
    try:
        link.unlink()
    except OSError as error:
        raise StorageError(f"The link {link} could not be removed: {error.strerror}.") from error
    go_on = f"bscore job delete {shlex.quote(str(job))}"
    narrate(f"Removed the link {link}; the job stays in {job}. Remove it with: {go_on}")


def _contents(facts: Facts, rows: list[Path], output: Path | None) -> Contents:
    job = _job(facts)
    folder = job.config.output if job else facts.tree
    own = [*rows, *([output] if output else []), *(_unfinished(job) if job else ())]
    try:
        return contents(facts.tree, folder, own)
    except OSError as error:
        raise not_readable(Path(error.filename or facts.tree), error.strerror or "damaged") from error


def _unfinished(job: Job) -> Iterator[Path]:
    """The part files of all terms, and the file that several of them were being put together in."""
    yield from filter(_is_file, job.parts())
    yield Path(temporary_name(str(job.final)))


def _own(facts: Facts, rows: list[Path], output: Path | None) -> tuple[list[Path], Path | None]:
    """Without what belongs to the job that this directory is a copy of."""
    tree = facts.tree.absolute()
    theirs = [path for path in (*rows, *([output] if output else [])) if not path.is_relative_to(tree)]
    original = original_of(tree) if theirs else None
    if original is None:
        return rows, output
    narrate(f"{tree} is a copy of {original}: what that one wrote elsewhere stays.")
    return [path for path in rows if path not in theirs], None if output in theirs else output


def _refuse_running(facts: Facts) -> None:
    if facts.is_alive or facts.is_frozen:
        cancel = f"End it first with: bscore job cancel {in_commands(facts.tree)}"
        raise UsageError(
            f"Job {facts.tree.name} is {facts.status}: {facts.master_words}.",
            remedy=f"{signals_for(facts)}; then ask again." if facts.is_frozen else cancel,
        )


def _job(facts: Facts) -> Job | None:
    try:
        return load_job(facts.tree)
    except BscoreError:
        return None


def _leftovers(facts: Facts) -> list[Path]:
    """Part files of this job's own terms, and the folder that keeps a script's own files."""
    job = _job(facts)
    if job is None:
        return []
    completed = facts.run is not None and facts.run.outcome is Outcome.COMPLETED
    found = [] if completed else job.parts()
    if job.mark and not completed:
        # Those of a term whose claim was lost, too.
        found += [path for path in _parts_beside(job.final, rf"\.{job.mark}") if path not in found]
    found = list(filter(_is_file, found))
    return [*found, job.aside] if job.aside.exists() else found


def _is_file(path: Path) -> bool:
    """Whether something in place of a part file may be removed: a folder there was not made by bscore."""
    return path.is_file() or path.is_symlink()


def _published(facts: Facts) -> Path | None:
    """The output that this job published, if it is still there."""
    job, run = _job(facts), facts.run
    if job is None or run is None or run.outcome is not Outcome.COMPLETED:
        return None
    if not job.config.append_row:
        inside = job.config.output.is_relative_to(facts.tree) and job.config.output.is_dir()
        return job.config.output if inside else None
    return job.final if _as_published(job.final, run) else None


def _as_published(final: Path, run: Run) -> bool:
    """Whether a file is what the run left there, and not what somebody put in its place since."""
    try:
        status = final.stat()
    except OSError:
        return False
    return status.st_size == run.committed_bytes and status.st_mtime_ns // 1000 <= run.last + _CLOCKS_APART_US


def _ask(facts: Facts, found: Contents, rows: list[Path], output: Path | None, *, with_output: bool) -> None:
    owner = stranger(facts.tree)
    whose = f", which belongs to {owner}" if owner else ""
    narrate(f"Job {facts.tree.name} is {facts.status}. This removes {facts.tree}{whose}")
    for path in rows:
        narrate(f"  and rows that were never published: {path}")
    if output is not None:
        narrate(f"  {'and its output' if with_output else 'but not its output'}: {output}")
    if found.foreign:
        narrate(f"  but not what bscore did not make: {named(facts.tree, found.foreign)}")
    _confirm()


def _confirm() -> None:
    try:
        sure = click.confirm("Remove it for good?", err=True)
    except click.Abort:
        sure = False
    if not sure:
        raise UsageError("Nothing was removed.", remedy="Give --yes to remove without being asked.")


def _delete(facts: Facts, rows: list[Path], output: Path | None, *, with_output: bool) -> None:
    tree = facts.tree
    lock = JobLock(tree)
    # Held to the end, so that no resume begins in between; other hosts were looked at before.
    try:
        lock.acquire(take_over=True)
    except StorageError as error:
        remedy = "Put that right, then give the command again."
        raise UsageError(f"Nothing was removed: {error.message}", remedy=remedy) from None
    try:
        found = _contents(facts, rows, output)
        for path in rows:
            remove(path)
        job, unknown = _job(facts), _unknown(facts)
        if job is not None:
            Reservation().clear(job.config.output, job.reserved, job.holder)
        if output is not None and with_output:
            remove(output)
        kept = output if output is not None and not with_output and output.is_relative_to(tree) else None
        remove_contents(tree, found, kept)
    except OSError as error:
        raise StorageError(
            f"Job {tree.name} could not be removed whole: {error}.", remedy="Give the command again."
        ) from error
    finally:
        lock.close()
    _say(tree, found, kept, unknown)


def _unknown(facts: Facts) -> list[Path]:
    """Part files beside its output that may be this job's, where what tells them from others is damaged."""
    job, config = _job(facts), facts.run.config if facts.run else None
    if job is not None:
        return [] if job.mark else [path for path in _parts_beside(job.final) if path not in job.parts()]
    return _parts_beside(Path(config.output)) if config and config.output else []


def _parts_beside(final: Path, mark: str = r"(\.[0-9a-f]+)?") -> list[Path]:
    """Files that hold rows for an output, of any job or, by its mark, of one."""
    name = re.compile(rf"\.{re.escape(final.name)}\.[0-9]+{mark}\.part")
    try:
        return sorted(final.parent / found for found in os.listdir(final.parent) if name.fullmatch(found))
    except OSError:
        return []


def _say(tree: Path, found: Contents, kept: Path | None, unknown: list[Path]) -> None:
    narrate(f"Removed {tree}" + (f" but for {kept}" if kept else ""))
    if found.foreign:
        narrate(f"Left in {tree}, since bscore did not make it: {named(tree, found.foreign)}")
    if unknown:
        narrate(f"Left, since it cannot be told whose they are: {', '.join(map(str, unknown))}")
    for link in found.links:
        narrate(f"Removed the link {link}, and not what it led to.")
